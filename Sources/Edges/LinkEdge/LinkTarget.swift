// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import NIOPosix

/// Where a connection leads.
package struct LinkTarget: Sendable {
    package let host: String
    package let port: Int
    /// The name that must be in the certificate.
    package let peer: String

    package init(host: String, port: Int, peer: String) {
        self.host = host
        self.port = port
        self.peer = peer
    }

    /// Makes one attempt to connect. To be called on the event loop.
    ///
    /// - Parameters:
    ///   - eventLoop: on it everything is called back.
    ///   - time: how long connecting may take.
    ///   - build: puts the handlers into the pipeline.
    ///   - ended: called once, when the connection was not made (with the reason) or is closed.
    package func dial(
        on eventLoop: any EventLoop,
        within time: TimeAmount,
        build: @escaping @Sendable (any Channel) throws -> Void,
        ended: @escaping ((any Error)?) -> Void
    ) {
        let connecting = ClientBootstrap(group: eventLoop)
            .connectTimeout(time)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try build(channel) }
            }
            .connect(host: host, port: port)
        connecting.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                channel.closeFuture.assumeIsolated().whenComplete { _ in ended(nil) }
            case .failure(let error): ended(error)
            }
        }
    }
}
