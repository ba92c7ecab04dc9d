// SPDX-License-Identifier: Apache-2.0

import Kernel

/// Where a dispute stands, as its holder reads it.
struct DisputeStanding {
    private let dispute: Dispute
    private let reader: Reader

    init(_ dispute: Dispute, _ reader: Reader) {
        self.dispute = dispute
        self.reader = reader
    }

    /// `dispute` of the template.
    var values: [String: Any] {
        var values: [String: Any] = [
            "badge": badge, "text": text, "reason": dispute.complaint.reason.words,
            "words": dispute.complaint.words, "time": reader.time(dispute.changedAt),
            "filed": reader.time(dispute.complaint.filedAt),
        ]
        if let words = dispute.decision?.words, !words.isEmpty, !isReopened {
            values["decision"] = words
        }
        return values
    }

    private var isReopened: Bool {
        if case .cameToNothing = dispute.state { true } else { false }
    }

    private var badge: [String: Any] {
        switch dispute.state {
        case .filed: Shape.badge("We look into it", .wait)
        case .merchantAsked: Shape.badge("The shop is asked", .wait)
        case .merchantAnswered: Shape.badge("The shop has answered", .wait)
        case .decided: Shape.badge("Decided for you", .good)
        case .cameToNothing: Shape.badge("We look into it again", .wait)
        case .refunded: Shape.badge("Given back", .good)
        case .rejected: Shape.badge("Nothing is given back", .plain)
        case .withdrawn: Shape.badge("Withdrawn", .plain)
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
        case .rejected: return "We have looked into it, and the shop keeps what you paid."
        case .withdrawn: return "You have taken it back, and the shop keeps what you paid."
        }
    }
}
