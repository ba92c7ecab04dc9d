// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import Synchronization

/// The listener of a server and its connections, so that a shutdown finds them all.
package final class ConnectionRegister: Sendable {
    private struct State: Sendable {
        var listener: (any Channel)?
        var connections: [ObjectIdentifier: any Channel] = [:]
        var isShutDown = false
    }

    private let connectionsMax: Int
    private let state = Mutex(State())

    /// `connectionsMax`: connections at once.
    package init(connectionsMax: Int) {
        self.connectionsMax = connectionsMax
    }

    /// Takes the listener, and closes it where the server was shut down meanwhile.
    package func add(listener: any Channel) async throws {
        let isShutDown = state.withLock { state in
            state.listener = listener
            return state.isShutDown
        }
        if isShutDown { try await listener.close() }
    }

    /// Takes a connection until it is closed.
    ///
    /// - Returns: whether there is room for it; else it must be closed.
    package func admit(_ channel: any Channel) -> Bool {
        let key = ObjectIdentifier(channel)
        let isAdmitted = state.withLock { state in
            if state.isShutDown || state.connections.count >= connectionsMax { return false }
            state.connections[key] = channel
            return true
        }
        guard isAdmitted else { return false }
        channel.closeFuture.whenComplete { _ in
            _ = self.state.withLock { $0.connections.removeValue(forKey: key) }
        }
        return true
    }

    /// Stops accepting and reading, lets what is under way be answered for a time, then closes.
    package func shutdown(within grace: TimeAmount, on loop: any EventLoop) async {
        let (listener, connections) = state.withLock { state in
            state.isShutDown = true
            defer { state.listener = nil }
            return (state.listener, Array(state.connections.values))
        }
        try? await listener?.close().get()
        for connection in connections {
            connection.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        let graceEnd = loop.scheduleTask(in: grace) {
            for connection in connections { connection.close(mode: .all, promise: nil) }
        }
        let allClosed = EventLoopFuture.andAllComplete(connections.map(\.closeFuture), on: loop)
        try? await allClosed.get()
        graceEnd.cancel()
    }
}
