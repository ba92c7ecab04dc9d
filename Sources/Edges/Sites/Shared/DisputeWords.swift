// SPDX-License-Identifier: Apache-2.0

package import Kernel

// Disputes, for people: holders, merchants and the issuer read the same words.
extension DisputeReason {
    /// What the holder chooses.
    package var words: String {
        switch self {
        case .notDelivered: "I did not get what I paid for"
        case .notAsDescribed: "It is not what the shop described"
        case .chargedTwice: "I was charged twice"
        case .notMine: "I did not make this purchase"
        case .wrongAmount: "The amount is wrong"
        case .other: "Something else"
        }
    }

    /// The value of the entry, and what programs read.
    package var word: String {
        switch self {
        case .notDelivered: "not-delivered"
        case .notAsDescribed: "not-as-described"
        case .chargedTwice: "charged-twice"
        case .notMine: "not-mine"
        case .wrongAmount: "wrong-amount"
        case .other: "other"
        }
    }

    /// - Returns: nil for a word that is none.
    init?(word: String) {
        guard let reason = DisputeReason.allCases.first(where: { $0.word == word }) else {
            return nil
        }
        self = reason
    }
}

extension DisputeState {
    /// What programs read.
    package var word: String {
        switch self {
        case .filed: "filed"
        case .merchantAsked: "merchant-asked"
        case .merchantAnswered: "merchant-answered"
        case .decided: "decided"
        case .cameToNothing: "came-to-nothing"
        case .refunded: "refunded"
        case .rejected: "rejected"
        case .withdrawn: "withdrawn"
        case .givenBack: "given-back"
        }
    }

    /// What issuer and merchant read.
    var badge: [String: Any] {
        switch self {
        case .filed: Shape.badge("Filed", .wait)
        case .merchantAsked: Shape.badge("Merchant asked", .wait)
        case .merchantAnswered: Shape.badge("Merchant answered", .wait)
        case .decided: Shape.badge("Refund on its way", .wait)
        case .cameToNothing: Shape.badge("Refund came to nothing", .bad)
        case .refunded: Shape.badge("Refunded", .good)
        case .rejected: Shape.badge("Rejected", .plain)
        case .withdrawn: Shape.badge("Withdrawn", .plain)
        case .givenBack: Shape.badge("Given back by the merchant", .good)
        }
    }
}

extension DisputeRefusal {
    /// Why a step is not taken, in one sentence.
    package var words: String {
        let days = DisputeLimits.filingTime.components.seconds / 86_400
        return switch self {
        case .unknownSale: "There is no such purchase."
        case .notMoney: "Points come back with their programme alone."
        case .pending: "It is not known yet whether it is paid: it will be paid or put back."
        case .putBack: "What was paid is on the card again, and the shop got nothing."
        case .disputedBefore: "There is a dispute of this purchase already."
        case .tooLate: "A purchase can be disputed for \(days) days."
        case .refundedBefore: "All that was paid was given back."
        case .tooManyOpen:
            "\(DisputeLimits.openPerCardMax) purchases of this card are disputed already, and not "
                + "decided. Wait until one of them is decided, or take one back; then tell us."
        case .unknownDispute: "There is no such dispute."
        case .ended: "It has an outcome, or was withdrawn."
        case .decidedBefore: "It is decided already, and the refund is on its way."
        case .notSaid: "An amount above zero is missing, or the words for the holder."
        case .aboveRest: "That is more than was paid, less what was given back."
        case .answeredBefore: "It is answered already."
        case .numbersUsedUp: "Too many refunds of it came to nothing."
        }
    }
}

/// The entry with the words of a dispute, as it was sent.
struct DisputeEntry {
    /// In one line, without blanks around. As much as is shown again where it is too long.
    let text: String

    static let name = "words"
    private static let lettersMax = 2 * DisputeLimits.wordsCharactersMax

    /// Nothing was sent yet.
    init() { text = "" }

    init(_ form: Form) {
        let line = form.text(Self.name).unicodeScalars.map { scalar in
            scalar.value < 0x20 || scalar.value == 0x7F ? " " : Character(scalar)
        }
        let words = String(line).split(separator: " ").joined(separator: " ")
        text = String(words.prefix(Self.lettersMax))
    }

    /// `missing`: what is said where there are none; nil where there need not be any.
    func check(_ problems: inout EntryProblems, missing: String?) {
        if let missing, text.isEmpty { problems.add(Self.name, missing) }
        if !DisputeAnswer.areWords(text) {
            problems.add(Self.name, "Use at most \(DisputeLimits.wordsCharactersMax) letters.")
        }
    }

    /// `words` and `lettersMax` of the templates, beside the rest of a form.
    func add(to values: inout [String: Any], _ problems: EntryProblems) {
        values[Self.name] = problems.field(Self.name, text)
        values["lettersMax"] = "\(DisputeLimits.wordsCharactersMax)"
    }
}

extension DisputeAnswer {
    /// What the merchant says, in the list of what both sides say.
    func row(_ moment: Instant, _ reader: Reader) -> [String: Any] {
        var row: [String: Any] = [
            "who": "Merchant", "time": reader.time(moment),
            "head": accepts ? "Agrees to give it back" : "Does not agree",
        ]
        if !words.isEmpty { row["words"] = words }
        return row
    }
}
