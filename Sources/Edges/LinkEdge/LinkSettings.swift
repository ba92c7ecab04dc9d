// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import Wire

/// The bounds of one link or link server; the defaults are ``LinkLimits`` and what follows here.
package struct LinkSettings: Sendable {
    /// One message without its frame header, both ways.
    package var messageBytesMax = LinkLimits.messageBytesMax
    /// Calling end: requests under way, the ones that wait for a connection included.
    package var inFlightMax = LinkLimits.inFlightMax
    /// Calling end: from sending a request to its response.
    package var responseTime = LinkLimits.responseTime
    /// Connecting with the TLS handshake; also how long a request waits for a connection, and how
    /// long the answering end waits for the handshake.
    package var connectTime = LinkLimits.connectTime
    /// Calling end: the pauses between attempts to connect grow from the first to the second.
    package var reconnectTime = LinkLimits.reconnectTime
    /// Answering end: requests of one connection that are worked on at once. Above it, reading
    /// stops until some are answered.
    package var tasksMax = 256
    /// Answering end: connections at once; a further one is closed at once.
    package var connectionsMax = 512
    /// Answering end: how long a shutdown lets requests under way finish.
    package var graceTime = Duration.seconds(10)

    package init() {}
}

/// Is told why a connection was not made or was closed: the name or address of the peer, and the
/// reason. Nothing of a message is in it.
package typealias LinkReporter = @Sendable (_ peer: String, _ reason: any Error) -> Void

extension Duration {
    /// The same for the event loop; longer than 292 years is cut.
    package var timeAmount: TimeAmount {
        let (seconds, attoseconds) = components
        let (high, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return .nanoseconds(seconds < 0 ? .min : .max) }
        let (sum, over) = high.addingReportingOverflow(attoseconds / 1_000_000_000)
        return .nanoseconds(over ? (seconds < 0 ? .min : .max) : sum)
    }
}
