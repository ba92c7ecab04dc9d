// SPDX-License-Identifier: Apache-2.0

import Kernel

/// One number of the durable counter, which gives a message its STAN and a transaction its RRN.
package struct TraceNumber: Hashable, Sendable {
    /// From 1.
    package let count: UInt64

    package init(count: UInt64) {
        precondition(count >= 1)
        self.count = count
    }

    private static let traceNumbers: UInt64 = 999_999
    private static let retrievalReferences: UInt64 = 1_000_000_000_000

    /// STAN: 000001 to 999999, then from the beginning.
    package var number: String {
        BCD.digits(BCD.pack((count - 1) % TraceNumber.traceNumbers + 1), count: 6)
    }

    /// RRN: 12 digits, so that none comes again while anybody remembers it.
    package var retrievalReference: String {
        BCD.digits(BCD.pack(count % TraceNumber.retrievalReferences), count: 12)
    }
}
