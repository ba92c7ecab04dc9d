// SPDX-License-Identifier: Apache-2.0

import Records

/// A page of a list that is narrowed to what is seen before it is cut: an operator who sees few of
/// many would otherwise see nothing of them. For one page ``ConsoleLimits/narrowedSearchedMax`` are
/// looked through, and those that are read with the last of them.
struct SeenPage<Item, Cursor> {
    private(set) var items: [Item] = []
    /// Behind what the next page begins, which may have nothing; nil where there is known to be
    /// nothing more.
    private(set) var next: Cursor?

    /// `limit`: of ``items``, above zero.
    /// `isNarrowed`: else all are seen, and no more are read than are wanted.
    /// `page`: gives less than it is asked for at the end of the list alone; it is asked for at
    /// most ``RecordLimits/pageMax``.
    init<Failure: Error>(
        after cursor: Cursor?,
        limit: Int,
        isNarrowed: Bool,
        of place: (Item) -> Cursor,
        isSeen: (Item) async throws(Failure) -> Bool,
        page: (Cursor?, Int) async throws(Failure) -> [Item]
    ) async throws(Failure) {
        precondition(limit > 0, "a page of nothing never ends")
        let wanted = min(isNarrowed ? ConsoleLimits.narrowedRows : limit, RecordLimits.pageMax)
        var cursor = cursor
        var count = 0
        while count < ConsoleLimits.narrowedSearchedMax {
            let found = try await page(cursor, wanted)
            for item in found {
                cursor = place(item)
                count += 1
                guard try await isSeen(item) else { continue }
                items.append(item)
                if items.count == limit {
                    next = cursor
                    return
                }
            }
            if found.count < wanted { return }
        }
        next = cursor
    }
}
