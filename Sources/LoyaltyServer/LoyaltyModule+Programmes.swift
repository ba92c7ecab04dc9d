// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

// Programmes and their rules.
extension LoyaltyModule {
    /// Founds a programme. Durable before it is given; the same again changes nothing.
    ///
    /// - Throws: `.programmeExists` where there is another one with this code.
    @discardableResult
    package func create(
        _ programme: Programme,
        _ rule: EarnRule,
        now: Instant
    ) async throws(LoyaltyFailure) -> ProgrammeRecord {
        try await book.change { () async throws(LoyaltyFailure) in
            let known = try await book.find(ProgrammeRecord.self, programme.code.bytes)?.value
            if let known {
                guard known.programme == programme, known.rule == rule else {
                    throw .programmeExists
                }
                return (known, Transition(writes: []))
            }
            var record = ProgrammeRecord(programme, rule, madeAt: now)
            let transition = try await write(&record, over: 0)
            return (record, transition)
        }
    }

    /// Changes name, maximum, sites, partners or rule, or closes a programme. What was earned
    /// before keeps the rule under which it was earned.
    ///
    /// - Throws: `.unknownProgramme`; `.programmeFixed` where home or exponent would change.
    @discardableResult
    package func change(
        _ programme: Programme,
        _ rule: EarnRule,
        isClosed: Bool = false,
        now: Instant
    ) async throws(LoyaltyFailure) -> ProgrammeRecord {
        try await book.change { () async throws(LoyaltyFailure) in
            let entry = try await book.programme(programme.code)
            guard entry.value.programme.home == programme.home,
                entry.value.programme.exponent == programme.exponent
            else { throw .programmeFixed }
            var next = entry.value
            (next.programme, next.rule, next.isClosed) = (programme, rule, isClosed)
            if next == entry.value { return (next, Transition(writes: [])) }
            let transition = try await write(&next, over: entry.revision)
            return (next, transition)
        }
    }

    private func write(
        _ record: inout ProgrammeRecord,
        over revision: UInt64
    ) async throws(LoyaltyFailure) -> Transition {
        let row = try await book.chain(
            record.version,
            record.stream,
            record.lastRow,
            record.lastHash
        )
        (record.lastRow, record.lastHash) = (row.number, row.hash)
        var transition = Transition(writes: [], history: [row])
        try await book.put(record, over: revision, to: &transition)
        return transition
    }

    /// - Throws: `.unknownProgramme`, `.damaged`.
    package func programme(
        _ code: Currency
    ) async throws(LoyaltyFailure) -> ProgrammeRecord {
        try await book.programme(code).value
    }

    /// All programmes, in the order of their codes.
    ///
    /// - Throws: `.damaged` where one does not open, which the audit names.
    package func programmes() async throws(LoyaltyFailure) -> [ProgrammeRecord] {
        // 999 codes fit into one page.
        let records = try await book.list(
            LoyaltyRecords.programme,
            after: nil,
            limit: RecordLimits.pageMax
        )
        var programmes: [ProgrammeRecord] = []
        for record in records {
            programmes.append(try await book.open(ProgrammeRecord.self, record).value)
        }
        return programmes
    }
}
