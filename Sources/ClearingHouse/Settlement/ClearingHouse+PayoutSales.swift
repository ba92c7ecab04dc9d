// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// Where a page of the sales of a payout begins: in a row of its account, at an index of the batch.
package struct PayoutSalesCursor: Equatable, Sendable {
    package let row: UInt64
    /// 0 for the first sale of the row.
    package let index: UInt32

    package init(row: UInt64, index: UInt32 = 0) {
        self.row = row
        self.index = index
    }
}

// From a payout to each sale that it pays (`docs/decisions/0027`).
extension ClearingHouse {
    /// A page of the sales that a payout pays, in the order of the rows of its account; what was
    /// released from suspense is among them.
    ///
    /// - Parameters:
    ///   - payout: as it is on record.
    ///   - cursor: where the page begins; one that is not within the payout is its beginning.
    ///   - limit: how many at the most, at least 1.
    /// - Returns: the sales, and where the next page begins; nil behind the last one.
    /// - Throws: `.damaged` where a row or a sale is missing or does not open; `.store`, `.module`.
    package func sales(
        of payout: Payout,
        from cursor: PayoutSalesCursor? = nil,
        limit: Int
    ) async throws(ClearingFailure) -> (sales: [SaleView], next: PayoutSalesCursor?) {
        let content = payout.content
        var cursor = cursor ?? PayoutSalesCursor(row: 0)
        if cursor.row <= content.after || cursor.row > content.upTo {
            cursor = PayoutSalesCursor(row: content.after + 1)
        }
        var found: [SaleView] = []
        while cursor.row <= content.upTo {
            guard
                let row = try await rows(
                    of: payout.account,
                    after: cursor.row - 1,
                    limit: 1
                ).first
            else { throw .damaged("row \(cursor.row) of \(payout.account.name)") }
            let page = try await sales(
                of: row.entry,
                payout.account,
                from: cursor.index,
                limit: limit - found.count
            )
            found += page.sales
            if let index = page.next {
                return (found, PayoutSalesCursor(row: cursor.row, index: index))
            }
            cursor = PayoutSalesCursor(row: cursor.row + 1)
        }
        return (found, nil)
    }

    /// The sales that one row names, and the index of the first one beyond the limit.
    private func sales(
        of row: AccountRow,
        _ account: LedgerAccount,
        from index: UInt32,
        limit: Int
    ) async throws(ClearingFailure) -> (sales: [SaleView], next: UInt32?) {
        let (batch, first, last): (BatchName, UInt32, UInt32)
        let isReleased: Bool
        switch row.cause {
        case .sales(let sales):
            (batch, first, last, isReleased) = (sales.batch, sales.first, sales.last, false)
        case .released(let place):
            (batch, first, last, isReleased) = (place.batch, place.index, place.index, true)
        default: return ([], nil)
        }
        var found: [SaleView] = []
        var next = max(index, first)
        while next <= last {
            let page = try await sales(of: batch, from: next, limit: CollectionMessage.partMax)
            guard let end = page.last else {
                throw .damaged("sale \(next) of batch \(Hex.text(batch.bytes))")
            }
            // Between the sales of this account stand those of others, and what was set aside.
            for view in page where view.place.index <= last {
                let isPaid = isReleased || view.outcome == .cleared
                guard isPaid, view.sale.merchantAccount == account else { continue }
                if found.count == limit { return (found, view.place.index) }
                found.append(view)
            }
            next = end.place.index + 1
        }
        return (found, nil)
    }
}
