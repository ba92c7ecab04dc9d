// SPDX-License-Identifier: Apache-2.0

/// base64url without padding (RFC 4648 §5). Written here because the card path runs without
/// Foundation, and Foundation's decoder does not know this alphabet.
package enum Base64URL {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8
    )

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    package static func encode(_ bytes: [UInt8]) -> String {
        String(decoding: encodeASCII(bytes), as: UTF8.self)
    }

    /// The text as ASCII bytes.
    package static func encodeASCII(_ bytes: [UInt8]) -> [UInt8] {
        let alphabet = alphabet
        var text = [UInt8](repeating: 0, count: (bytes.count * 4 + 2) / 3)
        var (position, end) = (0, 0)
        while position < bytes.count {
            // Three bytes are four characters; behind the last byte stand zeros.
            let second = position + 1 < bytes.count ? UInt32(bytes[position + 1]) : 0
            let third = position + 2 < bytes.count ? UInt32(bytes[position + 2]) : 0
            let group = UInt32(bytes[position]) << 16 | second << 8 | third
            for shift: UInt32 in [18, 12, 6, 0] where end < text.count {
                text[end] = alphabet[Int(group >> shift) & 0x3F]
                end += 1
            }
            position += 3
        }
        return text
    }

    package static func decode(_ text: String) -> [UInt8]? {
        decode(ascii: Array(text.utf8)[...])
    }

    /// - Returns: nil unless it is the text of so many bytes.
    package static func decode(_ text: String, count: Int) -> [UInt8]? {
        guard let bytes = decode(text), bytes.count == count else { return nil }
        return bytes
    }

    /// - Returns: nil for another character, an impossible length, or bits set behind the end (so
    ///   that each byte string has one text only).
    package static func decode(ascii text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        let values = values
        var bytes = [UInt8](repeating: 0, count: text.count * 3 / 4)
        var (pending, bits, end) = (UInt32(0), 0, 0)
        for character in text {
            let value = values[Int(character)]
            if value == 0xFF { return nil }
            pending = (pending << 6 | UInt32(value)) & 0xFFFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes[end] = UInt8(truncatingIfNeeded: pending >> UInt32(bits))
                end += 1
            }
        }
        return pending & ((1 << UInt32(bits)) - 1) == 0 ? bytes : nil
    }
}
