// SPDX-License-Identifier: Apache-2.0

import Kernel

/// Names one attempt of the payment server to have a terminal on another host draw. What is sent
/// once more, because a connection broke, has the same name; the next attempt, be it for the same
/// order, has another.
package struct RequestIdentifier: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    package static let length = 16

    /// `random`: fresh, so that no two attempts ever have one name.
    package init(random: (UInt64, UInt64)) {
        (high, low) = random
    }

    package var bytes: [UInt8] { high.bigEndianBytes + low.bigEndianBytes }
}

extension ByteReader {
    package mutating func requestIdentifier() throws(WireFailure) -> RequestIdentifier {
        let high = try integer("request, high", bytes: 8)
        return RequestIdentifier(random: (high, try integer("request, low", bytes: 8)))
    }
}

extension ByteWriter {
    package mutating func requestIdentifier(_ identifier: RequestIdentifier) {
        append(identifier.bytes)
    }
}
