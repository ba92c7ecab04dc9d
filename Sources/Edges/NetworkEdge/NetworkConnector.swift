// SPDX-License-Identifier: Apache-2.0

import Gateway
package import LinkEdge
package import NIOCore
package import Wire

/// The calling end of the connection to the funding network: one TCP connection, over TLS where an
/// identity is given, that is kept, and made again when it broke.
///
/// A request waits for a connection at most twice ``NetworkSettings/connectTime`` (the rest of a
/// pause and one attempt), and then at most ``NetworkSettings/answerTime`` for its answer.
/// Cancelling the caller's task does not shorten that: what the network did has to become known.
package final class NetworkConnector: FundingNetworkLink, Sendable {
    private let eventLoop: any EventLoop
    private let line: NIOLoopBoundBox<NetworkLine>

    /// - Parameters:
    ///   - group: one of its event loops is used.
    ///   - host: a name or an address of the network.
    ///   - port: the port of the network.
    ///   - peer: the name that must be in the network's certificate; without TLS only a name for
    ///     reports.
    ///   - identity: who the gateway is; nil for a connection without TLS.
    ///   - dialect: how the messages are written; by it an answer is recognised.
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
        identity: LinkIdentity?,
        dialect: ISODialect,
        settings: NetworkSettings = .init(),
        jitter: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
        report: @escaping LinkReporter = { _, _ in }
    ) throws {
        let eventLoop = group.next()
        self.eventLoop = eventLoop
        let tls = try identity?.clientContext()
        line = .makeBoxSendingValue(
            NetworkLine(
                eventLoop: eventLoop,
                target: LinkTarget(host: host, port: port, peer: peer),
                tls: tls,
                dialect: dialect,
                settings: settings,
                jitter: jitter,
                report: report
            ),
            eventLoop: eventLoop
        )
    }

    deinit {
        eventLoop.execute { [line] in _ = line.value.close() }
    }

    /// Connects, and stays connected from now on.
    ///
    /// `connected`: called each time that a connection was made; it may send messages.
    /// `receive`: takes what nobody waits for (``FundingGateway/receive(_:)``) and gives what is to
    /// be sent back.
    package func start(
        connected: @escaping @Sendable () async -> Void = {},
        receive: @escaping @Sendable ([UInt8]) async -> [UInt8]?
    ) {
        eventLoop.execute { [line] in
            line.value.start(NetworkLine.User(connected: connected, receive: receive))
        }
    }

    package func request(
        _ message: [UInt8],
        _ exchange: ISOExchange
    ) async throws(LinkFailure) -> [UInt8] {
        if message.count > ISOLimits.messageBytesMax { throw .tooLarge }
        let result: Result<[UInt8], LinkFailure> = await withCheckedContinuation { continuation in
            let call = NetworkCall(
                message: message,
                exchange: exchange,
                continuation: continuation
            )
            eventLoop.execute { [line] in line.value.take(call) }
        }
        return try result.get()
    }

    /// Closes the connection for good. Requests under way end as `.broken`, later ones as
    /// `.notSent`.
    package func close() async {
        try? await eventLoop.flatSubmit { [line] in line.value.close() }.get()
    }
}

/// A message and the caller that waits for its answer.
struct NetworkCall: Sendable {
    let message: [UInt8]
    let exchange: ISOExchange
    let continuation: CheckedContinuation<Result<[UInt8], LinkFailure>, Never>

    func end(_ result: Result<[UInt8], LinkFailure>) {
        continuation.resume(returning: result)
    }
}
