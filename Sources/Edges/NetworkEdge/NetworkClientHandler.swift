// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// One connection of a `NetworkConnector`: passes messages between the connection and its line.
final class NetworkClientHandler: ChannelInboundHandler {
    typealias InboundIn = [UInt8]
    typealias OutboundOut = [UInt8]

    private let line: NetworkLine
    private let attempt: UInt64
    private var context: ChannelHandlerContext?

    init(line: NetworkLine, attempt: UInt64) {
        self.line = line
        self.attempt = attempt
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is Admission.Admitted { line.connected(self, attempt: attempt) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        line.received(unwrapInboundIn(data), attempt: attempt)
    }

    func channelInactive(context: ChannelHandlerContext) {
        line.lost(attempt: attempt, because: nil)
        context.fireChannelInactive()
    }

    /// The requests end now; closing a TLS session may take a moment longer.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Of several addresses of one host, one may fail and another still be tried.
        if context.channel.isActive || error is NetworkConnectionError {
            line.lost(attempt: attempt, because: error)
        }
        context.close(promise: nil)
    }

    func write(_ message: [UInt8]) {
        context?.writeAndFlush(wrapOutboundOut(message), promise: nil)
    }

    @discardableResult
    func close() -> EventLoopFuture<Void>? {
        guard let context else { return nil }
        context.close(promise: nil)
        return context.channel.closeFuture
    }
}

@available(*, unavailable)
extension NetworkClientHandler: Sendable {}
