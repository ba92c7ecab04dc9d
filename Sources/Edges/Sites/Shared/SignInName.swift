// SPDX-License-Identifier: Apache-2.0

/// The name with which somebody signs in: 1 to 32 letters a–z, digits, `.`, `_` and `-`.
package struct SignInName: Hashable, Sendable {
    package let text: String

    /// - Parameter typed: capitals are taken as small letters.
    package init?(_ typed: String) {
        let text = typed.lowercased()
        guard SignInLimits.nameBytes.contains(text.utf8.count),
            text.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0)
                    || [0x2D, 0x2E, 0x5F].contains($0)
            })
        else { return nil }
        self.text = text
    }

    package var bytes: [UInt8] { Array(text.utf8) }
}
