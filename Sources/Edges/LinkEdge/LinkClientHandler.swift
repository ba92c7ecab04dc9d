// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOSSL
import NIOTLS

/// One connection of a `TLSLink`: verifies the peer's name after the handshake, then passes frames
/// between the connection and the connector.
final class LinkClientHandler: ChannelInboundHandler {
    typealias InboundIn = Frame
    typealias OutboundOut = Frame

    private let connector: LinkConnector
    private let attempt: UInt64
    private let peer: String
    private let handshakeTime: Duration
    private let tls: NIOSSLHandler
    private var context: ChannelHandlerContext?
    private var handshakeTimer: Scheduled<Void>?
    private var hasReadFrames = false

    init(
        connector: LinkConnector,
        attempt: UInt64,
        peer: String,
        handshakeTime: Duration,
        tls: NIOSSLHandler
    ) {
        self.connector = connector
        self.attempt = attempt
        self.peer = peer.lowercased()
        self.handshakeTime = handshakeTime
        self.tls = tls
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let isolated = context.eventLoop.assumeIsolated()
        handshakeTimer = isolated.scheduleTask(in: handshakeTime.timeAmount) {
            self.fail(LinkConnectionError.handshakeTooSlow)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stopHandshakeTimer()
        self.context = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            stopHandshakeTimer()
            if tls.peerCertificate?.linkName == peer {
                connector.connected(self, attempt: attempt)
            } else {
                fail(LinkConnectionError.peerNotAllowed)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func stopHandshakeTimer() {
        handshakeTimer?.cancel()
        handshakeTimer = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasReadFrames = true
        connector.received(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // What TLS alone has read, such as a session ticket, is no sign of a working peer.
        if exchange(&hasReadFrames, with: false) { connector.receivedFrames() }
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        connector.lost(attempt: attempt, because: nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
    }

    /// The requests end now; closing the TLS session may take a moment longer.
    private func fail(_ error: any Error) {
        guard let context else { return }
        // Of several addresses of one host, one may fail and another still be tried.
        if context.channel.isActive { connector.lost(attempt: attempt, because: error) }
        context.close(promise: nil)
    }

    func write(_ frame: Frame) {
        context?.write(wrapOutboundOut(frame), promise: nil)
    }

    func flush() {
        context?.flush()
    }

    @discardableResult
    func close() -> EventLoopFuture<Void>? {
        guard let context else { return nil }
        context.close(promise: nil)
        return context.channel.closeFuture
    }
}

@available(*, unavailable)
extension LinkClientHandler: Sendable {}
