// SPDX-License-Identifier: Apache-2.0

/// Comparisons that do not tell by their time where two values differ.
package enum ConstantTime {
    /// Whether both hold the same bytes. The length is no secret: it decides at once.
    package static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for position in left.indices { difference |= left[position] ^ right[position] }
        return difference == 0
    }
}
