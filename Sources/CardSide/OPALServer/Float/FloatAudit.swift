// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Kernel
package import Records
package import SecurityModule
import Wire

/// Compares what cards have paid, by the sales that came back with a right S6, with what their own
/// records and histories say (`docs/decisions/0028`). It goes through the numbers in the order of
/// the cards, and reads the history of a card that has any, once: neither cards nor sales are in
/// memory.
package struct FloatAudit: Sendable {
    package struct Report: Sendable {
        package var findings: [AuditFinding] = []
        /// Sales that hold their number and are proved.
        package var provedCount = 0
        /// Cards with a sale that came back.
        package var cardCount = 0
        /// Minor units of proved sales, by currency and exponent (the amount in the key is zero).
        package var proved: [Money: UInt64] = [:]
        /// Proved sales whose value the card still has, because it was set back, or is one of two.
        package var forgotten: [TransactionIdentifier: CollectedSale] = [:]
    }

    let cards: any RecordStore
    let debits: OwnDebits
    let module: any CardModule
    private let ledger: SealedRecords

    /// Parameters as of ``SaleProofs``.
    package init(
        ledger: (store: any RecordStore, seals: any RecordSealing),
        cards: (store: any RecordStore, seals: any RecordSealing),
        module: any CardModule
    ) {
        self.ledger = SealedRecords(store: ledger.store, sealing: ledger.seals)
        self.cards = cards.store
        self.module = module
        debits = OwnDebits(store: cards.store, seals: cards.seals, module: module)
    }

    /// Everything is only read, so that it can run beside the servers: a number is read before the
    /// history of its card, which has what it was proved for by then.
    ///
    /// `progress`: told after each number.
    package func run(_ progress: @Sendable () -> Void) async throws(StoreFailure) -> Report {
        var report = Report()
        var numbers = NumberCursor(ledger)
        while let card = try await numbers.card(&report) {
            report.cardCount += 1
            try await check(card, &numbers, &report, progress)
        }
        try await ledger.store.forEach(RefusedSaleRecord.kind) {
            record async throws(StoreFailure) in
            try await check(refused: record, &report)
        }
        try await ledger.store.forEach(DormancyRuleRecord.kind) {
            record async throws(StoreFailure) in
            let opened = try? await ledger.open(record)
            if opened.flatMap({ try? DormancyRuleRecord.read($0.body) }) == nil {
                report.findings.append(FloatAudit.damaged(record))
            }
        }
        try await ledger.store.forEach(BlockChange.kind) {
            record async throws(StoreFailure) in
            let opened = try? await ledger.open(record)
            if opened.flatMap({ try? BlockChange($0.body, key: record.key.bytes) }) == nil {
                report.findings.append(FloatAudit.damaged(record))
            }
        }
        try await ledger.store.forEach(ListedCard.kind) {
            record async throws(StoreFailure) in
            let opened = try? await ledger.open(record)
            if opened.flatMap({ try? ListedCard($0.body) }) == nil {
                report.findings.append(FloatAudit.damaged(record))
            }
        }
        return report
    }

    /// A sale that nobody here has signed. One that is proved by now was refused for a key or a
    /// card that has been brought back.
    private func check(
        refused record: Record,
        _ report: inout Report
    ) async throws(StoreFailure) {
        guard let opened = try? await ledger.open(record),
            let refused = try? RefusedSaleRecord(opened.body),
            RefusedSaleRecord.key(refused.sale) == record.key
        else {
            report.findings.append(FloatAudit.damaged(record))
            return
        }
        let sale = refused.sale
        let known = try await number(sale.card, sale.number)
        if known?.answer(to: sale) != nil { return }
        let amount = sale.amount.auditText
        let problem =
            switch refused.proof {
            case .unknownCard: "a sale of \(amount) came back, and there is no such card"
            case .unknownKeyVersion:
                "a sale of \(amount) came back, and there is no key version \(sale.keyVersion)"
            default: "a sale of \(amount) came back with a wrong S6: it is forged"
            }
        report.findings.append(FloatAudit.finding(sale.card, sale.number, problem))
    }

    /// What came back with one number; nil where nothing did, or the record does not open.
    func number(
        _ card: CardIdentifier,
        _ number: UInt32
    ) async throws(StoreFailure) -> NumberRecord? {
        let key = NumberRecord.key(card, number)
        guard let record = try await ledger.store.read(key),
            let opened = try? await ledger.open(record)
        else { return nil }
        return try? NumberRecord(opened.body, key: key.bytes)
    }

    static func finding(
        _ card: CardIdentifier,
        _ number: UInt32,
        _ problem: String
    ) -> AuditFinding {
        AuditFinding(CardAuditor.cardPlace(card.bytes), "number \(number): \(problem)")
    }

    /// Keys lead with a card number, but for a rule's and a change's.
    static func damaged(_ record: Record) -> AuditFinding {
        let (kind, key) = (record.key.kind, record.key.bytes)
        let name: String
        if kind == DormancyRuleRecord.kind {
            name = "issuer \(Hex.text(key))"
        } else if kind == BlockChange.kind {
            name = "revision \(Hex.text(key))"
        } else if kind == ListedCard.kind {
            name = "card •••• •••• •••• \(Hex.text(key[6..<8]))"
        } else {
            let number = key[8..<12].reduce(0) { $0 << 8 | UInt32($1) }
            name = "card •••• •••• •••• \(Hex.text(key[6..<8])), number \(number)"
        }
        return AuditFinding("issuer's float, \(kind.name) of \(name)", "does not open")
    }
}

extension Money {
    /// For findings: minor units, and in which currency at which exponent.
    var auditText: String { "\(minorUnits) of \(currency.digits)/\(exponent.decimals)" }
}

/// Goes through the numbers that came back, in the order of cards and numbers, a page at a time.
struct NumberCursor {
    private let ledger: SealedRecords
    private var page: ArraySlice<Record> = []
    private var behind: [UInt8]?
    private var isAtEnd = false

    init(_ ledger: SealedRecords) {
        self.ledger = ledger
    }

    /// The card of the next number; nil at the end.
    mutating func card(_ report: inout FloatAudit.Report) async throws(StoreFailure)
        -> CardIdentifier?
    {
        try await peek(&report)?.card
    }

    /// The next number of a card; nil where the next one is another's.
    mutating func next(
        of card: CardIdentifier,
        _ report: inout FloatAudit.Report
    ) async throws(StoreFailure) -> NumberRecord? {
        guard let number = try await peek(&report), number.card == card else { return nil }
        return number
    }

    /// Leaves the number that was looked at behind.
    mutating func advance() {
        current = nil
    }

    private var current: NumberRecord?

    /// Records that do not open are named and passed over.
    private mutating func peek(
        _ report: inout FloatAudit.Report
    ) async throws(StoreFailure) -> NumberRecord? {
        while current == nil {
            guard let record = try await read() else { return nil }
            if let opened = try? await ledger.open(record),
                let number = try? NumberRecord(opened.body, key: record.key.bytes)
            {
                current = number
            } else {
                report.findings.append(FloatAudit.damaged(record))
            }
        }
        return current
    }

    private mutating func read() async throws(StoreFailure) -> Record? {
        if page.isEmpty, !isAtEnd {
            let records = try await ledger.store.list(
                NumberRecord.kind,
                after: behind,
                limit: RecordLimits.pageMax,
                order: .ascending
            )
            page = records[...]
            behind = records.last?.key.bytes
            isAtEnd = records.count < RecordLimits.pageMax
        }
        return page.popFirst()
    }
}
