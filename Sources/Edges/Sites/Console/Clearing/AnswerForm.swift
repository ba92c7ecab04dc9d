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

    func values(action: String) -> [String: Any] {
        let options = [
            EntryProblems.option("", "Choose", choice),
            EntryProblems.option(Self.disagree, "I do not agree", choice),
            EntryProblems.option(Self.agree, "I give back all that is left of it", choice),
        ]
        var values: [String: Any] = [
            "action": action, "choice": problems.choice("choice", options),
        ]
        entry.add(to: &values, problems)
        return values
    }
}
