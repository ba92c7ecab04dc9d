// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import Simulation
import Wire

/// What becomes of a purchase when one thing goes wrong: each row is a run of all parties, or
/// several with the same outcome.
struct FaultTable: FaultTableRuns {
    /// What a browser does with what was paid.
    enum Browser: Sendable {
        case brings, closesTab, bringsTwice, bringsAgain
        /// With another bit: that with this number, modulo the length.
        case bringsChanged(UInt64)
        /// Only so many bytes of it, modulo the length.
        case bringsCut(UInt64)
        /// Closes the tab, and opens the order's page at the shop instead, which asks.
        case asks
    }

    /// One thing that goes wrong, where.
    struct Fault: Sendable {
        /// Done after the order was made and before the person consents.
        var inject: @Sendable (World) async -> Void = { _ in }
        var browser = Browser.brings
        /// Done after the person was answered and the fault has come.
        var then: @Sendable (World) async -> Void = { _ in }
    }

    struct Outcome: FaultOutcome {
        let atOnce: String
        let shop: String
        let card: String
        let sale: String
        let order: String
        let inTheEnd: String

        var cells: [String] { [atOnce, shop, card, sale, order, inTheEnd] }
    }

    static let headers = [
        "what goes wrong", "the person reads at once", "then, at the shop", "card", "sale", "order",
        "the person reads in the end",
    ]

    let policy: ComparisonPolicy
    /// Whether the only terminal is on another host.
    var isRemote = false

    private static let rounds = FaultRounds(
        pause: .seconds(2),
        round: { await $0.tidy() },
        after: 1
    )

    // MARK: A run

    private func world() async throws -> World {
        var plan = WorldPlan()
        plan.policies = [policy]
        plan.hasCardholders = true
        if isRemote { (plan.terminals, plan.remoteTerminals) = (0, 1) }
        return try await World(plan)
    }

    func trial(_ fault: Fault) async throws -> (outcome: Outcome, problems: [String]) {
        let world = try await world()
        let ticket = try await world.order()
        let page = try await world.page(ticket)
        await fault.inject(world)
        let (outcome, form) = await visit(page, in: world)
        // Where one trip is all, the debit response goes in the next round.
        if policy.isOneTrip, case .asks = fault.browser { await settle(world) }
        let shop = await browse(fault.browser, form, ticket, in: world)
        await settle(world)
        var problems = await Self.rounds.end(world, fault.then)
        _ = try? await world.deliver(ticket)
        problems += await Invariants.check(world, isSettled: true).map { "\($0)" }
        let told = try await told(world, ticket.transaction, at: outcome, shop)
        return (told, problems)
    }

    /// - Returns: nil where no answer comes; and what goes to the shop.
    private func visit(
        _ page: OrderPage,
        in world: World
    ) async -> (PurchaseOutcome?, form: StatusForm?) {
        let outcome = await world.visit(page)
        guard case .paid(let receipt) = outcome else { return (outcome, nil) }
        guard let form = await world.form(receipt) else {
            // What does not open at the client terminal is shown as pending.
            return (.pending(receipt.with(nil)), nil)
        }
        return (outcome, form)
    }

    /// What the parties do within the next seconds to end the purchase.
    private func settle(_ world: World) async {
        if policy.isOneTrip { await world.purchases.settleOpenDraws(olderThan: .zero) }
        await world.payments.countSales()
    }

    // MARK: The shop

    /// - Returns: what the person reads there.
    private func browse(
        _ browser: Browser,
        _ form: StatusForm?,
        _ ticket: MerchantModule.Ticket,
        in world: World
    ) async -> String {
        if case .asks = browser { return await ask(ticket, in: world) }
        guard let form else { return "–" }
        var changed = form
        switch browser {
        case .closesTab, .asks: return "–"
        case .brings: break
        case .bringsTwice:
            async let other = bring(form, ticket, in: world)
            let (first, second) = (await bring(form, ticket, in: world), await other)
            return first == second ? first : "\(first), and \(second)"
        case .bringsAgain: _ = await bring(form, ticket, in: world)
        case .bringsChanged(let bit):
            let position = Int(bit % UInt64(form.result.count * 8))
            changed.result[position / 8] ^= 1 << UInt8(position % 8)
        case .bringsCut(let length):
            changed.result = Array(form.result.prefix(Int(length % UInt64(form.result.count))))
        }
        return await bring(changed, ticket, in: world)
    }

    private func bring(
        _ form: StatusForm,
        _ ticket: MerchantModule.Ticket,
        in world: World
    ) async -> String {
        do throws(OrderFailure) {
            _ = try await world.fetch(form, ticket)
            return PageWords.receipt
        } catch .resultForged, .resultMismatch {
            return PageWords.resultNotGenuine
        } catch .resultContradicts {
            return PageWords.resultContradicts
        } catch {
            return Self.words(error, in: world)
        }
    }

    private func ask(_ ticket: MerchantModule.Ticket, in world: World) async -> String {
        do throws(OrderFailure) {
            let order = try await world.merchant().ask(ticket.transaction, now: world.now)
            return switch order.state {
            case .open: PageWords.notHeardYet
            case .paid, .delivered: PageWords.receipt
            case .unpaid: PageWords.givenUp
            }
        } catch {
            return Self.words(error, in: world)
        }
    }

    private static func words(_ failure: OrderFailure, in world: World) -> String {
        if world.isDown(.shop(0)) { return "no answer" }
        return switch failure {
        case .paymentServerSilent, .paymentServerRefused, .answerUnreadable: PageWords.cannotAsk
        default: PageWords.broken
        }
    }

    // MARK: What is told

    private func told(
        _ world: World,
        _ transaction: TransactionIdentifier,
        at once: PurchaseOutcome?,
        _ shop: String
    ) async throws -> Outcome {
        let ledger = await Ledger(world)
        let later = try await world.purchases.outcome(of: transaction)?.outcome
        var end = later.map(Self.end) ?? PageWords.untouched
        for mail in ledger.mails { end += " (mail: \(mail.isPaid ? "paid" : "put back"))" }
        return Outcome(
            atOnce: once.map(Self.words) ?? "no answer",
            shop: shop,
            card: Self.words(ledger.draws[transaction]?.state, try await world.balance()),
            sale: ledger.sales[transaction].map { "\($0.state)" } ?? "none",
            order: ledger.orders[transaction].map { "\($0.order.state)" } ?? "none",
            inTheEnd: end
        )
    }

    private static func words(_ outcome: PurchaseOutcome) -> String {
        switch outcome {
        case .paid: PageWords.paid
        case .pending: PageWords.pending.title
        case .refused(let refusal): PageWords(refusal).title
        case .refusedByLimit: PageWords(.refusedByLimit).title
        }
    }

    private static func end(_ outcome: PurchaseOutcome) -> String {
        switch outcome {
        case .paid: PageWords.paid
        case .pending: PageWords.pending.title
        case .refused, .refusedByLimit: PageWords.putBack("1.50").money
        }
    }

    private static func words(_ state: DrawState?, _ balance: UInt64) -> String {
        switch state {
        case nil: "not debited, \(balance)"
        case .debited: "debited, \(balance)"
        case .sold: "debited once, \(balance)"
        case .recovered: "debited and put back, \(balance)"
        }
    }
}
