// SPDX-License-Identifier: Apache-2.0

/// Where a party gets its randomness. The composition gives the system's generator; a simulation
/// gives a seeded one.
package protocol RandomSource: Sendable {
    /// Fresh bytes that nobody can foretell.
    func bytes(_ count: Int) -> [UInt8]
}

extension RandomSource {
    /// Eight fresh bytes as an integer.
    package func integer() -> UInt64 {
        bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// 16 fresh bytes as two integers, as ``TransactionIdentifier`` takes them.
    package func pair() -> (UInt64, UInt64) {
        let fresh = bytes(16)
        precondition(fresh.count == 16)
        func integer(_ part: ArraySlice<UInt8>) -> UInt64 {
            part.reduce(0) { $0 << 8 | UInt64($1) }
        }
        return (integer(fresh[..<8]), integer(fresh[8...]))
    }
}
