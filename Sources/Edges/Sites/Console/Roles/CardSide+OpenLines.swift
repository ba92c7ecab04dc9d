// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records

// What is open on the cards that are seen. Lists are narrowed before they are cut: an operator of
// an issuer with few cards would otherwise see nothing of them.
extension ConsoleParts.CardSide {
    /// Draws that wait for their outcome, oldest first, at most `limit`.
    func openDraws(limit: Int) async throws(StoreFailure) -> [DrawLine] {
        try await seen(
            limit: limit,
            of: { ($0.transaction, $0.draw?.card) },
            page: { cursor, limit async throws(StoreFailure) in
                try await purchases.openDraws(after: cursor, limit: limit)
            }
        )
    }

    /// Loads through banks that wait for their end, oldest first, at most `limit`.
    func openLoads(_ loads: Loads, limit: Int) async throws(StoreFailure) -> [LoadLine] {
        try await seen(
            limit: limit,
            of: { ($0.transaction, $0.load?.card) },
            page: { cursor, limit async throws(StoreFailure) in
                try await loads.openLoads(after: cursor, limit: limit)
            }
        )
    }

    /// Loads from accounts that wait for their end, oldest first, at most `limit`.
    func openLoads(
        _ loads: AccountLoads,
        limit: Int
    ) async throws(UserFailure) -> [(transaction: TransactionIdentifier, load: AccountLoadRecord?)]
    {
        try await seen(
            limit: limit,
            of: { ($0.transaction, $0.load?.card) },
            page: { cursor, limit async throws(UserFailure) in
                try await loads.openLoads(after: cursor, limit: limit)
            }
        )
    }

    private func seen<Line, Failure: Error>(
        limit: Int,
        of part: (Line) -> (transaction: TransactionIdentifier, card: CardIdentifier?),
        page: (TransactionIdentifier?, Int) async throws(Failure) -> [Line]
    ) async throws(Failure) -> [Line] {
        var lines: [Line] = []
        var cursor: TransactionIdentifier?
        var count = 0
        while lines.count < limit, count < ConsoleLimits.openSearchedMax {
            // What is not narrowed has its limit at once.
            let wanted = issuer == nil ? limit : RecordLimits.pageMax
            let found = try await page(cursor, wanted)
            lines += found.filter { covers(part($0).card) }
            count += found.count
            guard found.count == min(wanted, RecordLimits.pageMax), let last = found.last else {
                break
            }
            cursor = part(last).transaction
        }
        return Array(lines.prefix(limit))
    }
}
