// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What became of a transaction at the clearing house, with the moments.
package struct ClearedStory: Sendable {
    package struct Refund: Sendable {
        package let number: UInt8
        package let amount: Money
        package let outcome: RefundOutcome
        /// Whether the issuer has begun it.
        package var isChargeBack: Bool { RefundOrder.chargeBackNumbers.contains(number) }
        /// When it came off the merchant's account; nil before.
        package let takenAt: Instant?
    }

    package let sale: CollectedSale
    package let place: BatchPlace
    /// Else it was set aside.
    package let isCredited: Bool
    package let bookedAt: Instant
    package let refunds: [Refund]
}

extension ClearingHouse {
    /// What became of a transaction.
    ///
    /// - Returns: nil for one that never moved money here.
    /// - Throws: `.damaged`, `.store`, `.module`.
    package func story(
        of transaction: TransactionIdentifier
    ) async throws(ClearingFailure) -> ClearedStory? {
        guard let (sale, cleared) = try await sale(transaction) else { return nil }
        let account = cleared.isCredited ? sale.merchantAccount : sale.suspense
        let row = try await rows(of: account, after: max(cleared.row, 1) - 1, limit: 1).first
        guard let booked = row?.entry.at else { return nil }
        let refunds = try await refunds(of: transaction).map { record in
            ClearedStory.Refund(
                number: record.order.number,
                amount: record.order.amount,
                outcome: record.outcome,
                takenAt: record.postedAt
            )
        }
        return ClearedStory(
            sale: sale,
            place: cleared.place,
            isCredited: cleared.isCredited,
            bookedAt: booked,
            refunds: refunds
        )
    }
}
