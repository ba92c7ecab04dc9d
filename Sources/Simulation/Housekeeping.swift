// SPDX-License-Identifier: Apache-2.0

import Bank
import FundingNetwork
import Gateway
import Kernel
import Merchant
import OPALServer
import PaymentServer
import Synchronization
import Wire

/// What goes on in a ``Run`` while people buy: parties settle what is open every few seconds and
/// are started again after a crash; links are cut, parties crash, clocks are set.
final class Housekeeping: Sendable {
    private let world: World
    private let story: Story
    private let random: SeededRandom
    /// For the clocks of shops that jump.
    private let jumps: SeededRandom
    /// For what the funding network does.
    private let moods: SeededRandom
    private let kinds: FaultKinds
    private let customer: ReaderCustomer?
    /// How old a debit is before the OPAL server asks again.
    private let settleAge: Duration
    /// How old a load is before the OPAL server takes it for left behind.
    private let loadAge: Duration
    private let state = Mutex(State())

    private struct State {
        var isOver = false
        var isQuiet = false
        var isCalm = false
        /// Days pass.
        var isSlow = false
        /// Each batch with a sale is closed.
        var closesBatches = false
        /// Where the bank's next round begins.
        var nextHold: TransactionIdentifier?
    }

    /// Between two rounds of a party, in milliseconds.
    private static let rounds = 3_000...7_000
    /// Once no money is under way, only shops wait for the end of orders that nobody paid.
    private static let quietRounds = 60_000...90_000
    /// While days pass, nothing waits but standing orders.
    private static let slowRounds = 3_600_000...10_800_000
    /// Between two questions to the terminals on other hosts, in milliseconds.
    private static let terminalRounds = 2_000...4_000
    /// Between two accidents, in seconds.
    private static let accidents = 5...45
    /// The longest cut of a link, in seconds.
    private static let cutMax = 90
    /// How wrong a clock is at most, in seconds: two parties then keep
    /// ``PurchaseLimits/clockSkew``.
    private static let clockErrorMax = 55
    /// One setting of a shop's clock in so many is wrong by hours: nothing of the shop's money goes
    /// by that clock.
    private static let jumpOneIn = 4
    /// In one of so many rounds the funding network begins to behave otherwise.
    private static let moodOneIn = 4
    private static let jumpHours = 3...10

    init(
        _ world: World,
        _ story: Story,
        _ kinds: FaultKinds,
        _ customer: ReaderCustomer?,
        seed: UInt64
    ) {
        self.customer = customer
        self.world = world
        self.story = story
        self.kinds = kinds
        random = SeededRandom(seed: seed)
        jumps = SeededRandom(seed: ~seed)
        moods = SeededRandom(seed: seed &+ 1)
        settleAge = random.isOne(in: 2) ? .zero : .seconds(20)
        loadAge = settleAge == .zero ? .zero : Loads.underWayTime
    }

    /// Nothing more goes wrong.
    func calm() { state.withLock { $0.isCalm = true } }
    /// No money is under way any more.
    func quieten() { state.withLock { $0.isQuiet = true } }
    /// Whether days pass.
    func slow(_ isSlow: Bool) { state.withLock { $0.isSlow = isSlow } }
    /// The day is over: each batch with a sale is closed.
    func closeBatches() { state.withLock { $0.closesBatches = true } }
    func end() { state.withLock { $0.isOver = true } }

    private func number(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + random.below(range.count)
    }

    private func pauses(_ usual: ClosedRange<Int>) -> ClosedRange<Int> {
        state.withLock { $0.isSlow ? Self.slowRounds : $0.isQuiet ? Self.quietRounds : usual }
    }

    // MARK: Rounds

    /// One party's rounds.
    func keep(_ party: Party) async {
        while !state.withLock(\.isOver) {
            await world.clock.sleep(for: .milliseconds(number(in: pauses(Self.rounds))))
            if world.fates.isDue(party) {
                await world.restart(party)
                story.add("\(party) is started again")
            } else if !world.fates.isDown(party) {
                await round(party)
            }
        }
    }

    /// The payment server's rounds to the terminals on other hosts, beside its own.
    func keepTerminals() async {
        while !world.hosts.isEmpty, !state.withLock(\.isOver) {
            await world.clock.sleep(for: .milliseconds(number(in: pauses(Self.terminalRounds))))
            if !world.fates.isDown(.paymentServer) { await world.payments.refreshTerminals() }
        }
    }

    /// The payment server's rounds to the concentration point, beside its own.
    func keepCollection() async {
        while world.clearing != nil, !state.withLock(\.isOver) {
            await world.clock.sleep(for: .milliseconds(number(in: pauses(Self.rounds))))
            if !world.fates.isDown(.paymentServer) {
                await world.collect(closesAll: state.withLock(\.closesBatches))
            }
        }
    }

