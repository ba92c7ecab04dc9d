// SPDX-License-Identifier: Apache-2.0

/// What a person types as a password. It never prints and cannot be compared by accident.
package struct Password: Sendable {
    let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// Whether it is longer than any that is kept; no work is spent on such a one.
    var isOversized: Bool { text.utf8.count > UserLimits.passwordBytesMax }
}

extension Password: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(password)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Which passwords are taken when a person chooses one: length counts, not a mixture of characters
/// (NIST SP 800-63B §3.1.1.2).
enum PasswordRules {
    /// - Returns: nil where the password is good enough.
    static func problem(
        of password: Password,
        identifier: UserIdentifier?,
        email: String?
    ) -> FieldProblem? {
        let text = password.text
        if text.isEmpty { return .missing }
        if text.count < UserLimits.passwordCharacters.lowerBound { return .tooShort }
        if text.count > UserLimits.passwordCharacters.upperBound || password.isOversized {
            return .tooLong
        }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            return .notAllowed
        }
        // A logon tells a one-time password from a chosen one by its shape.
        if OneTimePassword.hasMailedShape(text) { return .notAllowed }
        let folded = ASCII.lowercased(text)
        if folded == identifier?.text { return .sameAsIdentifier }
        if let email, folded == ASCII.lowercased(email) { return .tooCommon }
        if common.contains(folded) || Set(folded).count < 3 { return .tooCommon }
        return nil
    }

    /// The most used ones of at least ten characters in lists of leaked passwords.
    private static let common: Set<String> = [
        "0123456789", "0987654321", "1029384756", "111111111111", "1122334455", "1234512345",
        "123123123123", "1234567890", "12345678900", "12345678910", "123456789a", "1234567891",
        "123456789q", "1234qwerasdf", "1q2w3e4r5t", "1q2w3e4r5t6y", "1qaz2wsx3edc", "9876543210",
        "a123456789", "abc1234567", "abcd123456", "abcdefghij", "administrator", "asdfghjkl1",
        "asdfghjkl;", "basketball", "changeme123", "football123", "iloveyou12", "iloveyou123",
        "letmein1234", "liverpool1", "manchester", "michelle123", "monkey12345", "mypassword",
        "opalopalopal", "password01", "password10", "password11", "password12", "password123",
        "password1234", "password12345", "password123!", "passwordpassword", "princess123",
        "q1w2e3r4t5", "q1w2e3r4t5y6", "qazwsxedcrfv", "qwerty1234", "qwerty12345",
        "qwerty123456", "qwertyuiop", "qwertyuiop123", "qwertzuiop", "qwertzuiopü", "sunshine123",
        "superman123", "trustno1trustno1", "welcome123", "welcome1234", "zaq12wsxcde3",
    ]
}

/// Text rules that know ASCII alone.
enum ASCII {
    static func lowercased(_ text: String) -> String {
        String(
            decoding: text.utf8.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 },
            as: UTF8.self
        )
    }

    static func uppercased(_ text: String) -> String {
        String(
            decoding: text.utf8.map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 },
            as: UTF8.self
        )
    }

    /// Without the spaces and tabs at both ends.
    static func trimmed(_ text: String) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let start = text.drop(while: isBlank)
        return String(start.reversed().drop(while: isBlank).reversed())
    }

    static func isDigits(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}
