// SPDX-License-Identifier: Apache-2.0

/// The name of a benefit in addresses and orders: 1 to ``BenefitLimits/codeBytesMax`` of `a`–`z`,
/// `0`–`9` and `-`.
package struct BenefitCode: Hashable, Sendable {
    package let text: String

    /// - Returns: nil where it is empty, too long, or has another character.
    package init?(_ text: String) {
        guard (1...BenefitLimits.codeBytesMax).contains(text.utf8.count),
            text.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
            })
        else { return nil }
        self.text = text
    }

    var bytes: [UInt8] { Array(text.utf8) }
}
