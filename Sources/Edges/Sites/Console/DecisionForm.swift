// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The form in which a dispute is decided: an amount, and words for the holder.
struct DecisionForm {
    private var amount: String
    private var entry = DisputeEntry()
    private(set) var problems = EntryProblems()

    private static let amountLettersMax = 24

    /// With all that is left.
    init(rest: UInt64, _ paid: Money) {
        amount = AmountEntry.text(rest, paid.exponent)
    }

    /// As it was sent.
    init(_ form: Form) {
        amount = String(form.text("amount").prefix(Self.amountLettersMax))
        entry = DisputeEntry(form)
    }

    /// What is given back, and the words, which need not be; nil where ``problems`` has something.
    mutating func refund(of paid: Money) -> (minorUnits: UInt64, words: String)? {
        entry.check(&problems, missing: nil)
        let units = AmountEntry.minorUnits(amount, paid.exponent)
        if units == nil || units == 0 { problems.add("amount", "Give an amount above zero.") }
        guard problems.isEmpty, let units else { return nil }
        return (units, entry.text)
    }

    /// The words of a rejection, which must be there; nil where ``problems`` has something.
    mutating func rejection() -> String? {
        entry.check(&problems, missing: "Say why: the holder reads it.")
        return problems.isEmpty ? entry.text : nil
    }

    /// `form` of the template: one form with two buttons.
    func values(refund: String, reject: String, rest: String) -> [String: Any] {
        var values: [String: Any] = [
            "refundAction": refund, "rejectAction": reject, "rest": rest,
            "amount": problems.field("amount", amount),
        ]
        entry.add(to: &values, problems)
        return values
    }
}
