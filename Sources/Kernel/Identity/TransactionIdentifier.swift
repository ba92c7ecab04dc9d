// SPDX-License-Identifier: Apache-2.0

/// TRX: the transaction identifier, 16 bytes: a UUID that the merchant (or the bank) makes.
package struct TransactionIdentifier: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A UUID of version 7 (RFC 9562 §5.7), so that records are in the order of their time.
    ///
    /// `random`: 16 fresh random bytes, as two integers.
    package init(at instant: Instant, random: (UInt64, UInt64)) {
        let milliseconds = UInt64(bitPattern: instant.milliseconds) & 0xFFFF_FFFF_FFFF
        high = milliseconds << 16 | 0x7000 | (random.0 & 0x0FFF)
        low = 0x8000_0000_0000_0000 | (random.1 >> 2)
    }

    /// - Parameter text: 36 characters, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, or 32 without
    ///   dashes.
    package init?(_ text: some StringProtocol) {
        var digits: [UInt8] = []
        for (position, character) in text.utf8.enumerated() {
            if character == 0x2D, text.utf8.count == 36, [8, 13, 18, 23].contains(position) {
                continue
            }
            guard let digit = Hex.digit(character) else { return nil }
            digits.append(digit)
        }
        guard digits.count == 32 else { return nil }
        high = digits[..<16].reduce(0) { $0 << 4 | UInt64($1) }
        low = digits[16...].reduce(0) { $0 << 4 | UInt64($1) }
    }

    package var bytes: [UInt8] { high.bigEndianBytes + low.bigEndianBytes }

    /// The UUID in its usual form, 36 lower-case characters.
    package var text: String {
        let digits = Hex.text(bytes)
        var result = ""
        for (position, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(position) { result.append("-") }
            result.append(digit)
        }
        return result
    }
}

extension TransactionIdentifier: CustomStringConvertible {
    package var description: String { text }
}

/// Hexadecimal text.
package enum Hex {
    package static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character - 0x30
        case 0x41...0x46: character - 0x37
        case 0x61...0x66: character - 0x57
        default: nil
        }
    }

    /// Lower-case digits, two for each byte.
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 0xF)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Returns: nil for an odd number of digits or a character that is none.
    package static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        let characters = Array(text.utf8)
        guard characters.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 2)
        for position in stride(from: 0, to: characters.count, by: 2) {
            guard let high = digit(characters[position]), let low = digit(characters[position + 1])
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }
}
