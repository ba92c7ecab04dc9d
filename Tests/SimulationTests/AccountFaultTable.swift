// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import OPALServer
import Simulation

/// What becomes of a load from the account on file when one thing goes wrong.
struct AccountFaultTable: FaultTableRuns {
    /// What the person does.
    enum Person: Sendable {
        case confirms, clicksTwice
        /// Confirms once more, after the answer.
        case comesBack
    }

    /// One thing that goes wrong, where.
    struct Fault: Sendable {
        /// Done before the person confirms.
        var inject: @Sendable (World) async -> Void = { _ in }
        var person = Person.confirms
        /// What is typed as CVV2, if anything.
        var code: CardVerificationValue?
        /// Done after the person was answered and the fault has come.
        var then: @Sendable (World) async -> Void = { _ in }
    }

    struct Outcome: FaultOutcome {
        let atOnce: String
        let card: String
        let load: String
        let authorization: String
        let hold: String
        let inTheEnd: String

        var cells: [String] { [atOnce, card, load, authorization, hold, inTheEnd] }
    }

    static let headers = [
        "what goes wrong", "the person reads at once", "card", "load at the OPAL server",
        "authorisation at the gateway", "hold at the network", "the person reads in the end",
    ]

    /// What is loaded, in cents, onto a card with as much as each card of a world.
    static let amount: UInt64 = 2_500
    private static let rounds = FaultRounds(
        pause: .seconds(10),
        round: { await $0.tidyFunds() },
        after: 3
    )

    /// Why no run can be made.
    private enum Failure: Error { case noGateway, notSignedOn }

    func trial(_ fault: Fault) async throws -> (outcome: Outcome, problems: [String]) {
        var plan = WorldPlan()
        plan.hasCardholders = true
        plan.hasGateway = true
        let world = try await World(plan)
        guard let payer = world.family?.payers.first, let gateway = world.gateway else {
            throw Failure.noGateway
        }
        guard await gateway.gateway.keepSignedOn() else { throw Failure.notSignedOn }
        let request = world.accountLoad(
            Self.amount,
            by: payer,
            onto: payer.card,
            .own,
            code: fault.code
        )
        await fault.inject(world)
        let once = await confirm(request, fault.person, in: world)
        var problems = await Self.rounds.end(world, fault.then)
        problems += await Invariants.check(world, isSettled: true).map { "\($0)" }
        return (try await told(world, request.transaction, once), problems)
    }

    /// - Returns: what the person reads.
    private func confirm(
        _ request: AccountLoadRequest,
        _ person: Person,
        in world: World
    ) async -> String {
        @Sendable func words() async -> String {
            await world.load(request).map(Self.words) ?? "no answer"
        }
        switch person {
        case .confirms: return await words()
        case .clicksTwice:
            async let other = words()
            let (first, second) = (await words(), await other)
            return first == second ? first : "\(first), and \(second)"
        case .comesBack:
            let (first, second) = (await words(), await words())
            return first == second ? first : "\(first), then \(second)"
        }
    }

    // MARK: What is told

    private func told(
        _ world: World,
        _ transaction: TransactionIdentifier,
        _ once: String
    ) async throws -> Outcome {
        let ledger = await Ledger(world)
        let funding = ledger.funding
        let load = funding.loads[transaction]
        let authorization = funding.authorizations[transaction]
        let hold = authorization?.retrievalReference.flatMap { funding.holds[$0] }
        var end = load.map { Self.words($0.outcome) } ?? PageWords.notCharged
        for mail in ledger.accountMails where mail.transaction == transaction {
            end += mail.isLoaded ? " (mail: receipt)" : " (mail: not loaded)"
        }
        let isLoaded = load?.state.isLoaded == true
        return Outcome(
            atOnce: once,
            card: "\(isLoaded ? "loaded once" : "not loaded"), \(try await world.balance())",
            load: load.map { "\($0.state)" } ?? "none",
            authorization: authorization.map { "\($0.state)" } ?? "none",
            hold: hold.map { "\($0.state)" } ?? "none",
            inTheEnd: end
        )
    }

    private static func words(_ outcome: AccountLoadOutcome) -> String {
        switch outcome {
        case .loaded: PageWords.accountLoaded
        case .pending: PageWords.accountLoadPending.title
        case .refused(let refusal): PageWords(accountLoad: refusal).title
        case .throttled: "too many tries"
        }
    }
}
