// SPDX-License-Identifier: Apache-2.0

/// MERCH: the merchant identifier that the acquirer gives, 15 bytes of ASCII padded with spaces.
package struct MerchantIdentifier: Hashable, Sendable {
    package static let length = 15

    /// 1 to 15 visible characters, without the padding.
    package let text: String

    /// - Parameter text: 1 to 15 characters from `!` to `~`; spaces behind them are dropped.
    package init?(_ text: String) {
        var characters = Array(text.utf8)
        while characters.last == 0x20 { characters.removeLast() }
        guard (1...MerchantIdentifier.length).contains(characters.count),
            characters.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        self.text = String(decoding: characters, as: UTF8.self)
    }

    /// The 15 bytes of the element.
    package var bytes: [UInt8] {
        let characters = Array(text.utf8)
        return characters
            + Array(repeating: 0x20, count: MerchantIdentifier.length - characters.count)
    }
}

/// IDPSAM: a security card: acquirer (4 bytes) and serial number (4 bytes).
package struct SecurityCardIdentifier: Hashable, Sendable {
    package let acquirer: UInt32
    package let serial: UInt32

    package init(acquirer: UInt32, serial: UInt32) {
        self.acquirer = acquirer
        self.serial = serial
    }

    package init(bits: UInt64) {
        acquirer = UInt32(truncatingIfNeeded: bits >> 32)
        serial = UInt32(truncatingIfNeeded: bits)
    }

    package var bits: UInt64 { UInt64(acquirer) << 32 | UInt64(serial) }
    package var bytes: [UInt8] { bits.bigEndianBytes }
    /// Sixteen hexadecimal digits.
    package var text: String { Hex.text(bytes) }
}

/// IDBANK: a bank known to the load server, 8 bytes.
package struct BankIdentifier: Hashable, Sendable {
    package let bits: UInt64

    package init(bits: UInt64) {
        self.bits = bits
    }
}
