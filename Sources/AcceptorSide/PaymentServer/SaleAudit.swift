// SPDX-License-Identifier: Apache-2.0

import Batches
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
        /// The other half of a mixed payment.
        package let otherHalf: OtherHalf?

        /// Whether it is the order that the merchant knows.
        package var isFirstHalf: Bool { otherHalf?.isFirst != true }
    }

    package struct Report: Sendable {
        package var findings: [AuditFinding] = []
        package var sold: [TransactionIdentifier: Sold] = [:]
        /// Drawn where one trip is all: sold as soon as the card is debited, though its answer has
        /// not come yet.
        package var promised: [TransactionIdentifier: Sold] = [:]
        package var void: Set<TransactionIdentifier> = []
        package var open: Set<TransactionIdentifier> = []
        package var saleCount = 0
        /// What merchants have given back, or are to.
        package var refunds: [TransactionIdentifier: SaleRefunds] = [:]
        /// Sales that a security card whose memory is elsewhere has counted.
        package var countedElsewhere: [TransactionIdentifier: SecurityCardIdentifier] = [:]
        /// Closed batches.
        package var batchCount = 0
        /// Those of them that are durable at the clearing house, as the payment server was told.
        package var acknowledged: Set<BatchName> = []
        /// The last batch that each security card has closed.
        var lastBatches: [SecurityCardIdentifier: UInt32] = [:]
    }

    let store: any RecordStore
    let seals: any RecordSealing
    let batches: any BatchChecking
    private let securityCards: [SecurityCardIdentifier: any PurchaseModule]

    /// `batches`: walks chains; signatures are checked where it has the key for them.
    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        batches: any BatchChecking,
        securityCards: [any PurchaseModule]
    ) {
        self.store = store
        self.seals = seals
        self.batches = batches
        self.securityCards = Dictionary(
            securityCards.map { ($0.identifier, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// `progress`: told after each sale.
    package func run(
        _ progress: @Sendable () -> Void
    ) async throws(StoreFailure) -> Report {
        var report = Report()
        // What a memory has counted is on record from then on, and what is on record is counted
        // in a memory that is read afterwards; so this holds beside a running server.
        let before = try await memories(&report)
        var found: [SecurityCardIdentifier: Found] = [:]
        try await store.forEach(SaleRecord.kind) { record async throws(StoreFailure) in
            report.saleCount += 1
            if let sale = try await check(record, &report) {
                let card = sale.command.securityCard
                if sale.state == .sold, sale.isClosedBySecurityCard, before[card] == nil {
                    report.countedElsewhere[sale.transaction] = card
                }
                if !found[card, default: Found()].add(sale) {
                    report.findings.append(
                        AuditFinding(Self.place(record), "its NTPSAM was used twice")
                    )
                }
            }
            progress()
        }
        for (transaction, sold) in report.sold {
            // Both became sold in one commit, perhaps while the other one had been passed already.
            guard let half = sold.otherHalf, report.sold[half.transaction] == nil,
                try await state(of: half.transaction) != .sold
            else { continue }
            report.findings.append(
                AuditFinding(
                    "payment server, sale \(Hex.text(transaction.bytes))",
                    "is sold without its other half"
                )
            )
        }
        try await checkBatches(before, &report)
        try await checkRefunds(&report)
        for (card, memory) in before { compare(memory, found[card] ?? Found(), &report) }
        var silent = Report()
        for (card, memory) in try await memories(&silent) where before[card] != nil {
            compare(found[card] ?? Found(), memory, &report)
        }
        for kind in [
            AcquirerRecords.agreement, AcquirerRecords.merchantKey, AcquirerRecords.issuerKey,
            AcquirerRecords.remoteTerminal, BatchKeyRecord.kind, BatchOrder.kind,
            SchemeUpdates.update, SchemeUpdates.revision,
        ] {
            try await store.forEach(kind) { record async throws(StoreFailure) in
                if await open(record) == nil {
                    report.findings.append(AuditFinding(Self.place(record), "does not open"))
                }
            }
        }
        return report
    }

    /// The state of a sale as it is now: nil where there is none, or where it does not open.
    package func state(
        of transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> SaleState? {
        try await sale(of: transaction)?.state
    }

    /// A sale as it is now: nil where there is none, or where it does not open.
    package func sale(
        of transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> SaleRecord? {
        guard let record = try await store.read(SaleRecord.key(transaction)),
            let body = await open(record)
        else { return nil }
        return try? SaleRecord(body)
    }

    /// Whether a security card is one of this payment server.
    package func owns(_ securityCard: SecurityCardIdentifier) -> Bool {
        securityCards[securityCard] != nil
    }

    /// A sale as it is now, as far as its security card has a say: nil where there is none, where
    /// it does not open, or where it has another number.
    package func state(
        of transaction: TransactionIdentifier,
        drawnBy securityCard: SecurityCardIdentifier,
        as number: UInt32
    ) async throws(StoreFailure) -> SaleState? {
        guard let record = try await store.read(SaleRecord.key(transaction)),
            let body = await open(record), let sale = try? SaleRecord(body),
            sale.command.securityCard == securityCard,
            sale.command.securityCardNumber == number
        else { return nil }
        return sale.state
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
                identifier: identifier,
                revision: record.revision,
                body: record.body
            )
            if record.reply.isEmpty, !record.isOpen,
                let description = try? await securityCard.describe(memory)
            {
                memories[identifier] = description
            } else {
                report.findings.append(
                    AuditFinding("security card \(identifier.text)", "its memory does not open")
                )
            }
        }
        return memories
    }

    /// The sales on record of one security card.
    private struct Found {
        var numbers: Set<UInt32> = []
        var lastNumber: UInt32 = 0
        var totals: [SecurityCardDescription.Total] = []

        /// Counts a sale.
        ///
        /// Returns whether its NTPSAM is new.
        mutating func add(_ sale: SaleRecord) -> Bool {
            let number = sale.command.securityCardNumber
            lastNumber = max(lastNumber, number)
            if sale.state == .sold, sale.isClosedBySecurityCard, sale.draw.type == .purchase {
                SaleAudit.add(sale.command.amount, to: &totals)
            }
            return numbers.insert(number).inserted
        }

        func total(like other: SecurityCardDescription.Total) -> SecurityCardDescription.Total? {
            totals.first { $0.currency == other.currency && $0.exponent == other.exponent }
        }
    }

    /// What was counted must be on record.
    private func compare(
        _ memory: SecurityCardDescription,
        _ found: Found,
        _ report: inout Report
    ) {
        for total in memory.totals {
            let sum = found.total(like: total)
            if (sum?.minorUnits ?? 0) < total.minorUnits || (sum?.count ?? 0) < total.count {
                report.findings.append(
                    AuditFinding(
                        "security card \(memory.identifier.text)",
                        "counted \(total.count) sales of \(total.minorUnits) minor units in "
                            + "currency \(total.currency.digits), but \(sum?.count ?? 0) of "
                            + "\(sum?.minorUnits ?? 0) are on record"
                    )
                )
            }
        }
    }

    /// What is on record must be counted: else the memory was put back to an older one.
    private func compare(
        _ found: Found,
        _ memory: SecurityCardDescription,
        _ report: inout Report
    ) {
        let isCounted = found.totals.allSatisfy { sum in
            memory.totals.contains {
                $0.currency == sum.currency && $0.exponent == sum.exponent
                    && $0.count >= sum.count && $0.minorUnits >= sum.minorUnits
            }
        }
        let younger: String
        if !isCounted || found.lastNumber > memory.lastNumber {
            younger = "sales"
        } else if report.lastBatches[memory.identifier, default: 0] >= memory.openBatch.number {
            younger = "batches"
        } else {
            return
        }
        report.findings.append(
            AuditFinding(
                "security card \(memory.identifier.text)",
                "its memory is older than its \(younger)"
            )
        )
    }

    private static func add(_ amount: Money, to totals: inout [SecurityCardDescription.Total]) {
        let index = totals.firstIndex {
            $0.currency == amount.currency && $0.exponent == amount.exponent
        }
        let before = index.map { totals[$0] }
        let total = SecurityCardDescription.Total(
            currency: amount.currency,
            exponent: amount.exponent,
            count: (before?.count ?? 0) + 1,
            minorUnits: (before?.minorUnits ?? 0) &+ amount.minorUnits
        )
        if let index { totals[index] = total } else { totals.append(total) }
    }

    // MARK: Sales

    private func open(_ record: Record) async -> [UInt8]? {
        try? await seals.open(record.body, name: record.sealName, revision: record.revision)
    }

    private func check(
        _ record: Record,
        _ report: inout Report
    ) async throws(StoreFailure) -> SaleRecord? {
        let place = Self.place(record)
        guard let body = await open(record), let sale = try? SaleRecord(body),
            sale.transaction.bytes == record.key.bytes,
            record.isOpen == sale.isOpen
        else {
            report.findings.append(AuditFinding(place, "does not open"))
            return nil
        }
        let sold = Sold(
            card: sale.draw.initializeAnswer.card,
            number: sale.draw.initializeAnswer.number,
            amount: sale.command.amount,
            merchant: sale.command.merchant,
            otherHalf: sale.request.terms.otherHalf
        )
        switch sale.state {
        case .sold: report.sold[sale.transaction] = sold
        case .void, .refused: report.void.insert(sale.transaction)
        case .drawn:
            report.open.insert(sale.transaction)
            if sale.request.terms.policy.isOneTrip { report.promised[sale.transaction] = sold }
        }
        let securityCard = securityCards[sale.command.securityCard]
        if securityCard == nil {
            report.findings.append(AuditFinding(place, "its security card is not on record"))
        }
        if let answer = sale.answer, let securityCard {
            let isRight = (try? await securityCard.verify(sale.draw, sale.command, answer)) ?? false
            if !isRight { report.findings.append(AuditFinding(place, "its S3 is wrong")) }
        } else if sale.answer == nil, sale.state == .sold {
            report.findings.append(AuditFinding(place, "is sold without S3"))
        }
        report.findings += try await checkJournal(of: sale, record, place)
        return sale
    }

    private func checkJournal(
        of sale: SaleRecord,
        _ record: Record,
        _ place: String
    ) async throws(StoreFailure) -> [AuditFinding] {
        let stream = sale.transaction.bytes
        return try await store.checkJournal(
            of: record,
            stream: stream,
            rows: sale.rowCount,
            lastHash: sale.rowHash,
            place: place
        ) { row, previous in
            try? await seals.chain(
                row.body,
                stream: stream,
                number: row.number,
                previous: previous
            ).hash
        }
    }

    static func place(_ record: Record) -> String {
        "payment server, \(record.key.kind.name) \(Hex.text(record.key.bytes))"
    }
}
