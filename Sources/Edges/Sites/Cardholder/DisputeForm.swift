// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The form in which a holder says what is wrong with a purchase.
struct DisputeForm {
    private var reason = ""
    private var entry = DisputeEntry()
    private var consents = false
    private(set) var problems = EntryProblems()

    init() {}

    /// As it was sent.
    init(_ form: Form) {
        reason = form.text("reason")
        entry = DisputeEntry(form)
        consents = form["consent"] == "yes"
    }

    /// What the form says, where every entry is right; else ``problems`` says which is not.
    mutating func complaint(isByGuardian: Bool, at moment: Instant) -> Dispute.Complaint? {
        let chosen = DisputeReason(word: reason)
        if chosen == nil { problems.add("reason", "Choose what is wrong.") }
        entry.check(&problems, missing: "Say in a few words what happened.")
        if !consents {
            problems.add("consent", "Agree that the shop reads it: without that it cannot answer.")
        }
        guard problems.isEmpty, let chosen else { return nil }
        return Dispute.Complaint(
            chosen,
            words: entry.text,
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
        var values: [String: Any] = [
            "action": action, "reason": problems.choice("reason", options), "consent": consent,
        ]
        entry.add(to: &values, problems)
        return values
    }
}
