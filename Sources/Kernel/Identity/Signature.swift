// SPDX-License-Identifier: Apache-2.0

/// S1, S2, S3, S6 or SV: 8 bytes of an AES-256-CMAC (`docs/messages/purse-profile.md`).
///
/// Comparing two of them takes the same time whatever they hold, because both are one machine word.
package struct Signature: Sendable {
    package let bits: UInt64

    package init(bits: UInt64) {
        self.bits = bits
    }

    /// Eight zero bytes: where there is no signature, such as S6 of a refused debit.
    package static let none = Signature(bits: 0)
}

extension Signature {
    /// Bytes of a signature.
    package static let length = 8

    /// Eight bytes, most significant first.
    package var bytes: [UInt8] { bits.bigEndianBytes }

    /// 16 hexadecimal digits, lower case.
    package var text: String { Hex.text(bytes) }

    /// - Returns: nil unless there are eight bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Signature.length else { return nil }
        bits = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// - Returns: nil unless there are 16 hexadecimal digits.
    package init?(hex text: String) {
        guard let bytes = Hex.bytes(text) else { return nil }
        self.init(bytes)
    }
}

extension Signature: Equatable {
    package static func == (left: Signature, right: Signature) -> Bool {
        left.bits ^ right.bits == 0
    }
}
