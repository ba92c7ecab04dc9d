// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// How long to wait before a connection is tried again: twice as long after each attempt that came
/// to nothing, less up to a half by chance.
package struct ReconnectPause {
    private let first: Int64
    private let longest: Int64
    private var jitter: any RandomNumberGenerator & Sendable
    /// Attempts since something last came. A connection alone proves nothing: in TLS 1.3 the peer
    /// refuses a certificate only after the handshake is done at this end.
    private var fruitlessAttempts = 0

    /// `range`: the pauses grow from the first to the second.
    package init(_ range: ClosedRange<Duration>, jitter: any RandomNumberGenerator & Sendable) {
        first = max(range.lowerBound.timeAmount.nanoseconds, 1)
        longest = max(range.upperBound.timeAmount.nanoseconds, first)
        self.jitter = jitter
    }

    /// A connection is tried.
    package mutating func noteAttempt() { fruitlessAttempts += 1 }

    /// Something came.
    package mutating func noteFruit() { fruitlessAttempts = 0 }

    /// The pause after the attempts so far.
    package mutating func next() -> TimeAmount {
        if fruitlessAttempts == 0 { return .zero }
        var full = first
        for _ in 1..<fruitlessAttempts where full < longest {
            full = full > longest / 2 ? longest : full * 2
        }
        return .nanoseconds(Int64.random(in: full / 2...full, using: &jitter))
    }
}
