// SPDX-License-Identifier: Apache-2.0

import Wire

/// The user identifier that a person chose, in the one form in which it is compared: capitals A–Z
/// as small letters. It is a half of what opens a card, so that it never prints.
package struct UserIdentifier: Equatable, Sendable {
    let text: String

    /// - Returns: nil where ``problem(of:)`` finds one.
    package init?(_ typed: String) {
        let text = ASCII.trimmed(typed)
        guard Self.problem(of: text) == nil else { return nil }
        self.text = ASCII.lowercased(text)
    }

    /// What is wrong with a text, from which blanks at the ends were taken.
    static func problem(of text: String) -> FieldProblem? {
        if text.isEmpty { return .missing }
        if text.count < UserLimits.identifierCharacters.lowerBound { return .tooShort }
        if text.count > UserLimits.identifierCharacters.upperBound
            || text.utf8.count > UserLimits.identifierBytesMax
        {
            return .tooLong
        }
        return text.unicodeScalars.allSatisfy(isVisible) ? nil : .notAllowed
    }

    /// The first character and dots, for a screen.
    package var masked: String { text.prefix(1) + "•••" }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator,
            .lineSeparator, .paragraphSeparator:
            false
        default: true
        }
    }
}

extension UserIdentifier: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(user identifier)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Names a user in keys and references: 32 bytes, a hash of the user identifier.
package struct UserKey: Hashable, Sendable {
    package let bytes: [UInt8]

    package static let length = 32

    init(_ bytes: [UInt8]) {
        precondition(bytes.count == UserKey.length)
        self.bytes = bytes
    }

    /// - Parameter text: base64url as ``text`` gives it.
    package init?(_ text: String) {
        guard let bytes = Base64URL.decode(text, count: UserKey.length) else { return nil }
        self.bytes = bytes
    }

    /// For a form or an address, where somebody chooses among users that they may see.
    package var text: String { Base64URL.encode(bytes) }
}
