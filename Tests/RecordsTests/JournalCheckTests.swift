// SPDX-License-Identifier: Apache-2.0

import Records
import Testing

/// The walk through the journal of a record that holds the hash of its last row.
@Suite struct JournalCheckTests {
    private static let kind = RecordKind("sale", keyBytes: 1...8)
    private static let key = RecordKey(kind, [7])

    /// A stand-in for the vault's hash: it depends on the row and on the hash before.
    private static func hash(_ row: HistoryRow, _ previous: [UInt8]) -> [UInt8] {
        var hash = previous
        hash[Int(row.number) % hash.count] &+= (row.body.first ?? 0) &+ 1
        return hash
    }

    private static func rows(_ count: UInt64) -> [HistoryRow] {
        var previous = [UInt8](repeating: 0, count: RecordLimits.hashBytes)
        return (0..<count).map { index in
            let body = [UInt8(truncatingIfNeeded: index)]
            let bare = HistoryRow(stream: [7], number: index + 1, hash: previous, body: body)
            previous = hash(bare, previous)
            return HistoryRow(stream: [7], number: index + 1, hash: previous, body: body)
        }
    }

    /// The findings for a record that counts so many of the rows that are stored.
    private func findings(
        _ stored: [HistoryRow],
        count: UInt64,
        last: [UInt8]? = nil,
        recordIsNewer: Bool = false
    ) async throws -> [String] {
        let store = MemoryStore()
        let put = RecordWrite.put(Self.key, expectedRevision: 0, body: [1])
        #expect(
            try await store.commit(Transition(writes: [put], history: stored)) == .committed
        )
        let record = try #require(try await store.read(Self.key))
        if recordIsNewer {
            let next = RecordWrite.put(Self.key, expectedRevision: 1, body: [2])
            #expect(try await store.commit(Transition(writes: [next])) == .committed)
        }
        let zero = [UInt8](repeating: 0, count: RecordLimits.hashBytes)
        let sealed = count == 0 ? zero : Self.rows(count)[Int(count) - 1].hash
        return try await store.checkJournal(
            of: record,
            stream: [7],
            rows: count,
            lastHash: last ?? sealed,
            place: "it"
        ) { row, previous in Self.hash(row, previous) }.map(\.description)
    }

    @Test(arguments: [0, 1, 999, 1000, 1001, 2500] as [UInt64])
    func `a journal that is whole passes`(count: UInt64) async throws {
        #expect(try await findings(Self.rows(count), count: count) == [])
    }

    @Test(arguments: [1, 3, 5]) func `a changed row is named`(number: Int) async throws {
        var rows = Self.rows(5)
        let row = rows[number - 1]
        rows[number - 1] = HistoryRow(
            stream: row.stream,
            number: row.number,
            hash: row.hash,
            body: [99]
        )
        #expect(
            try await findings(rows, count: 5) == [
                "it, journal row \(number): does not follow from the row before"
            ]
        )
    }

    @Test(arguments: [0, 4] as [UInt64]) func `a last row that is missing is named`(left: UInt64)
        async throws
    {
        #expect(
            try await findings(Self.rows(left), count: 5) == [
                "it, journal row \(left + 1): is missing"
            ]
        )
    }

    @Test func `hashes that were made anew are not the sealed one`() async throws {
        let other = [UInt8](repeating: 9, count: RecordLimits.hashBytes)
        #expect(
            try await findings(Self.rows(3), count: 3, last: other) == [
                "it, journal row 3: is not the one that was sealed"
            ]
        )
    }

    @Test(arguments: [0, 3, 1000] as [UInt64])
    func `a row behind the last one is named`(count: UInt64) async throws {
        #expect(
            try await findings(Self.rows(count + 1), count: count) == [
                "it, journal row \(count + 1): is behind the last one of its record"
            ]
        )
    }

    @Test func `a row of a commit that came meanwhile is right`() async throws {
        #expect(try await findings(Self.rows(4), count: 3, recordIsNewer: true) == [])
    }
}
