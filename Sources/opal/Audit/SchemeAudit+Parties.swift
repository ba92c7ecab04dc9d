// SPDX-License-Identifier: Apache-2.0

import Bank
import Batches
import CardEmulator
import ClearingHouse
import Gateway
import HSM
import Kernel
import Keys
import LoadServer
import LoyaltyServer
import Merchant
import OPALServer
import PaymentServer
import Records
import RecordsSQLite
import SecurityCard
import SecurityModule
import Sites

// Each party by itself.
extension SchemeAudit {
    /// The data of one party, opened for reading.
    struct Side {
        let store: SQLiteStore
        let master: LocalMasterKey
        let seals: RecordSealer
    }

    /// What an audit found at one party, and how to look there again.
    struct Audited<Audit, Findings> {
        let side: Side
        let audit: Audit
        let report: Findings
    }

    func merchant(
        _ party: DataFolder.Party,
        _ report: inout Report
    ) async throws -> Audited<OrderAudit, OrderAudit.Report>? {
        try await audited(party, MerchantRecords.schema, &report) { side, findings in
            progress.begin("orders", of: try await side.store.count(MerchantRecords.order))
            let audit = OrderAudit(store: side.store, sealing: side.seals)
            let orders = try await audit.run(progress.step)
            findings += orders.findings
            return Audited(side: side, audit: audit, report: orders)
        }
    }

    func paymentServer(
        _ report: inout Report
    ) async throws -> Audited<SaleAudit, SaleAudit.Report>? {
        try await audited(.paymentServer, PaymentModule.schema, &report) { side, findings in
            progress.begin("sales", of: try await side.store.count(SaleRecord.kind))
            let audit = SaleAudit(
                store: side.store,
                seals: side.seals,
                batches: await batchKeys(side),
                securityCards: try await securityCards(side)
            )
            let sales = try await audit.run(progress.step)
            findings += sales.findings
            return Audited(side: side, audit: audit, report: sales)
        }
    }

    /// KB, to check what security cards have signed; none where it does not open, which the audit
    /// of the sales names.
    private func batchKeys(_ side: Side) async -> BatchKeys {
        let keys = try? await BatchKeyRecord.all(in: side.store, sealedBy: side.seals)
        let masters = try? keys?.map { CMACKey(try side.master.unwrap($0.wrapped)) }
        guard let masters, !masters.isEmpty else { return BatchKeys() }
        return BatchKeys([PaymentServerParty.acquirer: masters])
    }

    func opalServer(
        _ report: inout Report
    ) async throws -> Audited<CardAuditor, CardAuditor.Report>? {
        try await audited(.opalServer, OPALServerRecords.schema, &report) { side, findings in
            let cards = try await side.store.count(Emulator.cardKind)
            let draws = try await side.store.count(DrawRecord.kind)
            progress.begin("cards", of: cards + draws)
            let module = SoftwareModule(side.master)
            for record in try await records(Issuer.keyKind, in: side) {
                // The audit of the cards names what does not open.
                try? await OPALServerParty.install(record, in: module, sealedBy: side.seals)
            }
            let audit = CardAuditor(store: side.store, module: module, seals: side.seals)
            let outcome = try await audit.run(progress.step)
            findings += outcome.findings
            return Audited(side: side, audit: audit, report: outcome)
        }
    }

    func console(_ report: inout Report) async throws {
        let side = try await audited(.console, ConsoleParty.schema, &report) { side, findings in
            findings += try await OperatorAudit(store: side.store, seals: side.seals).run()
            return side
        }
        await side?.store.close()
    }

    // MARK: Any party

    /// Opens a party's data and audits them: what every database has, then what `audit` looks at.
    /// Data that cannot be read are a finding as well.
    ///
    /// `folder`: another data folder than that of the audit.
    func audited<Outcome>(
        _ party: DataFolder.Party,
        _ schema: RecordSchema,
        _ report: inout Report,
        in folder: DataFolder? = nil,
        _ audit: (Side, inout [AuditFinding]) async throws -> Outcome
    ) async throws -> Outcome? {
        let folder = folder ?? self.folder
        guard folder.exists(party) else { return nil }
        guard folder.hasDatabase(party) else {
            report.findings.append("\(party.rawValue), database file: it is not there")
            return nil
        }
        let master = try KeyFile.read(at: folder.keyFile(party), passphrase: passphrase)
        var findings: [AuditFinding] = []
        defer { report.findings += findings.map(\.description) }
        do {
            let side = Side(
                store: try SQLiteStore(readingAt: folder.database(party), schema: schema),
                master: master,
                seals: RecordSealer(master, party: schema.party)
            )
            findings += try await side.store.problems().map {
                AuditFinding("\(party.rawValue), database file", $0)
            }
            findings += try await side.store.impossibleRows().map { impossible($0, at: party) }
            let outcome = try await audit(side, &findings)
            findings += try await orphans(party, side.store)
            return outcome
        } catch let failure as StoreFailure where !failure.isTransient {
            // A row that the store itself refuses is named in the failure's text.
            findings.append(AuditFinding("\(party.rawValue), database file", "\(failure)"))
            return nil
        }
    }

