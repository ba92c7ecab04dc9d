// SPDX-License-Identifier: Apache-2.0

/// Looks for some of the records of a kind, page by page: open ones in the order of their keys, or
/// those that are not open any more, the last key first.
package struct RecordSearch: Sendable {
    private let kind: RecordKind
    private let isOpen: Bool
    private let limit: Int
    private let searchedMax: Int

    /// - Parameters:
    ///   - kind: of the records.
    ///   - isOpen: which of them.
    ///   - limit: how many one page has, at most.
    ///   - searchedMax: about how many are looked at for one page; the next one goes on behind
    ///     them.
    package init(_ kind: RecordKind, isOpen: Bool, limit: Int, searchedMax: Int) {
        self.kind = kind
        self.isOpen = isOpen
        self.limit = limit
        self.searchedMax = searchedMax
    }

    /// One page.
    ///
    /// - Parameters:
    ///   - key: behind which it begins; nil for the first one.
    ///   - store: where.
    ///   - failed: makes what is thrown of what the store says.
    ///   - open: gives what is in a record; nil for one that is not looked for.
    /// - Returns: what was found, and behind which key the next page begins; nil for the last page.
    /// - Throws: what `failed` makes of a failure of the store, and what `open` throws.
    package func page<Value, Failure: Error>(
        beyond key: [UInt8]?,
        in store: any RecordStore,
        _ failed: (StoreFailure) -> Failure,
        _ open: (Record) async throws(Failure) -> Value?
    ) async throws(Failure) -> (values: [Value], next: [UInt8]?) {
        var (values, cursor, searched): ([Value], [UInt8]?, Int) = ([], key, 0)
        while true {
            let found: [Record]
            do throws(StoreFailure) {
                found = try await records(beyond: cursor, in: store)
            } catch { throw failed(error) }
            for record in found {
                if record.isOpen == isOpen, let value = try await open(record) {
                    if values.count == limit { return (values, cursor) }
                    values.append(value)
                }
                cursor = record.key.bytes
                searched += 1
            }
            guard found.count == RecordLimits.pageMax else { return (values, nil) }
            if searched >= searchedMax { return (values, cursor) }
        }
    }

    private func records(
        beyond key: [UInt8]?,
        in store: any RecordStore
    ) async throws(StoreFailure) -> [Record] {
        let limit = RecordLimits.pageMax
        if isOpen { return try await store.listOpen(kind, after: key, limit: limit) }
        return try await store.list(kind, after: key, limit: limit, order: .descending)
    }
}
