// SPDX-License-Identifier: Apache-2.0

import Kernel

/// Where a dispute stands, as its holder reads it.
struct DisputeStanding {
    private let dispute: Dispute
    /// What the shop has given back by itself, in minor units.
    private let given: UInt64
    private let reader: Reader

    init(_ dispute: Dispute, givenByShop given: UInt64, _ reader: Reader) {
        self.dispute = dispute
        self.given = given
        self.reader = reader
    }

    /// `dispute` of the template.
    var values: [String: Any] {
        var values: [String: Any] = [
            "badge": badge, "text": text + besides, "reason": dispute.complaint.reason.words,
            "words": dispute.complaint.words, "time": reader.time(dispute.changedAt),
            "filed": reader.time(dispute.complaint.filedAt),
        ]
        if let words = dispute.decision?.words, !words.isEmpty, isDecided {
            values["decision"] = words
        }
        return values
    }

    /// Whether the last decision still stands.
    private var isDecided: Bool {
        switch dispute.state {
        case .decided, .refunded, .rejected: true
        default: false
        }
    }

    private var badge: [String: Any] {
        switch dispute.state {
        case .filed: Shape.badge("We look into it", .wait)
        case .merchantAsked: Shape.badge("The shop is asked", .wait)
        case .merchantAnswered: Shape.badge("The shop has answered", .wait)
        case .decided: Shape.badge("Decided for you", .good)
        case .cameToNothing: Shape.badge("We look into it again", .wait)
        case .refunded: Shape.badge("Given back", .good)
        case .rejected where given > 0: Shape.badge("Nothing more is given back", .plain)
        case .rejected: Shape.badge("Nothing is given back", .plain)
        case .withdrawn: Shape.badge("Withdrawn", .plain)
        case .givenBack: Shape.badge("Given back by the shop", .good)
        }
    }

    private var text: String {
        let day = reader.day(dispute.decideBy)
        switch dispute.state {
        case .filed: return "The shop is asked next. We decide until \(day)."
        case .merchantAsked:
            let answer = reader.day(dispute.answerBy)
            return "The shop has time until \(answer) for an answer. We decide until \(day)."
        case .merchantAnswered: return "Now we decide, until \(day)."
        case .decided(let back):
            return "You get \(reader.amount(back.amount)) back. It is on its way to your card."
        case .cameToNothing:
            return "It was decided for you, and the refund could not be made. We decide again."
        case .refunded(let back):
            return "\(reader.amount(back.amount)) is on your card again."
        case .rejected: return "We have looked into it, and \(kept)."
        case .withdrawn: return "You have taken it back, and \(kept)."
        case .givenBack:
            return "The shop has given back all that you paid: "
                + "\(reader.amount(dispute.sale.paid)) is on your card again."
        }
    }

    /// What the shop keeps, where nothing was decided for the holder.
    private var kept: String {
        if given == 0 { return "the shop keeps what you paid" }
        return given < dispute.sale.paid.minorUnits
            ? "the shop keeps the rest of what you paid" : "nothing was decided for you"
    }

    /// What the shop has given back, where the text does not say it.
    private var besides: String {
        guard given > 0, dispute.state != .givenBack else { return "" }
        let amount = Money(minorUnits: given, as: dispute.sale.paid)
        return " The shop has given back \(reader.amount(amount)) by itself."
    }
}
