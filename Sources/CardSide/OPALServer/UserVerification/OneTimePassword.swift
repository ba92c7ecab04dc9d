// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The one-time logon password of a confirmation mail (FIG. 10, step 502): four groups of four
/// letters, for instance `KRTA-BWEN-XYDM-CFHP`. 22 letters give 71 bits.
struct OneTimePassword: Sendable {
    /// Capitals without those that look like another letter or digit (I, L, O, U).
    static let alphabet = Array("ABCDEFGHJKMNPQRSTVWXYZ".utf8)
    static let letters = 16
    static let groupLetters = 4

    /// The sixteen letters; the groups are for the reader only.
    let text: String

    init(from random: any RandomSource) {
        var letters: [UInt8] = []
        // Bytes from the largest multiple on are dropped, so that each letter is as likely.
        let bound = 256 / Self.alphabet.count * Self.alphabet.count
        while letters.count < Self.letters {
            for byte in random.bytes(Self.letters) where Int(byte) < bound {
                guard letters.count < Self.letters else { break }
                letters.append(Self.alphabet[Int(byte) % Self.alphabet.count])
            }
        }
        text = String(decoding: letters, as: UTF8.self)
    }

    /// Reads what a person typed: in any case, with or without dashes and spaces.
    ///
    /// - Returns: nil where it is none that could have been mailed.
    init?(typed: String) {
        let letters = ASCII.uppercased(typed).utf8.filter { $0 != 0x2D && $0 != 0x20 }
        guard letters.count == Self.letters, letters.allSatisfy(Self.alphabet.contains) else {
            return nil
        }
        text = String(decoding: letters, as: UTF8.self)
    }

    /// As it stands in the mail.
    var grouped: String {
        stride(from: 0, to: Self.letters, by: Self.groupLetters)
            .map { start in
                String(text.dropFirst(start).prefix(Self.groupLetters))
            }
            .joined(separator: "-")
    }

    /// Whether the text is written in groups as in the mail.
    static func hasMailedShape(_ text: String) -> Bool {
        guard let password = OneTimePassword(typed: text) else { return false }
        let typed = ASCII.uppercased(ASCII.trimmed(text))
        return typed.replacing(" ", with: "-") == password.grouped
    }
}

extension OneTimePassword: CustomStringConvertible, CustomReflectable {
    var description: String { "(one-time password)" }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
