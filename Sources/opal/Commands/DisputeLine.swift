// SPDX-License-Identifier: Apache-2.0

import Kernel
import Sites

/// One dispute, for people and programs.
struct DisputeLine: Encodable {
    let transaction: String
    let state: String
    let reason: String
    let merchant: String
    let card: String
    let currency: String
    let paidMinorUnits: UInt64
    /// What is left of the sale; nil in a list.
    let restMinorUnits: UInt64?
    /// What the merchant has given back by itself; nil in a list.
    let givenByMerchantMinorUnits: UInt64?
    /// What was decided last; nil where nothing was.
    let refundMinorUnits: UInt64?
    /// Which refund of the sale it is.
    let number: UInt8?
    /// Why the last refund came to nothing.
    let refusal: String?
    let filedAt: String
    let decideBy: String
    let changedAt: String
    let words: String
    let answer: String?
    let accepts: Bool?
    let deliveredAt: String?
    let decidedBy: String?
    let decision: String?

    init(_ dispute: Dispute, rest: UInt64? = nil, givenByMerchant: UInt64? = nil) {
        transaction = dispute.sale.transaction.text
        state = dispute.state.word
        reason = dispute.complaint.reason.word
        merchant = dispute.sale.merchant.text
        card = dispute.sale.card.masked
        currency = dispute.sale.paid.currency.digits
        paidMinorUnits = dispute.sale.paid.minorUnits
        restMinorUnits = rest
        givenByMerchantMinorUnits = givenByMerchant
        refundMinorUnits = dispute.state.chargeBack?.amount.minorUnits
        number = dispute.state.chargeBack?.number
        refusal = dispute.state.refusal?.words
        filedAt = dispute.complaint.filedAt.text
        decideBy = dispute.decideBy.text
        changedAt = dispute.changedAt.text
        words = dispute.complaint.words
        answer = dispute.answer?.words
        accepts = dispute.answer?.accepts
        deliveredAt = dispute.answer?.deliveredAt?.text
        decidedBy = dispute.decision.map { $0.decider.isEmpty ? "merchant" : $0.decider }
        decision = dispute.decision?.words
    }

    static let header = ["transaction", "state", "reason", "merchant", "paid", "decide by"]

    var cells: [String] {
        [transaction, state, reason, merchant, "\(paidMinorUnits) \(currency)", decideBy]
    }

    /// One row for each thing that is known.
    var rows: [[String]] {
        let rows: [(String, String?)] = [
            ("transaction", transaction), ("state", state), ("merchant", merchant),
            ("card", card), ("paid", "\(paidMinorUnits) minor units of \(currency)"),
            ("left", restMinorUnits.map { "\($0)" }),
            ("given back by the merchant", givenByMerchantMinorUnits.map { "\($0)" }),
            ("filed", filedAt),
            ("decide by", decideBy), ("last change", changedAt), ("reason", reason),
            ("holder", words), ("merchant agrees", accepts.map { $0 ? "yes" : "no" }),
            ("merchant says", answer), ("handed out", deliveredAt), ("decided by", decidedBy),
            ("for the holder", decision),
            ("decided refund", refundMinorUnits.map { "\($0), refund \(number ?? 0)" }),
            ("came to nothing", refusal),
        ]
        return rows.compactMap { name, value in value.map { [name, $0] } }
    }
}
