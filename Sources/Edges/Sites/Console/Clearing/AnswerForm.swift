// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The form in which a merchant answers a dispute.
struct AnswerForm {
    private var choice = ""
    private var entry = DisputeEntry()
    private(set) var problems = EntryProblems()

    private static let agree = "agree"
    private static let disagree = "disagree"

    init() {}

    /// As it was sent.
    init(_ form: Form) {
        choice = form.text("choice")
        entry = DisputeEntry(form)
    }

    /// What the form says; nil where ``problems`` has something.
    mutating func answer(deliveredAt: Instant?) -> DisputeAnswer? {
        if choice != Self.agree, choice != Self.disagree {
            problems.add("choice", "Choose an answer.")
        }
        let missing = choice == Self.disagree ? "Say why: the issuer decides by it." : nil
        entry.check(&problems, missing: missing)
        guard problems.isEmpty else { return nil }
        return DisputeAnswer(
            accepts: choice == Self.agree,
            deliveredAt: deliveredAt,
            words: entry.text
        )
    }

    /// `isAgain`: whether the merchant has answered before, and can agree alone.
    /// `canAgree`: whether it can agree.
    func values(action: String, isAgain: Bool, canAgree: Bool) -> [String: Any] {
        var options = [EntryProblems.option("", "Choose", choice)]
        if !isAgain {
            options.append(EntryProblems.option(Self.disagree, "I do not agree", choice))
        }
        let agreement = "I give back all that is left of it"
        if canAgree { options.append(EntryProblems.option(Self.agree, agreement, choice)) }
        var values: [String: Any] = [
            "action": action, "choice": problems.choice("choice", options),
        ]
        if isAgain { values["isAgain"] = true }
        entry.add(to: &values, problems)
        return values
    }
}
