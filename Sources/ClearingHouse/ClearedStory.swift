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
    /// Why it was set aside; nil for what was credited at once.
    package let reason: SuspenseReason?
    package let bookedAt: Instant
    package let refunds: [Refund]
}

extension ClearingHouse {
    /// What became of a transaction.
    ///
    /// - Returns: nil for one that never came here, and for one that moved no money and is not
    ///   among the first ``ClearingLimits/storySuspendedMax`` that wait for somebody.
    /// - Throws: `.damaged`, `.store`, `.module`.
    package func story(
        of transaction: TransactionIdentifier
    ) async throws(ClearingFailure) -> ClearedStory? {
        guard let (sale, cleared) = try await sale(transaction) else {
            return try await waiting(transaction)
        }
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
            reason: try await suspended(at: cleared.place)?.reason,
            bookedAt: booked,
            refunds: refunds
        )
    }

    /// A sale that moved no money when it was set aside.
    private func waiting(
        _ transaction: TransactionIdentifier
    ) async throws(ClearingFailure) -> ClearedStory? {
        let waiting = try await suspended(limit: ClearingLimits.storySuspendedMax)
        guard let found = waiting.first(where: { $0.sale.transaction == transaction }) else {
            return nil
        }
        return ClearedStory(
            sale: found.sale,
            place: found.place,
            isCredited: false,
            reason: found.reason,
            bookedAt: found.since,
            refunds: []
        )
    }
}
