// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// Goes through database 223: opens every record, walks every journal, has S3 of every sale checked
/// again, and compares what was sold with what the security cards counted.
package struct SaleAudit: Sendable {
    /// A sale that ended as sold.
    package struct Sold: Equatable, Sendable {
        package let card: CardIdentifier
        package let number: UInt32
        package let amount: Money
        package let merchant: MerchantIdentifier
    }

    package struct Report: Sendable {
        package var findings: [AuditFinding] = []
        package var sold: [TransactionIdentifier: Sold] = [:]
        package var void: Set<TransactionIdentifier> = []
        package var open: Set<TransactionIdentifier> = []
        package var saleCount = 0
    }

    private let store: any RecordStore
    private let seals: any RecordSealing
    private let securityCards: [SecurityCardIdentifier: any PurchaseModule]

    package init(
        store: any RecordStore, seals: any RecordSealing, securityCards: [any PurchaseModule]
    ) {
        self.store = store
        self.seals = seals
        self.securityCards = Dictionary(
            securityCards.map { ($0.identifier, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Parameter progress: told after each sale.
    package func run(
        _ progress: @Sendable () -> Void
    ) async throws(StoreFailure) -> Report {
        var report = Report()
        // The memories first: sales that are counted while the audit runs are then too many, never
        // too few.
        let memories = try await memories(&report)
        var counted: [SecurityCardIdentifier: [SecurityCardDescription.Total]] = [:]
        var numbers: [SecurityCardIdentifier: Set<UInt32>] = [:]
        try await store.forEach(SaleRecord.kind) { record async throws(StoreFailure) in
            report.saleCount += 1
            if let sale = try await check(record, &report) {
                let card = sale.command.securityCard
                if !numbers[card, default: []].insert(sale.command.securityCardNumber).inserted {
                    report.findings.append(
                        AuditFinding(Self.place(record), "its NTPSAM was used twice"))
                }
                if let memory = memories[card],
                    sale.command.securityCardNumber <= memory.lastNumber,
                    sale.state == .sold
                {
                    SaleAudit.add(sale.command.amount, to: &counted[card, default: []])
                }
            }
            progress()
        }
        for (card, memory) in memories {
            compare(memory, counted[card] ?? [], &report)
        }
        try await store.forEach(AcquirerRecords.agreement) { record async throws(StoreFailure) in
            if await open(record) == nil {
                report.findings.append(AuditFinding(Self.place(record), "does not open"))
            }
        }
        return report
    }

    // MARK: Security cards

    private func memories(
        _ report: inout Report
    ) async throws(StoreFailure) -> [SecurityCardIdentifier: SecurityCardDescription] {
        var memories: [SecurityCardIdentifier: SecurityCardDescription] = [:]
        for (identifier, securityCard) in securityCards {
            let key = RecordKey(Terminal.memoryKind, identifier.bytes)
            guard let record = try await store.read(key) else { continue }
            let memory = SealedSecurityCard(
                identifier: identifier, revision: record.revision, body: record.body)
            if record.reply.isEmpty, !record.isOpen,
                let description = try? await securityCard.describe(memory)
            {
                memories[identifier] = description
            } else {
                report.findings.append(
                    AuditFinding("security card \(identifier.text)", "its memory does not open"))
            }
        }
        return memories
    }

    private func compare(
        _ memory: SecurityCardDescription, _ counted: [SecurityCardDescription.Total],
        _ report: inout Report
    ) {
        for total in memory.totals {
            let found = counted.first {
                $0.currency == total.currency && $0.exponent == total.exponent
            }
            if (found?.minorUnits ?? 0) < total.minorUnits || (found?.count ?? 0) < total.count {
                report.findings.append(
                    AuditFinding(
                        "security card \(memory.identifier.text)",
                        "counted \(total.count) sales of \(total.minorUnits) minor units in "
                            + "currency \(total.currency.digits), but \(found?.count ?? 0) of "
                            + "\(found?.minorUnits ?? 0) are on record"))
            }
        }
    }

    private static func add(_ amount: Money, to totals: inout [SecurityCardDescription.Total]) {
        let index = totals.firstIndex {
            $0.currency == amount.currency && $0.exponent == amount.exponent
        }
        let before = index.map { totals[$0] }
        let total = SecurityCardDescription.Total(
            currency: amount.currency, exponent: amount.exponent, count: (before?.count ?? 0) + 1,
            minorUnits: (before?.minorUnits ?? 0) &+ amount.minorUnits)
        if let index { totals[index] = total } else { totals.append(total) }
    }

    // MARK: Sales

    private func open(_ record: Record) async -> [UInt8]? {
        try? await seals.open(record.body, name: record.sealName, revision: record.revision)
    }

    private func check(
        _ record: Record, _ report: inout Report
    ) async throws(StoreFailure) -> SaleRecord? {
        let place = Self.place(record)
        guard let body = await open(record), let sale = try? SaleRecord(body),
            sale.transaction.bytes == record.key.bytes,
            record.isOpen == sale.state.isOpen
        else {
            report.findings.append(AuditFinding(place, "does not open"))
            return nil
        }
        switch sale.state {
        case .sold:
            report.sold[sale.transaction] = Sold(
                card: sale.draw.initializeAnswer.card, number: sale.draw.initializeAnswer.number,
                amount: sale.command.amount, merchant: sale.command.merchant)
        case .void, .refused: report.void.insert(sale.transaction)
        case .drawn: report.open.insert(sale.transaction)
        }
        if let answer = sale.answer, let securityCard = securityCards[sale.command.securityCard] {
            let isRight = (try? await securityCard.verify(sale.draw, sale.command, answer)) ?? false
            if !isRight { report.findings.append(AuditFinding(place, "its S3 is wrong")) }
        } else if sale.state == .sold {
            report.findings.append(AuditFinding(place, "is sold without S3"))
        }
        try await walk(sale, place, &report)
        return sale
    }

    /// Walks the journal of a sale: each row follows from the one before, the last one is sealed
    /// in the record.
    private func walk(
        _ sale: SaleRecord, _ place: String, _ report: inout Report
    ) async throws(StoreFailure) {
        let stream = sale.transaction.bytes
        var previous = [UInt8](repeating: 0, count: RecordLimits.hashBytes)
        var number: UInt64 = 0
        try await store.forEachPage(of: stream, upTo: sale.rowCount) {
            rows async throws(StoreFailure) in
            for row in rows {
                number += 1
                let expected = try? await seals.chain(
                    row.body, stream: stream, number: number, previous: previous)
                if row.number != number || expected?.hash != row.hash {
                    report.findings.append(
                        AuditFinding(
                            "\(place), journal row \(row.number)",
                            "does not follow from the row before"))
                }
                previous = row.hash
            }
        }
        if number != sale.rowCount || previous != sale.rowHash {
            report.findings.append(AuditFinding(place, "its journal is not what was sealed"))
        }
    }

    private static func place(_ record: Record) -> String {
        "payment server, \(record.key.kind.name) \(Hex.text(record.key.bytes))"
    }
}
