// SPDX-License-Identifier: Apache-2.0

import OPALServer

/// What is wrong with a new password.
struct PasswordProblems {
    private let field: String
    private let text: String

    private init(field: String, text: String) {
        self.field = field
        self.text = text
    }

    init(_ problem: FieldProblem) {
        self.init(field: "newPassword", text: problem.text(.password))
    }

    /// Nil where both entries are the same.
    init?(repeated form: Form) {
        guard form.text("newPassword") != form.text("repeatedPassword") else { return nil }
        self.init(field: "repeatedPassword", text: "The two new passwords are not the same.")
    }

    static let oldWrong = PasswordProblems(
        field: "password",
        text: "This is not your present password."
    )

    var values: [String: Any] {
        [
            "title": "The password was not changed",
            "items": [["field": field, "text": text] as [String: Any]],
        ]
    }

    /// A `Form` of the templates with these entries.
    static func form(
        action: String,
        _ entries: [String],
        _ problems: PasswordProblems?
    ) -> [String: Any] {
        var form: [String: Any] = ["action": action]
        for entry in entries {
            var values: [String: Any] = [:]
            if let problems, problems.field == entry { values["error"] = problems.text }
            form[entry] = values
        }
        return form
    }
}
