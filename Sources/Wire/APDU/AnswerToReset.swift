// SPDX-License-Identifier: Apache-2.0

/// The answer to reset of the profile (ISO/IEC 7816-3 §8).
package enum AnswerToReset {
    /// T=1; historical bytes 80 | 31 80 | 73 80 01 40 | 65 "OPAL1": selection by full name,
    /// extended length, card issuer's data.
    package static let opal: [UInt8] = [
        0x3B, 0x8D, 0x01, 0x80, 0x31, 0x80, 0x73, 0x80, 0x01, 0x40, 0x65, 0x4F, 0x50, 0x41, 0x4C,
        0x31, 0x49,
    ]

    /// An answer to reset has at most so many bytes (ISO/IEC 7816-3 §8.2.1).
    package static let bytesMax = 33
}
