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
        _ kind: RecordKind, _ body: (Record) async throws(StoreFailure) -> Void
    ) async throws(StoreFailure) {
        var cursor: [UInt8]?
        while true {
            let page = try await list(
                kind, after: cursor, limit: RecordLimits.pageMax, order: .ascending)
            for record in page { try await body(record) }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return }
            cursor = last.key.bytes
        }
    }

    /// All rows of a stream up to a number, page by page.
    package func forEachPage(
        of stream: [UInt8], upTo count: UInt64,
        _ body: ([HistoryRow]) async throws(StoreFailure) -> Void
    ) async throws(StoreFailure) {
        var number: UInt64 = 0
        while number < count {
            let limit = Int(min(UInt64(RecordLimits.pageMax), count - number))
            let page = try await history(stream, after: number, limit: limit)
            guard let last = page.last else { return }
            try await body(page.filter { $0.number <= count })
            number = last.number
        }
    }
}
