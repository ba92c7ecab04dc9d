// SPDX-License-Identifier: Apache-2.0

/// TRX: the transaction identifier, 16 bytes: a UUID that the merchant (or the bank) makes.
package struct TransactionIdentifier: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// All zero: no transaction has it. For the refusal of a message from which no TRX could be
    /// read, and for a question about none.
    package static let unknown = TransactionIdentifier(high: 0, low: 0)

    /// A UUID of version 7 (RFC 9562 §5.7), so that records are in the order of their time.
    ///
    /// `random`: 16 fresh random bytes, as two integers.
    package init(at instant: Instant, random: (UInt64, UInt64)) {
        let milliseconds = UInt64(bitPattern: instant.milliseconds) & 0xFFFF_FFFF_FFFF
        high = milliseconds << 16 | 0x7000 | (random.0 & 0x0FFF)
        low = 0x8000_0000_0000_0000 | (random.1 >> 2)
    }

    /// - Returns: nil for other than 16 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        func integer(_ part: ArraySlice<UInt8>) -> UInt64 {
            part.reduce(0) { $0 << 8 | UInt64($1) }
        }
        self.init(high: integer(bytes[..<8]), low: integer(bytes[8...]))
    }

    /// - Parameter text: 36 characters, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, or 32 without
    ///   dashes.
    package init?(_ text: String) {
        self.init(ascii: Array(text.utf8))
    }

    private init?(ascii text: [UInt8]) {
        guard text.count == 36 || text.count == 32 else { return nil }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for (position, character) in text.enumerated() {
            if text.count == 36, Self.isDash(position) {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Hex.digit(character) else { return nil }
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(digit)
        }
        (self.high, self.low) = (high, low)
    }

    /// Where a dash stands in the usual form.
    private static func isDash(_ position: Int) -> Bool {
        position == 8 || position == 13 || position == 18 || position == 23
    }

    package var bytes: [UInt8] { high.bigEndianBytes + low.bigEndianBytes }

    /// The UUID in its usual form, 36 lower-case characters.
    package var text: String { String(decoding: ascii, as: UTF8.self) }

    /// The text as ASCII bytes.
    package var ascii: [UInt8] {
        let digits = Hex.ascii(bytes)
        var text = [UInt8](repeating: UInt8(ascii: "-"), count: 36)
        var position = 0
        for digit in digits {
            if Self.isDash(position) { position += 1 }
            text[position] = digit
            position += 1
        }
        return text
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
        String(decoding: ascii(Array(bytes)), as: UTF8.self)
    }

    /// The digits as ASCII bytes.
    package static func ascii(_ bytes: [UInt8]) -> [UInt8] {
        func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
        var text = [UInt8](repeating: 0, count: bytes.count * 2)
        for (position, byte) in bytes.enumerated() {
            text[2 * position] = digit(byte >> 4)
            text[2 * position + 1] = digit(byte & 0xF)
        }
        return text
    }

    /// - Returns: nil for an odd number of digits or a character that is none.
    package static func bytes(_ text: String) -> [UInt8]? {
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
