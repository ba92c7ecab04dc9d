// SPDX-License-Identifier: Apache-2.0

/// Something that an audit found to be wrong.
package struct AuditFinding: Equatable, Sendable, CustomStringConvertible {
    /// The table and the row in it. A card is named by its last four digits.
    package let place: String
    package let problem: String

    package init(_ place: String, _ problem: String) {
        self.place = place
        self.problem = problem
    }

    package var description: String { "\(place): \(problem)" }
}

extension RecordStore {
    /// Goes through all records of a kind, in the order of their keys.
    package func forEach(
        _ kind: RecordKind,
        _ body: (Record) async throws(StoreFailure) -> Void
    ) async throws(StoreFailure) {
        var cursor: [UInt8]?
        while true {
            let page = try await list(
                kind,
                after: cursor,
                limit: RecordLimits.pageMax,
                order: .ascending
            )
            for record in page { try await body(record) }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return }
            cursor = last.key.bytes
        }
    }

    /// All rows of a stream up to a number, page by page.
    ///
    /// Returns the number of the first row behind `count`, if there is one.
    package func forEachPage(
        of stream: [UInt8],
        upTo count: UInt64,
        _ body: ([HistoryRow]) async throws(StoreFailure) -> Void
    ) async throws(StoreFailure) -> UInt64? {
        var number: UInt64 = 0
        while true {
            // One more than is wanted, to see whether the stream goes on.
            let left = count - number
            let limit = left < UInt64(RecordLimits.pageMax) ? Int(left) + 1 : RecordLimits.pageMax
            let page = try await history(stream, after: number, limit: limit)
            let wanted = page.filter { $0.number <= count }
            if !wanted.isEmpty { try await body(wanted) }
            if wanted.count < page.count { return page[wanted.count].number }
            guard page.count == limit, let last = page.last else { return nil }
            number = last.number
        }
    }

    /// Whether a row that stands behind the last one of its record was not written together with
    /// it. Row and record become durable in one commit: where the record is still the same after
    /// the row was read, the row was put there, or the record was put back to an older one.
    package func isStray(behind record: Record) async throws(StoreFailure) -> Bool {
        try await read(record.key)?.revision == record.revision
    }

    /// Walks the journal of a record that holds the number and the hash of its last row.
    ///
    /// `place`: how findings name the record.
    /// `expected`: the hash that a row has after the hash before it.
    package func checkJournal(
        of record: Record,
        stream: [UInt8],
        rows count: UInt64,
        lastHash: [UInt8],
        place: String,
        _ expected: (HistoryRow, [UInt8]) async -> [UInt8]?
    ) async throws(StoreFailure) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        var previous = [UInt8](repeating: 0, count: RecordLimits.hashBytes)
        var last: UInt64 = 0
        func note(_ number: UInt64, _ problem: String) {
            findings.append(AuditFinding("\(place), journal row \(number)", problem))
        }
        let behind = try await forEachPage(of: stream, upTo: count) {
            rows async throws(StoreFailure) in
            for row in rows {
                if row.number != last + 1 { note(last + 1, "is missing") }
                if await expected(row, previous) != row.hash {
                    note(row.number, "does not follow from the row before")
                }
                (last, previous) = (row.number, row.hash)
            }
        }
        if last < count { note(last + 1, "is missing") }
        if last == count, previous != lastHash { note(last, "is not the one that was sealed") }
        if let behind, try await isStray(behind: record) {
            note(behind, "is behind the last one of its record")
        }
        return findings
    }
}
