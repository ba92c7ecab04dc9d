// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What the issuer tells a clearing house of a dispute: all that concerns the merchant, and neither
/// card nor holder. TRX 16, MERCH 15, CURR 2, CEXP 1, M 8, paid at 8, filed at 8, reason 1, words
/// (counted), state as ``DisputeState`` bytes 11.
package struct DisputeNotice: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    package let merchant: MerchantIdentifier
    package let paid: Money
    package let paidAt: Instant
    package let filedAt: Instant
    package let reason: DisputeReason
    /// What the holder says, who has agreed that the merchant reads it.
    package let words: String
    package private(set) var state: DisputeState

    package init(_ dispute: Dispute) {
        transaction = dispute.sale.transaction
        merchant = dispute.sale.merchant
        paid = dispute.sale.paid
        paidAt = dispute.sale.paidAt
        filedAt = dispute.complaint.filedAt
        reason = dispute.complaint.reason
        words = dispute.complaint.words
        state = dispute.state
    }

    package init(_ reader: inout ByteReader) throws(WireFailure) {
        transaction = try reader.transaction()
        merchant = try reader.merchant()
        paid = try reader.money()
        paidAt = try reader.moment("paid")
        filedAt = try reader.moment("filed")
        reason = try reader.disputeReason()
        words = try reader.disputeWords()
        state = try reader.disputeState(of: paid)
        if let back = state.chargeBack, back.amount.minorUnits > paid.minorUnits {
            throw reader.failure("charge-back", .invalid)
        }
    }

    package func write(to writer: inout ByteWriter) {
        writer.transaction(transaction)
        writer.merchant(merchant)
        writer.money(paid)
        writer.moment(paidAt)
        writer.moment(filedAt)
        writer.byte(reason.rawValue)
        writer.text(words)
        writer.disputeState(state)
    }

    /// The same dispute in another state.
    package func standing(_ state: DisputeState) -> DisputeNotice {
        var notice = self
        notice.state = state
        return notice
    }

    /// The refund that the charge-back is at all parties; nil where none was decided.
    package var order: RefundOrder? {
        guard let back = state.chargeBack else { return nil }
        return RefundOrder(
            transaction: transaction,
            merchant: merchant,
            number: back.number,
            amount: back.amount
        )
    }
}
