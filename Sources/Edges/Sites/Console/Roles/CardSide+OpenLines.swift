// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records

// What is open on the cards that are seen.
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
        try await SeenPage(
            after: nil,
            limit: limit,
            isNarrowed: issuer != nil,
            of: { part($0).transaction },
            isSeen: { line async throws(Failure) in covers(part(line).card) },
            page: page
        ).items
    }
}
