// SPDX-License-Identifier: Apache-2.0

/// Comparisons that do not tell by their time where two values differ.
package enum ConstantTime {
    /// Whether both hold the same bytes. The length is no secret: it decides at once.
    package static func isEqual(
        _ left: some Collection<UInt8>,
        _ right: some Collection<UInt8>
    ) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
