// SPDX-License-Identifier: Apache-2.0

import Bank
import Kernel
import LoadServer
import OPALServer
import Synchronization
import Wire

/// People of a ``Run`` who load their cards from the bank, and sometimes buy meanwhile. What they
/// do is drawn from a stream of their own, so that a run without them is what it would be.
final class LoadCustomers: Sendable {
    /// A load that somebody began at the bank, with what the browser still has of it.
    struct Load: Sendable {
        let account: Int
        let page: LoadPage
        var result: [UInt8] = []

        var transaction: TransactionIdentifier { page.terms.transaction }
    }

    private struct State {
        var loads: [Load] = []
        /// Loads whose tab was closed.
        var unwatched = 0
    }

    let world: World
    let scenario: Scenario
    let random: SeededRandom
    private let bank: BankHost
    private let pace: Pace
    private let state = Mutex(State())

    static let people = ["Gil", "Hana", "Ines"]
    private static let thinkMax = 12_000
    /// Steps concern one of the last loads.
    private static let recent = 6
    /// Most loads are of so many cents at the most, so that the accounts last for a while.
    private static let amountMax = 900

    /// - Returns: nil where the world has no bank.
    init?(_ scenario: Scenario, _ pace: Pace, seed: UInt64) {
        guard let bank = scenario.world.bank else { return nil }
        world = scenario.world
        self.scenario = scenario
        self.bank = bank
        self.pace = pace
        random = SeededRandom(seed: seed)
    }

