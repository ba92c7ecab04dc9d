// SPDX-License-Identifier: Apache-2.0

import Batches
package import Kernel
package import Records
package import SecurityModule
import Wire

/// Goes through the data of a host of terminals: opens every record, has S3 of every counted sale
/// checked again, and compares the records with what the security cards counted. The server may be
/// running.
package struct TerminalAudit: Sendable {
    /// What a security card says of one of its numbers.
    package struct Entry: Sendable {
        package let securityCard: SecurityCardIdentifier
        package let number: UInt32
        package let transaction: TransactionIdentifier
        package let state: ExchangeRecord.State

        package init(
            securityCard: SecurityCardIdentifier,
            number: UInt32,
            transaction: TransactionIdentifier,
            state: ExchangeRecord.State
        ) {
            self.securityCard = securityCard
            self.number = number
            self.transaction = transaction
            self.state = state
        }
    }

    package struct Report: Sendable {
        package var findings: [AuditFinding] = []
        package var entries: [Entry] = []
    }

    private let name: String
    private let store: any RecordStore
    private let seals: any RecordSealing
    private let securityCards: [any PurchaseModule]

    /// `name`: of the host, for the findings.
    package init(
        name: String,
        store: any RecordStore,
        seals: any RecordSealing,
        securityCards: [any PurchaseModule]
    ) {
        self.name = name
        self.store = store
        self.seals = seals
        self.securityCards = securityCards
    }

    package func run() async throws(StoreFailure) -> Report {
        var report = Report()
        // A memory is read before and after: what it counts is on record in the same commit.
        let before = try await memories(&report)
        var sums: [SecurityCardIdentifier: [Money: SecurityCardDescription.Total]] = [:]
        try await store.forEach(ExchangeRecord.kind) { record async throws(StoreFailure) in
            if let exchange = try await check(record, &report), exchange.state == .counted,
                exchange.draw.type == .purchase
            {
                let amount = exchange.command.amount
                let old = sums[exchange.command.securityCard]?[amount.unit]
                sums[exchange.command.securityCard, default: [:]][amount.unit] =
                    SecurityCardDescription.Total(
                        currency: amount.currency,
                        exponent: amount.exponent,
                        count: (old?.count ?? 0) + 1,
                        minorUnits: (old?.minorUnits ?? 0) &+ amount.minorUnits
                    )
            }
        }
        for kind in [ExchangeRecord.latest, TerminalModule.lastBatch, BatchKeyRecord.kind] {
            try await store.forEach(kind) { record async throws(StoreFailure) in
                if await open(record) == nil {
                    report.findings.append(
                        AuditFinding(
                            place("\(kind.name) \(Hex.text(record.key.bytes))"),
                            "does not open"
                        )
                    )
                }
            }
        }
        var silent = Report()
        let after = try await memories(&silent)
        for (card, memory) in before {
            compare(card, memory, sums[card] ?? [:], after[card], &report)
        }
        return report
    }

    private func place(_ text: String) -> String { "\(name), \(text)" }

    private func memories(
        _ report: inout Report
    ) async throws(StoreFailure) -> [SecurityCardIdentifier: SecurityCardDescription] {
        var memories: [SecurityCardIdentifier: SecurityCardDescription] = [:]
        for card in securityCards {
            let key = RecordKey(TerminalModule.memoryKind, card.identifier.bytes)
            guard let record = try await store.read(key) else { continue }
            let memory = SealedSecurityCard(
                identifier: card.identifier,
                revision: record.revision,
                body: record.body
            )
            if let description = try? await card.describe(memory) {
                memories[card.identifier] = description
            } else {
                report.findings.append(
                    AuditFinding(
                        place("security card \(card.identifier.text)"),
                        "its memory does not open"
                    )
                )
            }
        }
        return memories
    }

    private func open(_ record: Record) async -> [UInt8]? {
        try? await seals.open(record.body, name: record.sealName, revision: record.revision)
    }

    private func check(
        _ record: Record,
        _ report: inout Report
    ) async throws(StoreFailure) -> ExchangeRecord? {
        let place = place("exchange \(Hex.text(record.key.bytes))")
        guard let body = await open(record), let exchange = try? ExchangeRecord(body),
            record.isOpen == (exchange.state == .drawn),
            ExchangeRecord.key(
                exchange.command.securityCard,
                exchange.command.securityCardNumber
            ) == record.key
        else {
            report.findings.append(AuditFinding(place, "does not open"))
            return nil
        }
        report.entries.append(
            Entry(
                securityCard: exchange.command.securityCard,
                number: exchange.command.securityCardNumber,
                transaction: exchange.command.transaction,
                state: exchange.state
            )
        )
        guard exchange.state == .counted else { return exchange }
        let card = securityCards.first { $0.identifier == exchange.command.securityCard }
        if let card, let answer = exchange.answer,
            (try? await card.verify(exchange.draw, exchange.command, answer)) == true
        {
            return exchange
        }
        report.findings.append(AuditFinding(place, "its S3 is wrong"))
        return exchange
    }

    private func compare(
        _ card: SecurityCardIdentifier,
        _ before: SecurityCardDescription,
        _ found: [Money: SecurityCardDescription.Total],
        _ after: SecurityCardDescription?,
        _ report: inout Report
    ) {
        let isOnRecord = before.totals.allSatisfy { total in
            found.values.contains {
                $0.currency == total.currency && $0.exponent == total.exponent
                    && $0.count >= total.count && $0.minorUnits >= total.minorUnits
            }
        }
        let isCounted = found.values.allSatisfy { sum in
            after?.totals.contains {
                $0.currency == sum.currency && $0.exponent == sum.exponent
                    && $0.count >= sum.count && $0.minorUnits >= sum.minorUnits
            } ?? true
        }
        if !isOnRecord {
            report.findings.append(
                AuditFinding(place("security card \(card.text)"), "counted more than is on record")
            )
        }
        if !isCounted {
            report.findings.append(
                AuditFinding(
                    place("security card \(card.text)"),
                    "its memory is older than its sales"
                )
            )
        }
    }
}

extension Money {
    /// Nothing, in the same currency and with the same exponent.
    fileprivate var unit: Money {
        Money(minorUnits: 0, currency: currency, exponent: exponent)
    }
}
