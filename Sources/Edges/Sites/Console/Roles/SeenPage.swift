// SPDX-License-Identifier: Apache-2.0

import Records

/// A page of a list that is narrowed to what is seen before it is cut: an operator who sees few of
/// many would otherwise see nothing of them. At most ``ConsoleLimits/openSearchedMax`` are looked
/// through for one page.
struct SeenPage<Item, Cursor> {
    private(set) var items: [Item] = []
    /// Behind what the next page begins; nil where there is nothing more.
    private(set) var next: Cursor?

    /// `isNarrowed`: else each page of the list is a page here.
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
        var cursor = cursor
        var count = 0
        while count < ConsoleLimits.openSearchedMax {
            // What is not narrowed has its limit at once.
            let wanted = min(isNarrowed ? RecordLimits.pageMax : limit, RecordLimits.pageMax)
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
