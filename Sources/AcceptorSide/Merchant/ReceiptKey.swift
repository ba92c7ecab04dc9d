// SPDX-License-Identifier: Apache-2.0

import Wire

/// What the address of a receipt carries so that only who ordered can fetch it: 16 random bytes.
/// It does not print. Comparing two of them takes the same time whatever they hold.
package struct ReceiptKey: Sendable {
    static let count = 16

    private let high: UInt64
    private let low: UInt64

    /// - Parameter bytes: 16 fresh random bytes.
    init(_ bytes: [UInt8]) {
        precondition(bytes.count == ReceiptKey.count)
        high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// - Returns: nil unless it is the base64url text of 16 bytes, 22 characters.
    package init?(_ text: String) {
        guard text.utf8.count == 22, let bytes = Base64URL.decode(text) else { return nil }
        self.init(bytes)
    }

    /// The text for the address; a secret.
    package func reveal() -> String { Base64URL.encode(bytes) }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: ReceiptKey.count)
        writer.integer(high, bytes: 8)
        writer.integer(low, bytes: 8)
        return writer.bytes
    }
}

extension ReceiptKey: Equatable {
    package static func == (left: ReceiptKey, right: ReceiptKey) -> Bool {
        (left.high ^ right.high) | (left.low ^ right.low) == 0
    }
}

extension ReceiptKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(a receipt key)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
