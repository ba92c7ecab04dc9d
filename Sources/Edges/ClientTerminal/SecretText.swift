// SPDX-License-Identifier: Apache-2.0

/// A text that does not print.
package struct SecretText: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let text: String

    package init(_ text: String) {
        self.text = text
    }

    package var isEmpty: Bool { text.isEmpty }
    package var description: String { "(secret)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// The text itself, for the form that it belongs into.
    package func reveal() -> String { text }
}

/// What the card site asks for. The identifier is masked on the site and so is part of the secret.
package struct Credentials: Sendable {
    package let user: SecretText
    package let password: SecretText

    package init(user: SecretText, password: SecretText) {
        self.user = user
        self.password = password
    }
}
