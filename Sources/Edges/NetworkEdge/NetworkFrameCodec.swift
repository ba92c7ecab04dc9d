// SPDX-License-Identifier: Apache-2.0

package import NIOCore
import Wire

/// Bytes ↔ messages of ISO 8583: the length of what follows (2 bytes, big-endian), message.
///
/// Total: every input gives messages, waits for more, or ends in one `NetworkConnectionError` with
/// which the connection is closed.
package final class NetworkFrameCodec: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = [UInt8]
    package typealias OutboundIn = [UInt8]
    package typealias OutboundOut = ByteBuffer

    /// Bytes of the length, which does not count itself.
    package static let lengthBytes = 2

    /// The begin of a frame whose end has not come.
    private var begun: ByteBuffer?
    private var isOver = false

    package init() {}

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isOver { return }
        var input = unwrapInboundIn(data)
        if var begun {
            self.begun = nil
            begun.writeBuffer(&input)
            input = begun
        }
        do {
            while !isOver, let message = try nextMessage(in: &input) {
                context.fireChannelRead(wrapInboundOut(message))
            }
        } catch {
            isOver = true
            context.fireErrorCaught(error)
            context.close(promise: nil)
        }
        if !isOver && input.readableBytes > 0 {
            input.discardReadBytes()
            begun = input
        }
    }

    /// - Returns: nil if the input ends inside a frame.
    private func nextMessage(
        in input: inout ByteBuffer
    ) throws(NetworkConnectionError) -> [UInt8]? {
        guard let field = input.getInteger(at: input.readerIndex, as: UInt16.self) else {
            return nil
        }
        let length = Int(field)
        if length == 0 { throw .frameEmpty }
        if length > ISOLimits.messageBytesMax { throw .frameTooLong(announced: length) }
        guard input.readableBytes >= Self.lengthBytes + length else { return nil }
        input.moveReaderIndex(forwardBy: Self.lengthBytes)
        return input.readBytes(length: length)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        if begun != nil, !isOver { context.fireErrorCaught(NetworkConnectionError.frameCut) }
        isOver = true
        begun = nil
        context.fireChannelInactive()
    }

    package func write(
        context: ChannelHandlerContext,
        data: NIOAny,
        promise: EventLoopPromise<Void>?
    ) {
        let message = unwrapOutboundIn(data)
        precondition(
            (1...ISOLimits.messageBytesMax).contains(message.count),
            "the sender checks the size"
        )
        var frame = context.channel.allocator.buffer(capacity: Self.lengthBytes + message.count)
        frame.writeInteger(UInt16(message.count))
        frame.writeBytes(message)
        context.write(wrapOutboundOut(frame), promise: promise)
    }
}

@available(*, unavailable)
extension NetworkFrameCodec: Sendable {}
