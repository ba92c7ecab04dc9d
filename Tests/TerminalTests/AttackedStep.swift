// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import Simulation
import Testing
import Wire

/// What the payment server has a security card on another host do.
enum Step: CaseIterable {
    case status, draw, complete, count, giveUp
    /// Given up too late: the sale was completed before, and the answer got lost.
    case giveUpCompleted
    /// Of the batch that the sales before were counted into.
    case close

    var kind: Tap.Kind {
        switch self {
        case .status: .status
        case .draw: .draw
        case .complete: .complete
        case .count: .count
        case .giveUp, .giveUpCompleted: .giveUp
        case .close: .close
        }
    }

    /// Whether the sale is sold when it has been taken.
    var sells: Bool { self != .status && self != .giveUp && self != .close }

    func isTaken(under policy: ComparisonPolicy) -> Bool {
        switch self {
        case .status, .draw, .giveUp, .close: true
        case .complete, .giveUpCompleted: policy == .securityCard
        case .count: policy != .securityCard
        }
    }
}

/// A step under a policy.
struct StepCase: CustomTestStringConvertible, Sendable {
    let policy: ComparisonPolicy
    let step: Step

    var testDescription: String { "\(step), S3 compared by \(policy)" }

    static let all: [StepCase] = ComparisonPolicy.allCases.flatMap { policy in
        Step.allCases.filter { $0.isTaken(under: policy) }
            .map { StepCase(policy: policy, step: $0) }
    }
}

/// A sale at a terminal on another host, just before the step that somebody plays with. Two
/// terminals have each sold once and given up once before; the other one is away now.
struct AttackedStep: Sendable {
    let step: Step
    let world: World
    let tap: Tap
    /// All that went to and fro before, at this terminal and at the other one.
    let earlier: [Tap.Exchange]
    let elsewhere: [Tap.Exchange]
    private let ticket: MerchantModule.Ticket
    private let page: OrderPage

    static let payments = "payments.example"
    private static let (price, value): (UInt64, UInt64) = (150, 10_000)
    /// Sold before, at both terminals.
    private static let soldBefore = 2

    init(_ stepCase: StepCase) async throws {
        let world = try await World.remote(2, stepCase.policy)
        let taps = world.hosts.map(Tap.init)
        for tap in taps.reversed() {
            for other in taps where other !== tap { other.host.stop() }
            tap.host.start(behind: tap)
            await world.payments.refreshTerminals()
            try await Self.sellAndGiveUp(world)
        }
        step = stepCase.step
        self.world = world
        tap = taps[0]
        earlier = taps[0].exchanges
        elsewhere = taps[1].exchanges
        ticket = try await world.order(0)
        page = try await world.page(ticket)
        for kinds in [earlier, elsewhere].map({ Set($0.map(\.kind)) }) {
            #expect(kinds.isSuperset(of: [.status, .draw, .giveUp]))
            #expect(kinds.contains(stepCase.policy == .securityCard ? .complete : .count))
        }
        try await prepare()
    }

    private var policy: ComparisonPolicy { page.terms.policy }
    var host: RemoteHost { tap.host }

    private static func sellAndGiveUp(_ world: World) async throws {
        let sold = try await world.buy()
        #expect(sold.outcome.isPaid)
        await world.purchases.settleOpenDraws(olderThan: .zero)
        await world.payments.countSales()
        let page = try await world.page(try await world.order(0))
        try await beginInVain(page, world)
        await world.payments.giveUpLateSales()
        await world.tidy()
    }

    /// Begins a sale that has to be given up: its card is debited where that can be put back.
    private static func beginInVain(_ page: OrderPage, _ world: World) async throws {
        if page.terms.policy.isOneTrip {
            world.link.plan.script(.dropResponse, forNext: 2)
            #expect(!(await world.pay(page).isPaid))
        } else {
            world.link.plan.script(.dropRequest, at: 2)
            #expect(await world.pay(page).isPending)
        }
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
    }

    /// Brings the sale to where the step is next.
    private func prepare() async throws {
        switch step {
        case .status, .draw, .close: break
        case .complete:
            world.link.plan.script(.dropRequest, at: 2)
            #expect(await world.pay(page).isPending)
        case .count:
            #expect(await world.pay(page).isPaid)
            await world.purchases.settleOpenDraws(olderThan: .zero)
        case .giveUp: try await Self.beginInVain(page, world)
        case .giveUpCompleted:
            tap.playNext(.complete) { _ in TerminalMessage.undelivered(.notReady).bytes }
            #expect(await world.pay(page).isPending)
            await world.payments.refreshTerminals()
            world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        }
    }

    /// Has the payment server take the step.
    ///
    /// - Returns: whether it was done, as far as the payment server knows.
    func take() async -> Bool {
        switch step {
        case .status:
            await world.payments.refreshTerminals()
            return await world.isPresent(host)
        case .draw, .complete: return await world.pay(page).isPaid
        case .count: return await world.payments.countSales() == 1
        case .giveUp where policy.isOneTrip: return await world.purchases.settleUnheard() == 1
        case .giveUp, .giveUpCompleted: return await world.payments.giveUpLateSales() == 1
        case .close: return await world.payments.closeBatches(.byOrder) == 1
        }
    }

    /// Has the payment server take the step while somebody plays with the answer: it is not done,
    /// nothing is otherwise than before, and the terminal has dropped out until it is asked again.
    func take(answered play: @escaping Tap.Play, _ comment: String) async throws {
        let comment = Comment(rawValue: comment)
        let (state, played) = (try await state(), tap.playedCount)
        tap.playNext(step.kind, play)
        let isDone = await take()
        #expect(!isDone, comment)
        #expect(tap.playedCount == played + 1, "not played: \(comment)")
        #expect(try await self.state() == state, comment)
        #expect(!(await world.isPresent(host)), comment)
        await world.payments.refreshTerminals()
        #expect(await world.isPresent(host), comment)
    }

    /// The honest sale comes to its end, and the goods are handed out once.
    ///
    /// `isTaken`: whether the step has been taken before.
    func expectEnd(isTaken: Bool = false) async throws {
        #expect(await Invariants.check(world) == [])
        if !isTaken { #expect(await take()) }
        let outcome = await world.pay(page)
        if step.sells {
            let receipt = try #require(outcome.receipt, "\(outcome)")
            let form = try #require(await world.form(receipt))
            #expect(try await world.fetch(form, ticket).isFirst)
        } else if step == .giveUp {
            #expect(!outcome.isPaid)
        } else {
            #expect(outcome.isPaid)
        }
        let sold = Self.soldBefore + (step == .giveUp ? 0 : 1)
        let balance = Self.value - UInt64(sold) * Self.price
        try await world.expectSound(balance: balance, sold: sold)
    }

    // MARK: What must not change

    /// Where the value is, and what the payment server says of each sale.
    struct Standing: Equatable {
        var balance: UInt64
        var sales: [TransactionIdentifier: [Bool]] = [:]
    }

    func state() async throws -> Standing {
        var standing = Standing(balance: try await world.balance())
        let records = try await world.paymentStore.inner.list(
            SaleRecord.kind,
            after: nil,
            limit: RecordLimits.pageMax,
            order: .ascending
        )
        for record in records {
            let sale = try await world.payments.open(record).sale
            standing.sales[sale.transaction] = [
                sale.state == .drawn, sale.state == .sold, sale.state == .void,
                sale.isClosedBySecurityCard,
            ]
        }
        return standing
    }
}
