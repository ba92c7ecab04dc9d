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

extension Signature: Equatable {
    package static func == (left: Signature, right: Signature) -> Bool {
        left.bits ^ right.bits == 0
    }
}
