// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import OPALServer
import Records
import RecordsSQLite

// Loads from funding accounts: what the simulated network, the gateway and the cards say of each
// other. They are read in this order: a card is credited before the gateway hears of it, and the
// gateway advises what it has heard of.
extension SchemeAudit {
    func network(
        _ report: inout Report
    ) async throws -> Audited<NetworkAudit, NetworkAudit.Report>? {
        try await audited(.network, SimulatedNetwork.schema, &report) { side, findings in
            let audit = NetworkAudit(store: side.store, seals: side.seals)
            let holds = try await side.store.count(HoldRecord.kind)
            let accounts = try await side.store.count(NetworkAccount.kind)
            progress.begin("funding network", of: holds + accounts)
            var books = try await audit.run(progress.step)
            // Holds and accounts are not read at one moment: a finding must stay to be one.
            for _ in 0..<Self.looksMax where !books.findings.isEmpty {
                books = try await audit.run()
            }
            findings += books.findings
            return Audited(side: side, audit: audit, report: books)
        }
    }

    private static let looksMax = 3

    func gateway(
        _ report: inout Report
    ) async throws -> Audited<AuthorizationAudit, AuthorizationAudit.Report>? {
        try await audited(.gateway, GatewayRecords.schema, &report) { side, findings in
            let kind = Gateway.AuthorizationRecord.kind
            progress.begin("authorisations", of: try await side.store.count(kind))
            let audit = AuthorizationAudit(store: side.store, seals: side.seals)
            let book = try await audit.run(progress.step)
            findings += book.findings
            return Audited(side: side, audit: audit, report: book)
        }
    }

    // MARK: Network and gateway

    /// By RRN: what the network captured, the gateway has advised; what the gateway has ended is
    /// ended at the network.
    func compare(
        _ network: Audited<NetworkAudit, NetworkAudit.Report>,
        _ gateway: Audited<AuthorizationAudit, AuthorizationAudit.Report>,
        _ report: inout Report
    ) async throws {
        for account in network.report.accounts where account.captured > 0 {
            report.capturedMinorUnits[account.currency.digits, default: 0] &+= account.captured
        }
        var known: [String: Authorization] = [:]
        for authorization in gateway.report.authorizations.values {
            if let reference = authorization.retrievalReference {
                known[reference] = authorization
            }
        }
        for (reference, state) in network.report.states where state == .captured {
            guard let authorization = known[reference], authorization.isCaptured else {
                report.findings.append(
                    "RRN \(reference): captured, but the gateway has not advised it"
                )
                continue
            }
            if authorization.amount?.minorUnits != network.report.amounts[reference] {
                report.findings.append(
                    "RRN \(reference): captured in another amount than asked for"
                )
            }
        }
        // The gateway was read later: what it has ended since is looked up again.
        let isUnlike = known.contains { !$1.isLike(network.report.states[$0]) }
        let later = isUnlike ? try await network.audit.run() : network.report
        for (reference, authorization) in known {
            let state = later.states[reference]
            if authorization.isLike(state) { continue }
            report.findings.append(
                "RRN \(reference): \(authorization.state) at the gateway, "
                    + (state.map { "\($0)" } ?? "unknown") + " at the funding network"
            )
        }
    }

    // MARK: Gateway and cards

    /// By transaction: what is charged is on a card, and what the OPAL server says of a load is
    /// what the gateway knows.
    func compare(
        _ gateway: Audited<AuthorizationAudit, AuthorizationAudit.Report>,
        _ cards: Audited<CardAuditor, CardAuditor.Report>,
        _ report: inout Report
    ) async throws {
        let authorizations = gateway.report.authorizations
        report.authorizations = authorizations.count
        report.captured = authorizations.values.filter(\.isCaptured).count
        report.authorizationsOpen = authorizations.values.filter(\.state.isOpen).count
        for (name, authorization) in authorizations
        where authorization.isCaptured && name.opalServer == Role.opalServer.rawValue {
            let place = "transaction \(name.transaction.text)"
            guard let credit = cards.report.accountCredits[name.transaction] else {
                report.findings.append("\(place): charged to an account, but on no card")
                continue
            }
            if credit.amount != authorization.amount {
                report.findings.append("\(place): charged in another amount than was credited")
            }
        }
        try await compareCredits(gateway, cards, &report)
        for (transaction, load) in cards.report.accountLoads {
            let state = try await state(of: transaction, at: gateway)
            if load.state.isLike(state) { continue }
            report.findings.append(
                "transaction \(transaction.text): \(load.state) at the OPAL server, "
                    + (state.map { "\($0)" } ?? "unknown") + " at the gateway"
            )
        }
    }

    /// What came onto a card from a funding account, the network has approved. Where the OPAL
    /// server has a load of it, that is compared as a whole.
    private func compareCredits(
        _ gateway: Audited<AuthorizationAudit, AuthorizationAudit.Report>,
        _ cards: Audited<CardAuditor, CardAuditor.Report>,
        _ report: inout Report
    ) async throws {
        for (transaction, credit) in cards.report.accountCredits {
            let place = "transaction \(transaction.text): on card \(credit.card.masked)"
            let authorization = try await authorization(of: transaction, at: gateway)
            if let authorization, authorization.isApproved {
                if !authorization.isCaptured, authorization.amount != credit.amount {
                    report.findings.append("\(place) in another amount than was approved")
                }
            } else if cards.report.accountLoads[transaction] == nil {
                report.findings.append("\(place), but approved for no account")
            }
        }
    }

    /// The gateway was read before the cards: it is asked again.
    private func authorization(
        of transaction: TransactionIdentifier,
        at gateway: Audited<AuthorizationAudit, AuthorizationAudit.Report>
    ) async throws -> Authorization? {
        guard let name = AuthorizationName(transaction, of: Role.opalServer.rawValue) else {
            return nil
        }
        return try await gateway.audit.authorization(of: name)
    }

    private func state(
        of transaction: TransactionIdentifier,
        at gateway: Audited<AuthorizationAudit, AuthorizationAudit.Report>
    ) async throws -> FundsAuthorizationState? {
        try await authorization(of: transaction, at: gateway)?.state
    }
}

extension Authorization {
    /// What is charged, or will be.
    fileprivate var isCaptured: Bool {
        [.completing, .completed].contains(state) && amount?.minorUnits != 0
    }

    /// Whether the network has approved it and nobody has given it back.
    fileprivate var isApproved: Bool {
        [.approved, .completing, .completed].contains(state)
    }

    /// Whether the network may say this of it.
    fileprivate func isLike(_ hold: FundsHoldState?) -> Bool {
        // Nothing is held for a check of an account.
        if amount?.minorUnits == 0 { return hold == nil || hold == .declined }
        return switch state {
        case .asked: hold != .captured
        case .approved: hold == .held
        case .completing: hold == .held || hold == .captured
        case .completed: hold == .captured
        case .reversing, .cancelling: hold != .captured
        case .reversed, .cancelled: hold != .held && hold != .captured
        case .declined: hold != .held && hold != .captured
        case .verified: hold == nil
        }
    }
}

extension AccountLoadState {
    /// Whether the gateway may say this of it; nil where it does not know it.
    fileprivate func isLike(_ state: FundsAuthorizationState?) -> Bool {
        let isCaptured = state == .completing || state == .completed
        return switch self {
        case .authorizing: true
        // Credited, and the gateway hears of it; or it has, and its answer was lost.
        case .credited: state == .approved || isCaptured
        case .completed: isCaptured
        case .cancelling: !isCaptured
        case .cancelled, .declined: state != .approved && !isCaptured
        }
    }
}
