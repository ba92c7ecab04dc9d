// SPDX-License-Identifier: Apache-2.0

import Bank
import Kernel
import LoadServer
import OPALServer
import Records
import Simulation
import Wire

/// What becomes of a load through a bank when one thing goes wrong: each row is a run of all
/// parties, or several with the same outcome.
struct LoadFaultTable: FaultTableRuns {
    /// What a browser does with the Load Result.
    enum Browser: Sendable {
        case brings, closesTab, bringsTwice, bringsAgain
        /// With another bit: that with this number, modulo the length.
        case bringsChanged(UInt64)
        /// Only so many bytes of it, modulo the length.
        case bringsCut(UInt64)
        /// Closes the tab, and opens the load's page at the bank instead, which asks.
        case asks
        /// The page is never brought to the OPAL server.
        case never
        case declines
    }

    /// One thing that goes wrong, where.
    struct Fault: Sendable {
        /// Done after the amount is held and before the person consents.
        var inject: @Sendable (World) async -> Void = { _ in }
        var browser = Browser.brings
        /// Done after the person was answered and the fault has come.
        var then: @Sendable (World) async -> Void = { _ in }
    }

    struct Outcome: FaultOutcome {
        let atOnce: String
        let bank: String
        let card: String
        let authorization: String
        let account: String
        let inTheEnd: String

        var cells: [String] { [atOnce, bank, card, authorization, account, inTheEnd] }
    }

    static let headers = [
        "what goes wrong", "the person reads at once", "then, at the bank", "card", "load server",
        "account", "the person reads in the end",
    ]

    /// What is loaded, in cents, onto a card with as much as each card of a world.
    static let amount: UInt64 = 2_500
    private static let accountValue: UInt64 = 20_000
    private static let rounds = FaultRounds(
        pause: BankLimits.askAfter + .seconds(1),
        round: { await $0.tidyLoads() },
        after: 3
    )

    func trial(_ fault: Fault) async throws -> (outcome: Outcome, problems: [String]) {
        var plan = WorldPlan()
        plan.hasCardholders = true
        plan.accountValues = [Self.accountValue]
        let world = try await World(plan)
        guard let inquiry = await world.inquire() else { throw BankFailure.notAnswered }
        let page = try await world.beginLoad(Self.amount, inquiry)
        await fault.inject(world)
        let outcome = await visit(page, fault.browser, in: world)
        let bank = await browse(fault.browser, outcome, page, in: world)
        var problems = await Self.rounds.end(world, fault.then)
        problems += await Invariants.check(world, isSettled: true).map { "\($0)" }
        let told = try await told(world, page, at: outcome, fault.browser, bank)
        return (told, problems)
    }

    private func visit(
        _ page: LoadPage,
        _ browser: Browser,
        in world: World
    ) async -> CardLoadOutcome? {
        switch browser {
        case .never: nil
        case .declines: await world.declineLoad(page)
        default: await world.load(page)
        }
    }

    // MARK: The bank

    /// - Returns: what the person reads there.
    private func browse(
        _ browser: Browser,
        _ outcome: CardLoadOutcome?,
        _ page: LoadPage,
        in world: World
    ) async -> String {
        let transaction = page.terms.transaction
        if case .asks = browser { return await ask(transaction, in: world) }
        let result = outcome?.receipt?.forBank ?? []
        guard !result.isEmpty else { return "–" }
        var changed = result
        switch browser {
        case .closesTab, .asks, .never: return "–"
        case .brings, .declines: break
        case .bringsTwice:
            async let other = bring(result, transaction, in: world)
            let (first, second) = (await bring(result, transaction, in: world), await other)
            return first == second ? first : "\(first), and \(second)"
        case .bringsAgain: _ = await bring(result, transaction, in: world)
        case .bringsChanged(let bit):
            let position = Int(bit % UInt64(result.count * 8))
            changed[position / 8] ^= 1 << UInt8(position % 8)
        case .bringsCut(let length): changed = Array(result.prefix(Int(length) % result.count))
        }
        return await bring(changed, transaction, in: world)
    }

    private func bring(
        _ result: [UInt8],
        _ transaction: TransactionIdentifier,
        in world: World
    ) async -> String {
        do throws(BankFailure) {
            return Self.words(try await world.bringLoad(result, transaction).state)
        } catch .resultForged, .resultMismatch {
            return PageWords.loadResultNotGenuine
        } catch .resultContradicts {
            return PageWords.loadResultContradicts
        } catch {
            return Self.words(error, in: world)
        }
    }

    private func ask(_ transaction: TransactionIdentifier, in world: World) async -> String {
        do throws(BankFailure) {
            return Self.words(try await world.askForLoad(transaction).state)
        } catch {
            return Self.words(error, in: world)
        }
    }

    private static func words(_ state: HoldState) -> String {
        switch state {
        case .held: PageWords.pendingAtBank
        case .loaded: PageWords.loadedAtBank
        case .released: PageWords.notLoadedAtBank
        }
    }

    private static func words(_ failure: BankFailure, in world: World) -> String {
        if world.isDown(.bank) { return "no answer" }
        return switch failure {
        // The page of a load says so, and that it asks again.
        case .loadServerSilent, .loadServerRefused, .answerUnreadable, .resultForged,
            .resultMismatch:
            PageWords.pendingAtBank
        default: PageWords.broken
        }
    }

    // MARK: What is told

    private func told(
        _ world: World,
        _ page: LoadPage,
        at once: CardLoadOutcome?,
        _ browser: Browser,
        _ bank: String
    ) async throws -> Outcome {
        let ledger = await Ledger(world)
        let transaction = page.terms.transaction
        var end = PageWords(load: .loadTooOld).money
        if let later = try await world.loads?.outcome(of: transaction)?.outcome {
            end = Self.words(later)
        }
        for receipt in ledger.receipts where receipt.transaction == transaction {
            end += " (mail: receipt)"
        }
        let isLoaded = ledger.loads.loads[transaction]?.state == .loaded
        let account = ledger.loads.accounts.values.first {
            if case .customer = $0.account.kind { true } else { false }
        }?.account
        let hold = ledger.loads.holds[transaction]?.state
        let atOnce = if case .never = browser { "–" } else { once.map(Self.words) ?? "no answer" }
        return Outcome(
            atOnce: atOnce,
            bank: bank,
            card: "\(isLoaded ? "loaded once" : "not loaded"), \(try await world.balance())",
            authorization: Self.word(ledger.loads.authorizations[transaction]),
            account: "\(hold == .loaded ? "paid" : "released"), \(account?.available ?? 0)",
            inTheEnd: end
        )
    }

    private static func word(_ authorization: AuthorizationRecord?) -> String {
        guard let authorization else { return "none" }
        return switch authorization.state {
        case .authorized: "authorized"
        case .loaded: authorization.isDisproved ? "loaded, lie disproved" : "loaded"
        case .notLoaded: authorization.request == nil ? "no S2" : "not loaded, proved"
        }
    }

    private static func words(_ outcome: CardLoadOutcome) -> String {
        switch outcome {
        case .loaded: PageWords.loaded
        case .pending: PageWords.loadPending("").title
        case .refused(let refusal, _): PageWords(load: refusal).title
        }
    }
}

extension CardLoadOutcome {
    fileprivate var receipt: LoadReceipt? {
        switch self {
        case .loaded(let receipt), .pending(let receipt): receipt
        case .refused(_, let receipt): receipt
        }
    }
}
