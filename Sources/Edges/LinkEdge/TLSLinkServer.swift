// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import NIOPosix
import NIOSSL
package import Wire

/// The answering end of links: listens, admits peers with a certificate of the scheme, and hands
/// their requests to one `LinkService`.
package final class TLSLinkServer: Sendable {
    private let group: any EventLoopGroup
    private let host: String
    private let port: Int
    private let tls: NIOSSLContext
    private let allowedPeers: Set<String>?
    private let service: any LinkService
    private let settings: LinkSettings
    private let report: LinkReporter
    private let register: ConnectionRegister

    /// - Parameters:
    ///   - group: its event loops are used.
    ///   - host: the address to listen on.
    ///   - port: 0 takes a free one.
    ///   - identity: who this party is.
    ///   - allowedPeers: the names that may call, in lower case; nil admits every party with a
    ///     certificate of the scheme.
    ///   - service: what answers the requests.
    ///   - settings: the bounds.
    ///   - report: is told of peers that were refused; called on an event loop, must not wait.
    /// - Throws: `NIOSSLError` if certificate and key of the identity do not fit together.
    package init(
        group: any EventLoopGroup,
        host: String,
        port: Int,
        identity: LinkIdentity,
        allowedPeers: Set<String>?,
        service: any LinkService,
        settings: LinkSettings = .init(),
        report: @escaping LinkReporter = { _, _ in }
    ) throws {
        self.group = group
        self.host = host
        self.port = port
        tls = try identity.serverContext()
        self.allowedPeers = allowedPeers
        self.service = service
        self.settings = settings
        register = ConnectionRegister(connectionsMax: settings.connectionsMax)
        self.report = report
    }

    /// Listens. To be called once.
    ///
    /// - Returns: the port.
    /// - Throws: what the operating system says about the address.
    package func start() async throws -> Int {
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
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
        guard register.admit(channel) else { throw LinkConnectionError.closedHere }
        let tlsHandler = NIOSSLServerHandler(context: tls)
        try channel.pipeline.syncOperations.addHandlers([
            tlsHandler,
            FrameCodec(messageBytesMax: settings.messageBytesMax),
            LinkServerHandler(
                service: service,
                settings: settings,
                allowedPeers: allowedPeers,
                tls: tlsHandler,
                report: report
            ),
        ])
    }

    /// Stops accepting and reading, lets the requests under way finish within
    /// ``LinkSettings/graceTime``, then closes. What is not answered by then looks broken to its
    /// caller, who asks again.
    package func shutdown() async {
        await register.shutdown(within: settings.graceTime.timeAmount, on: group.next())
    }
}
