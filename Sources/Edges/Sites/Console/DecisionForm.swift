// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The form in which a dispute is decided: an amount, and words for the holder.
struct DecisionForm {
    private var amount: String
    private var words: String
    private(set) var problems = EntryProblems()

    private static let lettersMax = 2 * DisputeLimits.wordsCharactersMax
    private static let amountLettersMax = 24

    /// With all that is left.
    init(rest: UInt64, _ paid: Money) {
        amount = AmountEntry.text(rest, paid.exponent)
        words = ""
    }

    /// As it was sent.
    init(_ form: Form) {
        amount = String(form.text("amount").prefix(Self.amountLettersMax))
        words = String(DisputeEntry.words(form.text("words")).prefix(Self.lettersMax))
    }

    /// What is given back, and the words, which need not be; nil where ``problems`` has something.
    mutating func refund(of paid: Money) -> (minorUnits: UInt64, words: String)? {
        checkWords()
        let units = AmountEntry.minorUnits(amount, paid.exponent)
        if units == nil || units == 0 { problems.add("amount", "Give an amount above zero.") }
        guard problems.isEmpty, let units else { return nil }
        return (units, words)
    }

    /// The words of a rejection, which must be there; nil where ``problems`` has something.
    mutating func rejection() -> String? {
        checkWords()
        if words.isEmpty { problems.add("words", "Say why: the holder reads it.") }
        return problems.isEmpty ? words : nil
    }

    private mutating func checkWords() {
        if !DisputeAnswer.areWords(words) {
            problems.add("words", "Use at most \(DisputeLimits.wordsCharactersMax) letters.")
        }
    }

    /// `form` of the template: one form with two buttons.
    func values(refund: String, reject: String, rest: String) -> [String: Any] {
        [
            "refundAction": refund, "rejectAction": reject, "rest": rest,
            "amount": problems.field("amount", amount), "words": problems.field("words", words),
            "lettersMax": "\(DisputeLimits.wordsCharactersMax)",
        ]
    }
}
