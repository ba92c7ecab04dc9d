// SPDX-License-Identifier: Apache-2.0

import Instrumentation
package import NIOCore
import Traces
package import Wire

/// The calling end of a link over mutual TLS 1.3: one connection to one peer, made on first need,
/// kept, and made again when it broke.
///
/// A request waits for a connection at most twice ``LinkSettings/connectTime`` (the rest of a
/// pause and one attempt), and then at most ``LinkSettings/responseTime`` for its response.
/// The trace of the caller's task goes with the request.
/// Cancelling the caller's task does not shorten that: what the peer did has to become known.
package final class TLSLink: Link, Sendable {
    private let messageBytesMax: Int
    private let eventLoop: any EventLoop
    private let inbox: LinkInbox
    private let connector: NIOLoopBoundBox<LinkConnector>

    /// - Parameters:
    ///   - group: one of its event loops is used.
    ///   - host: a name or an address of the peer; what it answers is trusted only after its
    ///     certificate has been verified.
    ///   - port: the port of the peer.
    ///   - peer: the name that must be in the peer's certificate.
    ///   - identity: who this party is.
    ///   - settings: the bounds.
    ///   - jitter: spreads the attempts to connect again.
    ///   - report: is told why a connection was not made or broke; called on an event loop, must
    ///     not wait.
    /// - Throws: `NIOSSLError` if certificate and key of the identity do not fit together.
    package init(
        group: any EventLoopGroup,
        host: String,
        port: Int,
        peer: String,
        identity: LinkIdentity,
        settings: LinkSettings = .init(),
        jitter: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
        report: @escaping LinkReporter = { _, _ in }
    ) throws {
        messageBytesMax = settings.messageBytesMax
        let eventLoop = group.next()
        self.eventLoop = eventLoop
        let inbox = LinkInbox(inFlightMax: settings.inFlightMax)
        self.inbox = inbox
        let tls = try identity.clientContext()
        connector = .makeBoxSendingValue(
            LinkConnector(
                eventLoop: eventLoop,
                target: LinkTarget(host: host, port: port, peer: peer),
                tls: tls,
                inbox: inbox,
                settings: settings,
                jitter: jitter,
                report: report
            ),
            eventLoop: eventLoop
        )
    }

    deinit {
        if inbox.close() {
            eventLoop.execute { [connector] in _ = connector.value.close() }
        }
    }

    package func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        if request.count > messageBytesMax { throw .tooLarge }
        let trace = ServiceContext.current?.trace
        let result: Result<[UInt8], LinkFailure> = await withCheckedContinuation { continuation in
            let call = LinkCall(request: request, trace: trace, continuation: continuation)
            switch inbox.put(call) {
            case .first: eventLoop.execute { [connector] in connector.value.handOver() }
            case .following: break
            case .refused(let failure): continuation.resume(returning: .failure(failure))
            }
        }
        return try result.get()
    }

    /// Closes the connection for good. Requests under way end as `.broken`, later ones as
    /// `.notSent`.
    package func close() async {
        if !inbox.close() { return }
        try? await eventLoop.flatSubmit { [connector] in connector.value.close() }.get()
    }
}
