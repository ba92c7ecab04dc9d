// SPDX-License-Identifier: Apache-2.0

/// The name that a load server gives to a card for one bank: 16 bytes, stable for card and bank,
/// and of no use to find the card.
package struct CardPseudonym: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package static let length = 16

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// - Returns: nil unless there are 16 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == CardPseudonym.length else { return nil }
        high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// - Parameter text: 32 lower-case hexadecimal digits.
    package init?(text: String) {
        guard let bytes = Hex.bytes(text) else { return nil }
        self.init(bytes)
        if self.text != text { return nil }
    }

    package var bytes: [UInt8] { high.bigEndianBytes + low.bigEndianBytes }

    /// 32 lower-case hexadecimal digits.
    package var text: String { Hex.text(bytes) }
}
