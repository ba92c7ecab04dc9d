// SPDX-License-Identifier: Apache-2.0

import Gateway
import Wire

/// The bounds of the connection between gateway and funding network. The size of a message is
/// bounded by ``ISOLimits``.
package struct NetworkSettings: Sendable {
    /// Gateway: messages under way, the ones that wait for a connection included.
    package var inFlightMax = 256
    /// Gateway: from sending a message to its answer.
    package var answerTime = GatewayLimits.answerTime
    /// Gateway: what came without being waited for and is worked on at once.
    package var unaskedMax = 64
    /// Gateway: after so long without a byte a request that times out ends the connection. Longer
    /// than the pause between two echo tests, so that on a connection that works something came.
    package var silentTime = Duration.seconds(45)
    /// Connecting with the TLS handshake; also how long a request waits for a connection.
    package var connectTime = LinkLimits.connectTime
    /// Gateway: the pauses between attempts to connect grow from the first to the second.
    package var reconnectTime = LinkLimits.reconnectTime
    /// Network: messages of one connection whose answer has not left. Above it, reading stops.
    package var tasksMax = 256
    /// Network: connections at once; a further one is closed at once.
    package var connectionsMax = 32
    /// Network: how long a shutdown lets messages under way be answered.
    package var graceTime = Duration.seconds(10)

    package init() {}
}
