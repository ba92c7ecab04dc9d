// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel

// What became of a sale at the clearing house, and what was given back of it.
extension StoryWriter {
    var clearingSteps: [StoryStep] {
        guard let cleared = records.cleared else { return [] }
        let place = "batch \(cleared.place.batch.number), sale \(cleared.place.index)"
        let amount = reader.amount(cleared.sale.amount)
        var steps = [
            StoryStep(
                moment: cleared.bookedAt,
                rank: .settled,
                party: "Clearing house",
                title: cleared.isCredited ? "Cleared" : "Set aside",
                text: cleared.isCredited
                    ? "\(amount) is owed to the merchant, less its fee: \(place)."
                    : "\(amount) waits for an operator: \(why(cleared)). It is \(place).",
                tone: cleared.isCredited ? .good : .wait
            )
        ]
        for refund in cleared.refunds {
            guard let taken = refund.takenAt else { continue }
            let given = reader.amount(refund.amount)
            steps.append(
                StoryStep(
                    moment: taken,
                    rank: .settled,
                    party: "Clearing house",
                    title: refund.isChargeBack ? "Charge-back" : "Refund \(refund.number)",
                    text: "\(given) comes off what the merchant is owed"
                        + (refund.isChargeBack ? ", as the issuer has decided. " : ". ")
                        + refund.outcome.text,
                    tone: refund.outcome == .refunded ? .good : .wait
                )
            )
        }
        return steps
    }

    /// Where only the clearing house is in this process.
    func clearedMoney(of cleared: ClearedStory) -> Story.Money {
        let merchant = cleared.sale.merchant.text
        return cleared.isCredited
            ? .init(
                text: "\(amountText) is owed to merchant \(merchant): the sale is cleared.",
                tone: .good
            )
            : .init(
                text: "\(amountText) is set aside, and waits for a decision about the sale.",
                tone: .wait
            )
    }

    private func why(_ cleared: ClearedStory) -> String {
        cleared.reason?.words ?? "it is in suspense"
    }

    /// Whether the clearing house has set the sale aside, and nobody is paid for it.
    var isSetAside: Bool { records.cleared.map { !$0.isCredited } ?? false }

    /// What came back to the card, behind what became of the money; empty where nothing did.
    var refundText: String {
        let back = records.cleared?.refunds.filter { $0.outcome == .refunded } ?? []
        guard let first = back.first else { return "" }
        let sum = back.reduce(UInt64(0)) { $0 &+ $1.amount.minorUnits }
        let amount = Money(
            minorUnits: sum,
            currency: first.amount.currency,
            exponent: first.amount.exponent
        )
        return back.contains(where: \.isChargeBack)
            ? " Of it, \(reader.amount(amount)) came back to the card."
            : " The merchant has given \(reader.amount(amount)) back to the card."
    }
}

extension RefundOutcome {
    fileprivate var text: String {
        switch self {
        case .pending: "Its issuer has not said yet that it is on the card."
        case .refunded: "It is on the card."
        case .refused: "It did not come onto the card, and went back to the merchant."
        }
    }
}
