// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records

/// One transition of a refund: its record, the sale, and the two accounts between which the amount
/// moves. Where somebody else has taken the step before, nothing changes.
struct RefundStep {
    private let house: ClearingHouse
    private let now: Instant
    private(set) var refund: RefundRecord
    private let revision: UInt64
    private(set) var transition = Transition(writes: [])

    private var book: ClearingBook { house.book }

    /// - Throws: `.unknownSale` where the refund is not on record any more.
    init(
        _ house: ClearingHouse,
        _ refund: RefundRecord,
        now: Instant
    ) async throws(ClearingFailure) {
        self.house = house
        self.now = now
        let book = house.book
        guard let entry = try await book.find(RefundRecord.self, refund.key) else {
            throw .unknownSale
        }
        (self.refund, revision) = (entry.value, entry.revision)
    }

    /// Takes the amount from the merchant, or ends the refund where it is above what was paid.
    mutating func post() async throws(ClearingFailure) {
        guard refund.state == .asked else { return }
        var (cleared, over, sale) = try await sale()
        let (sum, isTooLarge) = cleared.refunded.addingReportingOverflow(
            refund.order.amount.minorUnits
        )
        if isTooLarge || sum > sale.amount.minorUnits && !isBlind {
            refund.state = .refused(.aboveSale)
            refund.endedAt = now
            return try await book.put(refund, over: revision, to: &transition)
        }
        cleared.refunded = sum
        cleared.refunds += 1
        refund.row = try await move(refund.gross, sale)
        refund.postedAt = now
        refund.state = .posted
        try await write(cleared, over)
    }

    /// Notes what the issuer says. What never comes onto the card goes back to the merchant.
    mutating func end(_ outcome: RefundOutcome) async throws(ClearingFailure) {
        guard refund.state == .posted else { return }
        switch outcome {
        case .pending: return
        case .refunded:
            (refund.state, refund.endedAt) = (.refunded, now)
            try await book.put(refund, over: revision, to: &transition)
        case .refused(let reason):
            var (cleared, over, sale) = try await sale()
            guard cleared.refunded >= refund.order.amount.minorUnits, cleared.refunds > 0 else {
                throw .damaged("refunds of sale \(cleared.transaction.text)")
            }
            cleared.refunded -= refund.order.amount.minorUnits
            cleared.refunds -= 1
            refund.returnRow = try await move(-refund.gross, sale)
            (refund.state, refund.endedAt) = (.refused(reason), now)
            try await write(cleared, over)
        }
    }

    private var isBlind: Bool {
        #if PLANTED_BUGS
            return PlantedBug.isPlanted(.refundAboveSale)
        #else
            return false
        #endif
    }

    private func sale() async throws(ClearingFailure) -> (ClearedSale, UInt64, CollectedSale) {
        let key = ClearedSale.key(refund.order.transaction)
        guard let entry = try await book.find(ClearedSale.self, key) else { throw .unknownSale }
        return (entry.value, entry.revision, try await house.sale(at: entry.value.place))
    }

    /// Moves an amount from the merchant to the pool of the card's issuer; back, where it is below
    /// zero. The balance of the merchant may fall below zero: its next sales make up for it.
    ///
    /// - Returns: the row of the merchant's account.
    private mutating func move(
        _ amount: ExactAmount,
        _ sale: CollectedSale
    ) async throws(ClearingFailure) -> UInt64 {
        var posting = Posting(book, now: now)
        let cause = AccountRow.Cause.refund(
            refund.order.transaction,
            number: refund.order.number
        )
        try await posting.move(
            amount,
            from: refund.account,
            to: sale.pool,
            cause,
            in: &transition
        )
        let row = try await posting.account(refund.account).lastRow
        try await posting.write(to: &transition)
        return row
    }

    private mutating func write(
        _ cleared: ClearedSale,
        _ over: UInt64
    ) async throws(ClearingFailure) {
        try await book.put(cleared, over: over, to: &transition)
        try await book.put(refund, over: revision, to: &transition)
    }
}
