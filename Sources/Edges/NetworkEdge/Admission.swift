// SPDX-License-Identifier: Apache-2.0

import LinkEdge
import NIOCore
import NIOSSL
import NIOTLS

/// Says once that a connection may carry messages: over TLS when the handshake is done and the name
/// in the peer's certificate is a right one, without TLS as soon as there is a connection.
final class Admission: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// Goes through the pipeline when the peer is admitted. `name`: that in its certificate; nil
    /// without TLS.
    struct Admitted {
        let name: String?
    }

    private let tls: NIOSSLHandler?
    private let isAllowed: (String) -> Bool
    private let time: Duration
    private var timer: Scheduled<Void>?

    /// `tls`: the handler in front of this one; nil where the connection has none.
    init(tls: NIOSSLHandler?, within time: Duration, _ isAllowed: @escaping (String) -> Bool) {
        self.tls = tls
        self.time = time
        self.isAllowed = isAllowed
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        if tls == nil {
            context.fireUserInboundEventTriggered(Admitted(name: nil))
            return
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: time.timeAmount) {
            let (handler, context) = bound.value
            handler.refuse(context, .handshakeTooSlow)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            stopTimer()
            if let name = tls?.peerCertificate?.linkName, isAllowed(name) {
                context.fireUserInboundEventTriggered(Admitted(name: name))
            } else {
                refuse(context, .peerNotAllowed)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func refuse(_ context: ChannelHandlerContext, _ error: NetworkConnectionError) {
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stopTimer()
    }

    private func stopTimer() {
        timer?.cancel()
        timer = nil
    }
}

@available(*, unavailable)
extension Admission: Sendable {}