    /// Cards and what belongs to one are named by the last four digits of the card number.
    private func impossible(
        _ row: SQLiteStore.ImpossibleRow,
        at party: DataFolder.Party
    ) -> AuditFinding {
        let isOfCard: Bool
        switch party {
        case .opalServer: isOfCard = ["history", Emulator.cardKind.name].contains(row.table)
        case .console: isOfCard = row.table != OperatorDesk.operatorKind.name
        case .paymentServer, .shop, .loadServer, .bank, .terminal, .gateway, .network, .airline,
            .loyaltyServer, .concentrationPoint, .clearing:
            isOfCard = false
        }
        let name = isOfCard ? "•••• •••• •••• " + Hex.text(row.key.suffix(2)) : Hex.text(row.key)
        let number = row.table == "history" ? ", row \(row.number)" : ""
        return AuditFinding(
            "\(party.rawValue), \(row.table) \(name)\(number)",
            "breaks the constraints of its table"
        )
    }

    /// Streams of history whose record is not there. A record that has history is never removed.
    private func orphans(
        _ party: DataFolder.Party,
        _ store: SQLiteStore
    ) async throws -> [AuditFinding] {
        var findings: [AuditFinding] = []
        var cursor: [UInt8]?
        while true {
            let page = try await store.streams(after: cursor, limit: RecordLimits.pageMax)
            for stream in page {
                if let owner = owner(of: stream, at: party), try await store.read(owner) != nil {
                    continue
                }
                findings.append(
                    AuditFinding(place(of: stream, at: party), "has history but no record")
                )
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return findings }
            cursor = last
        }
    }

    private func owner(of stream: [UInt8], at party: DataFolder.Party) -> RecordKey? {
        let kind: RecordKind
        switch party {
        case .opalServer:
            if let entry = MerchantDirectory.owner(of: stream) { return entry }
            kind = Emulator.cardKind
        case .paymentServer: kind = SaleRecord.kind
        case .shop, .airline: kind = MerchantRecords.order
        case .loyaltyServer: return LoyaltyStreams.owner(of: stream)
        case .loadServer: kind = LoadServer.AuthorizationRecord.kind
        case .gateway: kind = Gateway.AuthorizationRecord.kind
        case .bank: return Self.owner(ofBankStream: stream)
        case .console: return OperatorAudit.owner(of: stream)
        case .clearing:
            return LedgerAccount(stream: stream).map {
                RecordKey(ClearingRecords.account, $0.key)
            }
        // These have records and no history.
        case .terminal, .network, .concentrationPoint: return nil
        }
        return kind.keyBytes.contains(stream.count) ? RecordKey(kind, stream) : nil
    }

    /// The journal of an account, or of a load.
    private static func owner(ofBankStream stream: [UInt8]) -> RecordKey? {
        if let text = String(validating: stream, as: UTF8.self), text.hasPrefix(accountPrefix),
            let number = AccountNumber(String(text.dropFirst(accountPrefix.count)))
        {
            return RecordKey(BankRecords.account, number.bytes)
        }
        let kind = BankRecords.hold
        return kind.keyBytes.contains(stream.count) ? RecordKey(kind, stream) : nil
    }

    private static let accountPrefix = "account "

    /// Streams that hold a card number are named by its last four digits.
    private func place(of stream: [UInt8], at party: DataFolder.Party) -> String {
        switch party {
        case .opalServer:
            MerchantDirectory.owner(of: stream).map { MerchantDirectory.place($0.bytes) }
                ?? CardAuditor.cardPlace(stream)
        case .console: OperatorAudit.place(OperatorAudit.owner(of: stream)?.bytes ?? stream)
        case .paymentServer: "payment server, sale \(Hex.text(stream))"
        case .shop, .airline: "merchant, order \(Hex.text(stream))"
        case .loyaltyServer: LoyaltyStreams.place(of: stream)
        case .loadServer: "load server, load \(Hex.text(stream))"
        case .bank: Self.place(ofBankStream: stream)
        case .terminal: "terminal, stream \(Hex.text(stream))"
        case .gateway: "gateway, authorisation \(Hex.text(stream))"
        case .network: "funding network, stream \(Hex.text(stream))"
        case .clearing:
            "clearing house, \(LedgerAccount(stream: stream)?.name ?? Hex.text(stream))"
        case .concentrationPoint: "concentration point, stream \(Hex.text(stream))"
        }
    }

    /// An account is named by its last characters.
    private static func place(ofBankStream stream: [UInt8]) -> String {
        guard let owner = owner(ofBankStream: stream), owner.kind == BankRecords.account else {
            return "bank, load \(Hex.text(stream))"
        }
        return "bank, account •••• " + String(decoding: stream.suffix(4), as: UTF8.self)
    }

    /// The security cards whose memories are on record, and those on other hosts, with the issuers'
    /// keys.
    private func securityCards(_ side: Side) async throws -> [any PurchaseModule] {
        var keys: [AcquirerRecords.IssuerKey] = []
        for record in try await records(AcquirerRecords.issuerKey, in: side) {
            // The audit of the sales names what does not open.
            if let key = try? await AcquirerRecords.openIssuerKey(record, sealedBy: side.seals) {
                keys.append(key)
            }
        }
        let known =
            try await records(Terminal.memoryKind, in: side)
            + records(AcquirerRecords.remoteTerminal, in: side)
        return try known.map { record in
            let bits = record.key.bytes.reduce(0) { $0 << 8 | UInt64($1) }
            let card = SoftwareSecurityCard(
                SecurityCardIdentifier(bits: bits),
                master: side.master
            )
            for key in keys {
                try card.install(
                    purchaseKey: key.wrapped,
                    as: SoftwareSecurityCard.KeyName(issuer: key.issuer, version: key.version)
                )
            }
            return card
        }
    }

    private func records(_ kind: RecordKind, in side: Side) async throws -> [Record] {
        var records: [Record] = []
        try await side.store.forEach(kind) { records.append($0) }
        return records
    }
}
