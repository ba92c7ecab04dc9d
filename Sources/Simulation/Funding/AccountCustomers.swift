// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Synchronization

/// People of a ``Run`` who load cards from accounts on file, their own and a child's, and order
/// allowances and top-ups. What they do is drawn from a stream of their own.
final class AccountCustomers: Sendable {
    private struct State {
        var requests: [AccountLoadRequest] = []
        /// Loads whose tab was closed.
        var unwatched = 0
    }

    private let world: World
    private let scenario: Scenario
    private let family: Family
    private let funding: @Sendable () -> FundingSetup?
    private let random: SeededRandom
    private let pace: Pace
    private let state = Mutex(State())

    static let people = ["Jo", "Kim", "Lea"]
    private static let thinkMax = 12_000
    private static let recent = 6
    private static let amountMax = 900
    /// What a top-up loads in a month at the most, in minor units.
    static let topUpMonthMax: UInt64 = 1_000

    /// - Returns: nil where the world has no gateway.
    init?(_ scenario: Scenario, _ pace: Pace, seed: UInt64) {
        guard let family = scenario.world.family else { return nil }
        world = scenario.world
        self.scenario = scenario
        self.family = family
        self.pace = pace
        funding = { [world] in world.isDown(.opalServer) ? nil : world.funding }
        random = SeededRandom(seed: seed)
    }

    private var story: Story { scenario.story }

    /// Whether nobody waits for an answer any more.
    var isIdle: Bool { state.withLock { $0.unwatched == 0 } }

    /// One person's steps, until no more are left for anybody.
    func live(_ person: Int) async {
        while true {
            await world.clock.sleep(for: .milliseconds(random.below(Self.thinkMax)))
            guard scenario.takeStep() else { return }
            await step(person)
        }
    }

    private func step(_ person: Int) async {
        switch random.below(18) {
        case 0..<5: await carryOut(request(person), person, "loads")
        case 5, 6: await loadTwice(person)
        case 7: await loadAndLeave(person)
        case 8: await loadAndBuy(person)
        case 9: await loadAgain(person)
        case 10: await changeRequest(person)
        case 11: await carryOut(gift(), 0, "gives a child")
        case 12: await setAllowance()
        case 13: await setTopUp()
        case 14: await end()
        case 15: await block(person)
        default: await wait(person)
        }
    }

    private func tell(_ person: Int, _ what: String) { story.add("\(Self.people[person]) \(what)") }

    private func name(_ request: AccountLoadRequest) -> String {
        story.funding.name(request.transaction)
    }

    // MARK: Loads

    /// Now and then too little, or more than the account has.
    private func amount() -> UInt64 {
        switch random.below(16) {
        case 0: UInt64(random.below(Int(FundingSetup.minimum)))
        case 1: FundingSetup.minimum + UInt64(random.below(60_000))
        default: FundingSetup.minimum + UInt64(random.below(Self.amountMax))
        }
    }

    private func payer(_ person: Int) -> Payer { family.payers[person % family.payers.count] }

    private func request(_ person: Int) -> AccountLoadRequest {
        let payer = payer(person)
        return keep(world.accountLoad(amount(), by: payer, onto: payer.card, .own))
    }

    private func gift() -> AccountLoadRequest {
        keep(world.accountLoad(amount(), by: family.payers[0], onto: family.child.card, .gift))
    }

    private func keep(_ request: AccountLoadRequest) -> AccountLoadRequest {
        state.withLock { $0.requests.append(request) }
        return request
    }

    private func carryOut(_ request: AccountLoadRequest, _ person: Int, _ how: String) async {
        tell(person, "\(how) \(request.amount.minorUnits) cents, \(name(request))")
        let outcome = await world.load(request)
        let word = story.funding.tell(outcome, request.transaction)
        if case .pending = outcome { story.note(.accountLoadPending) }
        tell(person, "is told of \(name(request)): \(word)")
    }

