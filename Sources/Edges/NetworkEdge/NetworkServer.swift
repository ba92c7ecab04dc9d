// SPDX-License-Identifier: Apache-2.0

package import FundingNetwork
package import LinkEdge
package import NIOCore
import NIOPosix
import NIOSSL

/// The listener in front of the simulated funding network: takes connections of gateways, over TLS
/// where an identity is given, and does with each answer what the network says: sends it, sends it
/// late, sends nothing, or cuts the connection.
package final class NetworkServer: Sendable {
    private let group: any EventLoopGroup
    private let host: String
    private let port: Int
    private let tls: NIOSSLContext?
    private let allowedPeers: Set<String>
    private let settings: NetworkSettings
    private let report: LinkReporter
    private let answer: @Sendable ([UInt8]) async -> NetworkReply
    private let register: ConnectionRegister

    /// - Parameters:
    ///   - group: its event loops are used.
    ///   - host: the address to listen on.
    ///   - port: 0 takes a free one.
    ///   - identity: who the network is; nil for connections without TLS, which admit everybody
    ///     who can reach the port.
    ///   - allowedPeers: the names of gateways that may connect, in lower case.
    ///   - settings: the bounds.
    ///   - report: is told of peers that were refused; called on an event loop, must not wait.
    ///   - answer: answers one message (``SimulatedNetwork/answer(_:)``).
    /// - Throws: `NIOSSLError` if certificate and key of the identity do not fit together.
    package init(
        group: any EventLoopGroup,
        host: String,
        port: Int,
        identity: LinkIdentity?,
        allowedPeers: Set<String>,
        settings: NetworkSettings = .init(),
        report: @escaping LinkReporter = { _, _ in },
        answer: @escaping @Sendable ([UInt8]) async -> NetworkReply
    ) throws {
        self.group = group
        self.host = host
        self.port = port
        tls = try identity?.serverContext()
        self.allowedPeers = allowedPeers
        self.settings = settings
        register = ConnectionRegister(connectionsMax: settings.connectionsMax)
        self.report = report
        self.answer = answer
    }

    /// Listens. To be called once.
    ///
    /// - Returns: the port.
    /// - Throws: what the operating system says about the address.
    package func start() async throws -> Int {
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.accept(channel) }
            }
            .bind(host: host, port: port).get()
        try await register.add(listener: listener)
        return listener.localAddress?.port ?? port
    }

    private func accept(_ channel: any Channel) throws {
        guard register.admit(channel) else { throw NetworkConnectionError.tooManyConnections }
        let pipeline = channel.pipeline.syncOperations
        let tlsHandler = tls.map { NIOSSLServerHandler(context: $0) }
        if let tlsHandler { try pipeline.addHandler(tlsHandler) }
        let allowedPeers = allowedPeers
        try pipeline.addHandler(
            Admission(tls: tlsHandler, within: settings.connectTime) {
                allowedPeers.contains($0)
            }
        )
        try pipeline.addHandler(NetworkFrameCodec())
        try pipeline.addHandler(
            NetworkServerHandler(tasksMax: settings.tasksMax, report: report, answer: answer)
        )
    }

    /// Stops accepting and reading, lets the messages under way be answered within
    /// ``NetworkSettings/graceTime``, then closes.
    package func shutdown() async {
        await register.shutdown(within: settings.graceTime.timeAmount, on: group.next())
    }
}
