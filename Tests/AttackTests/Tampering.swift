// SPDX-License-Identifier: Apache-2.0

import Testing

/// What somebody can do to bytes without knowing what they mean.
enum Tampering {
    /// Each byte changed, one at a time: into a neighbour, mostly another letter of base64, and
    /// into what is no letter.
    static func everyByte(_ bytes: [UInt8], _ masks: [UInt8] = [0x01, 0x80]) -> [[UInt8]] {
        #expect(!bytes.isEmpty, "nothing can be changed")
        return bytes.indices.flatMap { index in
            masks.map { mask in
                var changed = bytes
                changed[index] ^= mask
                return changed
            }
        }
    }

    /// Cut short everywhere.
    static func everyCut(_ bytes: [UInt8]) -> [[UInt8]] {
        #expect(!bytes.isEmpty, "nothing can be cut")
        return bytes.indices.map { Array(bytes.prefix($0)) }
    }

    static func all(_ bytes: [UInt8]) -> [[UInt8]] { everyByte(bytes) + everyCut(bytes) }
}