    private func loadTwice(_ person: Int) async {
        let request = request(person)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask { await self.carryOut(request, person, "clicks twice to load") }
            }
        }
    }

    private func loadAndLeave(_ person: Int) async {
        let request = request(person)
        tell(person, "confirms \(name(request)) and closes the tab")
        _ = story.funding.tell(nil, request.transaction)
        state.withLock { $0.unwatched += 1 }
        pace.executor.start {
            _ = await self.world.load(request)
            self.state.withLock { $0.unwatched -= 1 }
        }
    }

    private func loadAndBuy(_ person: Int) async {
        let (request, card) = (request(person), payer(person).card)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.carryOut(request, person, "buys meanwhile, and loads") }
            group.addTask {
                guard let purchase = await self.scenario.order() else { return }
                let name = Self.people[person]
                if let result = await self.scenario.pay(purchase, name, card, "buys") {
                    await self.scenario.bring(result, purchase)
                }
            }
        }
    }

    private func any() -> AccountLoadRequest? {
        let last = state.withLock { $0.requests.suffix(Self.recent) }
        return last.isEmpty ? nil : last[last.startIndex + random.below(last.count)]
    }

    private func loadAgain(_ person: Int) async {
        guard let request = any() else { return }
        await carryOut(request, person, "comes back to load")
    }

    /// The transaction of another load, which is refused whether that was begun or not.
    private func changeRequest(_ person: Int) async {
        guard let known = any() else { return }
        let changed = AccountLoadRequest(
            transaction: known.transaction,
            proof: known.proof,
            payer: known.payer,
            card: known.card,
            amount: Money(
                minorUnits: known.amount.minorUnits + 1,
                currency: known.amount.currency,
                exponent: known.amount.exponent
            ),
            purpose: known.purpose
        )
        let outcome = await world.load(changed)
        tell(person, "asks for one cent more in \(name(known)): \(outcome.map { "\($0)" } ?? "–")")
    }

    // MARK: Standing orders

    /// Due at the full hour by a clock that is set so that it comes soon.
    private func setAllowance() async {
        guard let funding = funding() else { return }
        let now = world.fates.now(of: .opalServer)
        let minute = Int(now.milliseconds / 60_000 % 1_440)
        let hour = minute / 60 + 1
        let due = minute + 1 + random.below(8)
        guard let offset = LocalOffset(minutes: hour * 60 - due),
            let schedule = WeeklySchedule(weekday: .monday, hour: hour, offset: offset)
        else { return }
        let isSet: Void? = try? await funding.orders.setAllowance(
            of: Money(
                minorUnits: FundingSetup.minimum + UInt64(random.below(300)),
                currency: .euro,
                exponent: .cents
            ),
            schedule,
            for: family.child.key,
            by: family.payers[0].key,
            at: now
        )
        tell(0, "orders an allowance\(isSet == nil ? " in vain" : "")")
    }

    private func setTopUp() async {
        guard let funding = funding(),
            let rule = TopUpRule(
                threshold: 1_000 + UInt64(random.below(3_000)),
                amount: Money(
                    minorUnits: FundingSetup.minimum + UInt64(random.below(500)),
                    currency: .euro,
                    exponent: .cents
                ),
                monthMax: Self.topUpMonthMax,
                offset: .utc
            )
        else { return }
        let isSet: Void? = try? await funding.orders.setTopUp(
            rule,
            for: payer(1).key,
            at: world.fates.now(of: .opalServer)
        )
        tell(1, "orders a top-up\(isSet == nil ? " in vain" : "")")
    }

    private func end() async {
        guard let funding = funding() else { return }
        if random.isOne(in: 2) {
            try? await funding.orders.endTopUp(for: payer(1).key)
            tell(1, "ends the top-up")
        } else {
            let (child, guardian) = (family.child.key, family.payers[0].key)
            try? await funding.orders.endAllowance(for: child, by: guardian)
            tell(0, "ends the allowance")
        }
    }

    // MARK: Else

    private func block(_ person: Int) async {
        let card = random.isOne(in: 2) ? family.child.card : payer(person).card
        _ = try? await world.desk.setBlocked(true, world.cards[card])
        tell(person, "blocks card \(card + 1)")
        await world.clock.sleep(for: .seconds(random.below(20)))
        _ = try? await world.desk.setBlocked(false, world.cards[card])
        tell(person, "unblocks card \(card + 1)")
    }

    private func wait(_ person: Int) async {
        let seconds = random.isOne(in: 4) ? random.below(1_200) : random.below(90)
        tell(person, "does nothing for \(seconds) s")
        await world.clock.sleep(for: .seconds(seconds))
    }
}
