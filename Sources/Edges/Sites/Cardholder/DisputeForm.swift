// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The form in which a holder says what is wrong with a purchase.
struct DisputeForm {
    private var reason = ""
    private var words = ""
    private var consents = false
    private(set) var problems = EntryProblems()

    init() {}

    /// As it was sent.
    init(_ form: Form) {
        reason = form.text("reason")
        // As much as is shown again where it is too long.
        words = String(DisputeEntry.words(form.text("words")).prefix(Self.lettersMax))
        consents = form["consent"] == "yes"
    }

    private static let lettersMax = 2 * DisputeLimits.wordsCharactersMax

    /// What the form says, where every entry is right; else ``problems`` says which is not.
    mutating func complaint(isByGuardian: Bool, at moment: Instant) -> Dispute.Complaint? {
        let chosen = DisputeReason(word: reason)
        if chosen == nil { problems.add("reason", "Choose what is wrong.") }
        if words.isEmpty { problems.add("words", "Say in a few words what happened.") }
        if !DisputeAnswer.areWords(words) {
            problems.add("words", "Use at most \(DisputeLimits.wordsCharactersMax) letters.")
        }
        if !consents {
            problems.add("consent", "Agree that the shop reads it: without that it cannot answer.")
        }
        guard problems.isEmpty, let chosen else { return nil }
        return Dispute.Complaint(
            chosen,
            words: words,
            isByGuardian: isByGuardian,
            filedAt: moment
        )
    }

    func values(action: String) -> [String: Any] {
        let options =
            [EntryProblems.option("", "Choose", reason)]
            + DisputeReason.allCases.map { EntryProblems.option($0.word, $0.words, reason) }
        var consent = problems.field("consent", "yes")
        if consents { consent["checked"] = true }
        return [
            "action": action, "reason": problems.choice("reason", options),
            "words": problems.field("words", words), "consent": consent,
            "lettersMax": "\(DisputeLimits.wordsCharactersMax)",
        ]
    }
}