    var story: Story { scenario.story }

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
        switch random.below(20) {
        case 0..<6: await loadWhole(person)
        case 6, 7: await loadTwice(person)
        case 8: await loadAndLeave(person)
        case 9, 10: await loadAndBuy(person)
        case 11: await loadAgain(person)
        case 12: await decline(person)
        case 13: await bringAgain()
        case 14: await forge()
        case 15: await ask()
        case 16: await chooseTwice(person)
        case 17: await block(person)
        case 18: await cheat()
        default: await wait(person)
        }
    }

    func tell(_ person: Int, _ what: String) { story.add("\(Self.people[person]) \(what)") }

    func name(_ load: Load) -> String { story.loads.name(load.transaction) }

    /// Mostly the person's own card; those who buy have the same ones.
    private func card(of person: Int) -> Int {
        random.isOne(in: 6) ? random.below(world.cards.count) : person % world.cards.count
    }

    // MARK: At the bank

    /// Signs in at both sites, chooses an amount, and gets the load page.
    private func begin(_ person: Int, _ card: Int) async -> Load? {
        let account = person % bank.accounts.count
        guard let inquiry = await world.inquire(card, account: account) else {
            tell(person, "asks in vain what card \(card + 1) can take")
            return nil
        }
        return await choose(amount(), inquiry, person, account)
    }

    private func choose(
        _ amount: UInt64,
        _ inquiry: TransactionIdentifier,
        _ person: Int,
        _ account: Int
    ) async -> Load? {
        do throws(BankFailure) {
            let page = try await world.beginLoad(amount, inquiry, account: account)
            let load = Load(account: account, page: page)
            state.withLock { $0.loads.append(load) }
            tell(person, "has \(amount) cents held for \(name(load))")
            return load
        } catch {
            tell(person, "cannot have \(amount) cents held: \(error)")
            return nil
        }
    }

    /// Now and then more than the account has, or less than the bank loads.
    private func amount() -> UInt64 {
        switch random.below(16) {
        case 0: UInt64(random.below(Int(BankHost.minimumLoad)))
        case 1: BankHost.minimumLoad + UInt64(random.below(60_000))
        default: BankHost.minimumLoad + UInt64(random.below(Self.amountMax))
        }
    }

    // MARK: Loading

    private func loadWhole(_ person: Int) async {
        let card = card(of: person)
        guard let load = await begin(person, card) else { return }
        switch random.below(8) {
        case 0: tell(person, "closes the tab before \(name(load)) goes to the card")
        // Somebody else is signed in there.
        case 1:
            await carryOut(
                load,
                person,
                (card + 1) % world.cards.count,
                "loads, signed in as another,"
            )
        default: await carryOut(load, person, card, "loads")
        }
    }

    /// Consents, and mostly brings the result to the bank.
    private func carryOut(_ load: Load, _ person: Int, _ card: Int, _ how: String) async {
        let cents = load.page.terms.amount.minorUnits
        tell(person, "\(how) \(cents) cents onto card \(card + 1), \(name(load))")
        let outcome = await world.load(load.page, onto: card)
        await take(outcome, load, person, card)
    }

    private func take(
        _ outcome: CardLoadOutcome?,
        _ load: Load,
        _ person: Int,
        _ card: Int
    ) async {
        tell(
            person,
            "is told of \(name(load)): "
                + story.loads.tell(outcome, load.page, world.cards[card])
        )
        if case .pending = outcome { story.note(.loadPending) }
        guard let result = outcome?.forBank, !result.isEmpty else { return }
        var load = load
        load.result = result
        let kept = load
        state.withLock { state in
            for index in state.loads.indices
            where state.loads[index].transaction == kept.transaction {
                state.loads[index].result = result
            }
        }
        if random.isOne(in: 3) {
            tell(person, "does not bring the result of \(name(load)) to the bank")
        } else {
            await bring(result, load)
        }
    }

    /// Two clicks, or two tabs.
    private func loadTwice(_ person: Int) async {
        let card = card(of: person)
        guard let load = await begin(person, card) else { return }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask { await self.carryOut(load, person, card, "clicks twice to load") }
            }
        }
    }

    /// The tab is closed while the OPAL server still works.
    private func loadAndLeave(_ person: Int) async {
        let card = card(of: person)
        let kept = random.isOne(in: 2) ? any() : nil
        var load = kept
        if load == nil { load = await begin(person, card) }
        guard let load else { return }
        tell(person, "consents to \(name(load)) with card \(card + 1) and closes the tab")
        _ = story.loads.tell(nil, load.page, world.cards[card])
        state.withLock { $0.unwatched += 1 }
        pace.executor.start {
            _ = await self.world.load(load.page, onto: card)
            self.state.withLock { $0.unwatched -= 1 }
        }
    }

    /// The card pays while it is loaded.
    private func loadAndBuy(_ person: Int) async {
        let card = card(of: person)
        guard let load = await begin(person, card) else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.carryOut(load, person, card, "loads, and buys meanwhile,") }
            for _ in 0..<1 + random.below(2) {
                group.addTask { await self.buy(person, card) }
            }
        }
    }

    private func buy(_ person: Int, _ card: Int) async {
        guard let purchase = await scenario.order() else { return }
        if let result = await scenario.pay(purchase, Self.people[person], card, "buys") {
            await scenario.bring(result, purchase)
        }
    }

    private func loadAgain(_ person: Int) async {
        guard let load = any() else { return }
        await carryOut(load, person, card(of: person), "comes back to load")
    }

    private func decline(_ person: Int) async {
        let card = card(of: person)
        let kept = random.isOne(in: 3) ? any() : nil
        var load = kept
        if load == nil { load = await begin(person, card) }
        guard let load else { return }
        tell(person, "does not consent to \(name(load))")
        await take(await world.declineLoad(load.page, for: card), load, person, card)
    }

    /// Two amounts for one answer of the card: one load comes of it.
    private func chooseTwice(_ person: Int) async {
        let (card, account) = (card(of: person), person % bank.accounts.count)
        guard let inquiry = await world.inquire(card, account: account) else { return }
        let amounts = [amount(), amount()]
        await withTaskGroup(of: Void.self) { group in
            for amount in amounts {
                group.addTask {
                    guard let load = await self.choose(amount, inquiry, person, account) else {
                        return
                    }
                    await self.carryOut(load, person, card, "chooses twice, and loads")
                }
            }
        }
    }

    // MARK: Later, and what is wrong

    private func bring(_ result: [UInt8], _ load: Load) async {
        do throws(BankFailure) {
            let hold = try await world.bringLoad(result, load.transaction)
            story.add("the bank takes the result of \(name(load)): \(story.loads.tell(hold))")
        } catch {
            story.add("the bank does not take the result of \(name(load)): \(error)")
        }
    }

    private func bringAgain() async {
        guard let load = any(), !load.result.isEmpty else { return }
        await bring(load.result, load)
    }

    /// Somebody brings the result of another load, or a changed one.
    private func forge() async {
        guard let target = any(), var forged = any(where: { !$0.result.isEmpty })?.result else {
            return
        }
        if random.isOne(in: 2) {
            forged[random.below(forged.count)] ^= UInt8(1 << random.below(7))
        }
        let isOwn = forged == target.result
        let hold = try? await world.bringLoad(forged, target.transaction)
        story.add(
            "a result that is \(isOwn ? "its own" : "forged") comes for \(name(target)): "
                + (hold.map { story.loads.tell($0) } ?? "not taken")
        )
    }

    private func ask() async {
        guard let load = any() else { return }
        let hold = try? await world.askForLoad(load.transaction)
        story.add(
            "the bank asks for \(name(load)): \(hold.map { story.loads.tell($0) } ?? "no answer")"
        )
    }

    /// A card is blocked for a while.
    private func block(_ person: Int) async {
        let card = card(of: person)
        _ = try? await world.desk.setBlocked(true, world.cards[card])
        tell(person, "blocks card \(card + 1)")
        await world.clock.sleep(for: .seconds(random.below(20)))
        _ = try? await world.desk.setBlocked(false, world.cards[card])
        tell(person, "unblocks card \(card + 1)")
    }

    /// Somebody at the OPAL server asks for a second credit.
    private func cheat() async {
        guard let load = any(), let loadServer = world.loadServer,
            await isKnown(load.transaction)
        else { return }
        let isIssued = await world.loadLiar.loadAgain(
            load.page,
            at: world.fates.now(of: .opalServer),
            over: loadServer.link
        )
        story.add(
            "a cheat asks for \(name(load)) once more: \(isIssued ? "credited" : "refused")"
        )
    }

    /// Whether the load server has seen a load: who asks first begins it.
    private func isKnown(_ transaction: TransactionIdentifier) async -> Bool {
        (try? await world.loadServer?.audit.state(of: transaction)) != nil
    }

    private func wait(_ person: Int) async {
        let seconds = random.isOne(in: 4) ? random.below(2_200) : random.below(90)
        tell(person, "does nothing for \(seconds) s")
        await world.clock.sleep(for: .seconds(seconds))
    }

    private func any(where isSuitable: (Load) -> Bool = { _ in true }) -> Load? {
        let last = state.withLock { $0.loads.filter(isSuitable).suffix(Self.recent) }
        return last.isEmpty ? nil : last[last.startIndex + random.below(last.count)]
    }
}

extension CardLoadOutcome {
    /// What the browser brings to the bank; empty where it has nothing yet.
    fileprivate var forBank: [UInt8] {
        switch self {
        case .loaded(let receipt), .pending(let receipt): receipt.forBank
        case .refused(_, let receipt): receipt?.forBank ?? []
        }
    }
}