    private func round(_ party: Party) async {
        switch party {
        case .paymentServer:
            let payments = world.payments
            await payments.giveUpLateSales()
            await payments.countSales()
        case .opalServer:
            let purchases = world.purchases
            await purchases.settleOpenDraws(olderThan: settleAge)
            await purchases.settleUnheard()
            await world.loads?.settleOpenLoads(olderThan: loadAge)
            await world.points?.round()
            if let funding = world.funding {
                await funding.loads.settleOpen(olderThan: loadAge)
                await funding.orders.run(at: world.fates.now(of: .opalServer))
            }
        case .shop(let index):
            let now = world.fates.now(of: party)
            let round = try? await world.merchant(index).settleOpen(now: now)
            if round?.ended.contains(where: { $0.state == .paid }) == true {
                story.note(.paidAfterQuestion)
            }
            if world.clearing != nil {
                _ = try? await world.merchant(index).settleRefunds(now: now)
            }
        case .clientTerminal: await customer?.finish()
        case .bank: await settleHolds()
        // They only answer.
        case .terminal, .concentrator, .loadServer: break
        case .network: behave()
        case .gateway:
            await world.gateway?.gateway.keepSignedOn()
            await world.gateway?.gateway.forwardOpen()
        case .loyaltyServer: await world.loyalty?.round()
        case .concentrationPoint: await world.clearing?.point.round()
        case .clearingHouse: await world.clearing?.house.round()
        }
    }

    /// The funding network behaves otherwise for a while.
    private func behave() {
        guard let network = world.gateway?.network.network, !state.withLock(\.isCalm) else {
            return
        }
        var behaviours: [NetworkBehaviour] = [
            .approve, .approve, .decline(.insufficientFunds), .decline(.unavailable),
            .addressMismatch, .codeMismatch,
        ]
        if kinds.contains(.lost) { behaviours += [.silent, .cut] }
        if kinds.contains(.delayed) { behaviours += [.slow, .late] }
        guard moods.isOne(in: Self.moodOneIn) else { return }
        var rule = NetworkScript.Rule(behaviours[moods.below(behaviours.count)])
        switch rule.behaviour {
        case .decline, .addressMismatch, .codeMismatch: rule.message = .authorizationRequest
        case .approve, .slow, .silent, .late, .cut: break
        }
        network.follow(NetworkScript([rule]))
        story.add("the funding network: \(rule.behaviour)")
    }

    private func settleHolds() async {
        guard let bank = world.bank else { return }
        let round = try? await bank.module.settleOpen(
            now: world.fates.now(of: .bank),
            after: state.withLock(\.nextHold)
        )
        state.withLock { $0.nextHold = round?.next }
        for hold in round?.ended ?? [] { story.note(.holdEndedAfterQuestion(hold.state)) }
    }

    // MARK: Accidents

    func letAccidentsHappen() async {
        if kinds.contains(.clocks) { for party in world.parties { setClock(of: party) } }
        let all = [(FaultKinds.lost, cut), (.crashes, crash), (.clocks, setAnyClock)]
        let possible = all.filter { kinds.contains($0.0) }.map(\.1)
        while !possible.isEmpty {
            await world.clock.sleep(for: .seconds(number(in: Self.accidents)))
            if state.withLock({ $0.isCalm || $0.isOver }) { return }
            possible[random.below(possible.count)]()
        }
    }

    private func cut() {
        let route = world.routes[random.below(world.routes.count)]
        let seconds = 1 + random.below(Self.cutMax)
        route.link.cut(until: world.clock.now.adding(.seconds(seconds)))
        story.add("the link from \(route.caller) to \(route.callee) is cut for \(seconds) s")
    }

    private func crash() {
        world.crash(world.parties[random.below(world.parties.count)])
    }

    private func setAnyClock() {
        setClock(of: world.parties[random.below(world.parties.count)])
    }

    private func setClock(of party: Party) {
        var seconds = number(in: -Self.clockErrorMax...Self.clockErrorMax)
        if case .shop(let index) = party, !isSite(index) { seconds += jump() }
        world.fates.setClock(of: party, off: .seconds(seconds))
        let (amount, way) = (abs(seconds), seconds < 0 ? "slow" : "fast")
        story.add("the clock of \(party) is now \(amount) s \(way)")
    }

    /// The site of programmes: what members do would come to nothing all the time.
    private func isSite(_ shop: Int) -> Bool {
        world.loyalty != nil && shop == LoyaltyHost.site
    }

    private func jump() -> Int {
        guard jumps.isOne(in: Self.jumpOneIn) else { return 0 }
        let hours = Self.jumpHours.lowerBound + jumps.below(Self.jumpHours.count)
        return (jumps.isOne(in: 2) ? -hours : hours) * 3600
    }
}
