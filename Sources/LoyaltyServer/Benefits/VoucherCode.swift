// SPDX-License-Identifier: Apache-2.0

/// What a member shows to get a benefit: 80 random bits as 16 letters and digits in four groups,
/// without I, L, O and U, which are misread (Crockford's base 32). Who knows it has the benefit, so
/// that it does not print.
package struct VoucherCode: Equatable, Sendable {
    /// Random bytes in a code.
    static let count = 10

    let bytes: [UInt8]

    private static let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".unicodeScalars)

    /// - Parameter bytes: 10 fresh random bytes.
    init(_ bytes: [UInt8]) {
        precondition(bytes.count == VoucherCode.count)
        self.bytes = bytes
    }

    /// `K7QD-0M2X-9RTB-4HWE`: for the member alone.
    package func reveal() -> String {
        var text = ""
        var (bits, held): (UInt32, UInt32) = (0, 0)
        for byte in bytes {
            (bits, held) = (bits << 8 | UInt32(byte), held + 8)
            while held >= 5 {
                held -= 5
                if text.count % 5 == 4 { text.append("-") }
                text.unicodeScalars.append(VoucherCode.digits[Int(bits >> held & 0x1F)])
                bits &= (1 << held) - 1
            }
        }
        return text
    }
}

extension VoucherCode: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(a voucher code)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
