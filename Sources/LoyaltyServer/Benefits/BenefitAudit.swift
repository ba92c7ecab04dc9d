// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// Goes through benefits and redemptions: opens every record, walks every journal, and counts the
/// pieces of each benefit in both.
package struct BenefitAudit: Sendable {
    package struct Report: Sendable {
        package var findings: [AuditFinding] = []
        package var benefitCount = 0
        package var redemptionCount = 0
        /// Pieces that were handed out and are not there.
        package var owed: UInt64 = 0
        package var redemptions: [TransactionIdentifier: Line] = [:]

        package var fulfilledCount: Int {
            redemptions.values.count { $0.state == .fulfilled }
        }
    }

    /// What is compared with orders and with the points of members.
    package struct Line: Sendable {
        package let member: Membership
        package let price: Benefit.Price
        package let state: RedemptionState
        package let points: BenefitRedemption.Points
    }

    /// Redemptions of one benefit by their records.
    private struct Count {
        var reserved: UInt64 = 0
        var fulfilled: UInt64 = 0
    }

    private let book: BenefitBook

    package init(store: any RecordStore, seals: any RecordSealing) {
        book = BenefitBook(store: store, seals: seals)
    }

    /// `progress`: told after each record.
    package func run(_ progress: @Sendable () -> Void) async throws(StoreFailure) -> Report {
        var report = Report()
        // Each step of a redemption writes its benefit: where that has the same revision before and
        // after, what was counted in between belongs to it.
        var before: [[UInt8]: UInt64] = [:]
        try await book.store.forEach(BenefitRecords.benefit) { record in
            before[record.key.bytes] = record.revision
        }
        var counts: [BenefitCode: Count] = [:]
        try await book.store.forEach(BenefitRecords.redemption) {
            record async throws(StoreFailure) in
            report.redemptionCount += 1
            try await check(redemption: record, &counts, &report)
            progress()
        }
        try await book.store.forEach(BenefitRecords.benefit) { record async throws(StoreFailure) in
            report.benefitCount += 1
            let isStill = before[record.key.bytes] == record.revision
            try await check(benefit: record, isStill ? counts : nil, &report)
            progress()
        }
        try await book.store.forEach(BenefitRecords.ofMember) { record async throws(StoreFailure) in
            try await check(entry: record, &report)
        }
        return report
    }

    private func check(
        redemption record: Record,
        _ counts: inout [BenefitCode: Count],
        _ report: inout Report
    ) async throws(StoreFailure) {
        let place = "loyalty server, redemption \(Hex.text(record.key.bytes))"
        guard let redemption = (try? await book.openRedemption(record))?.value else {
            report.findings.append(AuditFinding(place, "does not open"))
            return
        }
        switch redemption.state {
        case .reserved: counts[redemption.benefit.code, default: Count()].reserved += 1
        case .fulfilled: counts[redemption.benefit.code, default: Count()].fulfilled += 1
        case .released: break
        }
        report.redemptions[redemption.transaction] = Line(
            member: redemption.member,
            price: redemption.benefit.price,
            state: redemption.state,
            points: redemption.points
        )
        let entry = BenefitRecords.key(redemption.member, redemption.transaction.bytes)
        if try await book.store.read(entry) == nil {
            report.findings.append(AuditFinding(place, "is not in the list of its member"))
        }
        report.findings += try await journal(
            of: record,
            BenefitRecords.stream(redemption.transaction),
            redemption.lastRow,
            redemption.lastHash,
            place
        )
    }

    /// `counts`: nil where the benefit changed meanwhile.
    private func check(
        benefit record: Record,
        _ counts: [BenefitCode: Count]?,
        _ report: inout Report
    ) async throws(StoreFailure) {
        let place = "loyalty server, benefit \(String(decoding: record.key.bytes, as: UTF8.self))"
        guard let stock = (try? await book.openStock(record))?.value else {
            report.findings.append(AuditFinding(place, "does not open"))
            return
        }
        report.owed += BenefitView(stock).owed
        if !stock.isBalanced {
            report.findings.append(
                AuditFinding(place, "left, reserved and handed out are not what was put in")
            )
        }
        if let counts {
            let count = counts[stock.benefit.code] ?? Count()
            if count.reserved != stock.reserved || count.fulfilled != stock.fulfilled {
                report.findings.append(
                    AuditFinding(place, "has other redemptions than its stock says")
                )
            }
        }
        report.findings += try await journal(
            of: record,
            BenefitRecords.stream(stock.benefit.code),
            stock.lastRow,
            stock.lastHash,
            place
        )
    }

    private func check(
        entry record: Record,
        _ report: inout Report
    ) async throws(StoreFailure) {
        let transaction = Array(record.key.bytes.suffix(16))
        let place = "loyalty server, member's redemption \(Hex.text(transaction))"
        guard (try? await book.open(record)) == transaction else {
            report.findings.append(AuditFinding(place, "does not open"))
            return
        }
        let key = RecordKey(BenefitRecords.redemption, transaction)
        if try await book.store.read(key) == nil {
            report.findings.append(AuditFinding(place, "is of no redemption"))
        }
    }

    private func journal(
        of record: Record,
        _ stream: [UInt8],
        _ count: UInt64,
        _ hash: [UInt8],
        _ place: String
    ) async throws(StoreFailure) -> [AuditFinding] {
        try await book.store.checkJournal(
            of: record,
            stream: stream,
            rows: count,
            lastHash: hash,
            place: place
        ) { row, previous in
            try? await book.seals.chain(
                row.body,
                stream: stream,
                number: row.number,
                previous: previous
            ).hash
        }
    }
}
