// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The form in which a merchant answers a dispute.
struct AnswerForm {
    private var choice = ""
    private var words = ""
    private(set) var problems = EntryProblems()

    private static let lettersMax = 2 * DisputeLimits.wordsCharactersMax
    private static let agree = "agree"
    private static let disagree = "disagree"

    init() {}

    /// As it was sent.
    init(_ form: Form) {
        choice = form.text("choice")
        words = String(DisputeEntry.words(form.text("words")).prefix(Self.lettersMax))
    }

    /// What the form says; nil where ``problems`` has something.
    mutating func answer(deliveredAt: Instant?) -> DisputeAnswer? {
        if choice != Self.agree, choice != Self.disagree {
            problems.add("choice", "Choose an answer.")
        }
        if choice == Self.disagree, words.isEmpty {
            problems.add("words", "Say why: the issuer decides by it.")
        }
        if !DisputeAnswer.areWords(words) {
            problems.add("words", "Use at most \(DisputeLimits.wordsCharactersMax) letters.")
        }
        guard problems.isEmpty else { return nil }
        return DisputeAnswer(
            accepts: choice == Self.agree,
            deliveredAt: deliveredAt,
            words: words
        )
    }

    func values(action: String) -> [String: Any] {
        let options = [
            EntryProblems.option("", "Choose", choice),
            EntryProblems.option(Self.disagree, "I do not agree", choice),
            EntryProblems.option(Self.agree, "I give back all that is left of it", choice),
        ]
        return [
            "action": action, "choice": problems.choice("choice", options),
            "words": problems.field("words", words),
            "lettersMax": "\(DisputeLimits.wordsCharactersMax)",
        ]
    }
}
