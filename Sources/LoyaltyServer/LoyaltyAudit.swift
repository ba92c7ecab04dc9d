// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
package import Wire

/// Goes through the loyalty server's database: opens every record, walks the history of every
/// programme and every member, and compares both with what earned, moved and spent points.
package struct LoyaltyAudit: Sendable {
    /// What the members of a programme have earned, and where it is.
    package struct Sums: Equatable, Sendable {
        package var members = 0
        package var earned: UInt64 = 0
        package var pending: UInt64 = 0
        package var undone: UInt64 = 0
        package var here: UInt64 = 0
        package var inPostings: UInt64 = 0
        package var posted: UInt64 = 0
        package var redeemed: UInt64 = 0
        package var expired: UInt64 = 0

        /// Earned is pending, undone, here, in postings, posted, redeemed and expired.
        package var isConserved: Bool {
            earned == pending &+ undone &+ here &+ inPostings &+ posted &+ redeemed &+ expired
        }

        mutating func add(_ member: Member) {
            members += 1
            earned &+= member.earned
            pending &+= member.pending
            undone &+= member.undone
            here &+= member.tranches.total
            inPostings &+= member.inPostings
            posted &+= member.posted
            redeemed &+= member.redeemed
            expired &+= member.expired
        }
    }

    package struct Report: Sendable {
        package var findings: [AuditFinding] = []
        /// Records of all kinds.
        package var recordCount = 0
        package var programmes: [Currency: Sums] = [:]
        /// Postings by how they ended, for comparison with the OPAL server.
        package var posted: [TransactionIdentifier: PointsCredit] = [:]
        package var inPostings: [TransactionIdentifier: PointsCredit] = [:]
        /// What purchases earned, likewise.
        package var purchases: [Earning: PurchaseEarn] = [:]
        /// Points that are with the programme for benefits.
        package var debits: [TransactionIdentifier: Redemption.Debit] = [:]
    }

    let book: LoyaltyBook

    package init(store: any RecordStore, sealing: any RecordSealing) {
        book = LoyaltyBook(store: store, sealing: sealing)
    }

    /// `progress`: told after each record.
    package func run(_ progress: @Sendable () -> Void) async throws(StoreFailure) -> Report {
        var report = Report()
        try await each(LoyaltyRecords.programme, &report, progress) {
            record,
            report async throws(StoreFailure) in
            report.findings += try await check(programme: record)
        }
        try await each(LoyaltyRecords.member, &report, progress) {
            record,
            report async throws(StoreFailure) in
            try await check(member: record, &report)
        }
        try await checkSources(&report, progress)
        for (code, sums) in report.programmes where !sums.isConserved {
            report.findings.append(
                AuditFinding("loyalty server, programme \(code.digits)", "is not conserved")
            )
        }
        return report
    }

    func each(
        _ kind: RecordKind,
        _ report: inout Report,
        _ progress: @Sendable () -> Void,
        _ check: (Record, inout Report) async throws(StoreFailure) -> Void
    ) async throws(StoreFailure) {
        var cursor: [UInt8]?
        while true {
            let page = try await book.store.list(
                kind,
                after: cursor,
                limit: RecordLimits.pageMax,
                order: .ascending
            )
            for record in page {
                report.recordCount += 1
                try await check(record, &report)
                progress()
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return }
            cursor = last.key.bytes
        }
    }

    // MARK: Programmes

    private func check(
        programme record: Record
    ) async throws(StoreFailure) -> [AuditFinding] {
        let place = Self.place(record)
        guard let programme = (try? await book.open(ProgrammeRecord.self, record))?.value else {
            return [AuditFinding(place, "does not open")]
        }
        return try await checkJournal(
            of: record,
            programme.stream,
            programme.lastRow,
            programme.lastHash
        )
    }

    // MARK: Members

    /// How often a member that others change is walked again.
    private static let walksMax = 5

    private func check(
        member record: Record,
        _ report: inout Report
    ) async throws(StoreFailure) {
        let place = Self.place(record)
        var record = record
        for _ in 0..<Self.walksMax {
            guard let member = (try? await book.open(Member.self, record))?.value else {
                report.findings.append(AuditFinding(place, "does not open"))
                return
            }
            var findings = try await checkJournal(
                of: record,
                member.membership.stream,
                member.lastRow,
                member.lastHash
            )
            findings += try await compare(member, place)
            let again = try await book.store.read(record.key)
            if findings.isEmpty || again?.revision == record.revision {
                report.findings += findings
                report.programmes[member.membership.programme, default: Sums()].add(member)
                return
            }
            // Somebody has changed it meanwhile, with what was compared.
            guard let again else { break }
            record = again
        }
        report.findings.append(AuditFinding(place, "changes too fast to be compared"))
    }

    /// Walks the rows of a member, and compares each with the record that it comes from.
    private func compare(
        _ member: Member,
        _ place: String
    ) async throws(StoreFailure) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        var walk = MemberWalk()
        let membership = member.membership
        _ = try await book.store.forEachPage(of: membership.stream, upTo: member.lastRow) {
            rows async throws(StoreFailure) in
            for row in rows { walk.add(row.body) }
            for (reference, amount) in walk.references {
                let key = FileEarn.key(membership.programme, reference)
                let earn = try await find(FileEarn.self, key)
                if earn?.membership != membership || earn?.points != amount {
                    findings.append(AuditFinding(place, "earned by a line that is not on record"))
                }
            }
            walk.forgetReferences()
        }
        if !walk.isOf(member) {
            findings.append(AuditFinding(place, "is not what its rows add up to"))
        }
        // Points of a member without one are never posted.
        let enrolment = Enrolment.key(membership.programme, member.enrolment)
        if try await find(Enrolment.self, enrolment)?.membership != membership {
            findings.append(AuditFinding(place, "is enrolled by no proof that is on record"))
        }
        if !member.isConserved { findings.append(AuditFinding(place, "is not conserved")) }
        return findings + (try await compareMoves(of: membership, walk, place))
    }

    private func compareMoves(
        of membership: Membership,
        _ walk: MemberWalk,
        _ place: String
    ) async throws(StoreFailure) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        func check(_ isRight: Bool, _ word: String, _ transaction: TransactionIdentifier) {
            if isRight { return }
            let problem = "\(word) \(transaction.text) is not on record as its rows say"
            findings.append(AuditFinding(place, problem))
        }
        for (transaction, move) in walk.purchases {
            let key = PurchaseEarn.key(membership.programme, transaction)
            let earn = try await find(PurchaseEarn.self, key)
            let isRight =
                earn?.membership == membership && earn?.points == move.amount
                && earn?.state.event == move.event
            check(isRight, "purchase", transaction)
        }
        for (transaction, move) in walk.postings {
            let posting = try await find(Posting.self, transaction.bytes)
            let isRight =
                posting?.credit.membership == membership && posting?.amount == move.amount
                && posting?.state.event == move.event
            check(isRight, "posting", transaction)
        }
        for (transaction, move) in walk.redemptions {
            let redemption = try await find(Redemption.self, transaction.bytes)
            let isRight =
                redemption?.debit?.membership == membership
                && redemption?.debit?.points == move.amount
                && redemption?.state.event == move.event
            check(isRight, "redemption", transaction)
        }
        return findings.sorted { $0.problem < $1.problem }
    }

    func find<Value: LoyaltyRecord>(
        _ type: Value.Type,
        _ key: [UInt8]
    ) async throws(StoreFailure) -> Value? {
        // A key that a record cannot have is that of no record.
        guard Value.kind.keyBytes.contains(key.count),
            let record = try await book.store.read(RecordKey(Value.kind, key))
        else { return nil }
        return (try? await book.open(type, record))?.value
    }

    private func checkJournal(
        of record: Record,
        _ stream: [UInt8],
        _ rows: UInt64,
        _ lastHash: [UInt8]
    ) async throws(StoreFailure) -> [AuditFinding] {
        try await book.store.checkJournal(
            of: record,
            stream: stream,
            rows: rows,
            lastHash: lastHash,
            place: Self.place(record)
        ) { row, previous in
            try? await book.sealing.chain(
                row.body,
                stream: stream,
                number: row.number,
                previous: previous
            ).hash
        }
    }

    static func place(_ record: Record) -> String {
        // A member is named by the last characters of the number.
        if record.key.kind == LoyaltyRecords.member,
            let membership = try? Membership(key: record.key.bytes)
        {
            return "loyalty server, member \(membership.number.masked)"
                + " of \(membership.programme.digits)"
        }
        return "loyalty server, \(record.key.kind.name) \(Hex.text(record.key.bytes))"
    }
}

extension EarnState {
    /// The row that tells of it.
    fileprivate var event: MemberEntry.Event {
        switch self {
        case .unconfirmed, .confirmed: .pending
        case .due: .matured
        case .undone: .undone
        }
    }
}

extension Posting.State {
    /// The row that tells of it.
    fileprivate var event: MemberEntry.Event {
        switch self {
        case .open: .posting
        case .posted: .posted
        case .refused: .putBack
        }
    }
}

extension Redemption.State {
    /// The row that tells of it.
    fileprivate var event: MemberEntry.Event? {
        switch self {
        case .debited, .kept: .debited
        case .givenBack: .givenBack
        case .takenAgain: .takenAgain
        case .cancelled: nil
        }
    }
}
