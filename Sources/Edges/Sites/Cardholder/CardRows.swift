// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Wire

/// A card's history, read from its newest row backwards.
struct CardRows {
    /// A row with its number.
    typealias Row = (number: UInt64, entry: CardHistoryEntry)

    /// Rows that one page or one file looks at; older ones are not found by a filter.
    static let scannedMax = 10_000
    private static let chunk = 500

    let desk: CardDesk
    let card: CardIdentifier
    /// Number of the newest row.
    let count: UInt64

    /// Rows from the newest on, behind the first `skipped` ones.
    func newest(_ limit: Int, skipped: UInt64 = 0) async throws(SiteFailure) -> [Row] {
        guard skipped < count else { return [] }
        let last = count - skipped
        let first = last > UInt64(limit) ? last - UInt64(limit) : 0
        do {
            return try await desk.history(card, after: first, limit: Int(last - first)).reversed()
        } catch {
            throw .unavailable(error)
        }
    }

    /// Calls for each row, newest first, until the answer is false or enough were seen.
    func scan(_ body: (Row) -> Bool) async throws(SiteFailure) {
        var skipped: UInt64 = 0
        while skipped < min(count, UInt64(Self.scannedMax)) {
            let rows = try await newest(Self.chunk, skipped: skipped)
            if rows.isEmpty { return }
            for row in rows where !body(row) { return }
            skipped += UInt64(rows.count)
        }
    }
}

extension CardHistoryEntry {
    enum Kind: String, CaseIterable {
        case payment, load, recovery, moved

        var label: String {
            switch self {
            case .payment: "Payments"
            case .load: "Loads"
            case .recovery: "Put back"
            case .moved: "Moved"
            }
        }
    }

    var kind: Kind {
        switch event {
        case .debit: .payment
        case .load: .load
        case .recovery: .recovery
        case .moved: .moved
        }
    }

    /// Whom the row is about: the shop, or what was done.
    var title: String {
        switch event {
        case .debit(let evidence): evidence.command.merchant.text
        case .load: "Value loaded"
        case .recovery: "Value put back"
        case .moved: "Value moved to the new card"
        }
    }
}
