// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore

/// Messages of vpcd: length (2 bytes, big-endian), then so many bytes.
struct SlotFrameDecoder: NIOSingleStepByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    mutating func decode(buffer: inout ByteBuffer) -> ByteBuffer? {
        buffer.readLengthPrefixedSlice(as: UInt16.self)
    }

    /// A message without its end is as good as none.
    mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) -> ByteBuffer? {
        decode(buffer: &buffer)
    }
}

/// Length and message leave in one segment: in two, each would wait for an acknowledgement.
struct SlotFrameEncoder: MessageToByteEncoder {
    typealias OutboundIn = ByteBuffer

    func encode(data: ByteBuffer, out: inout ByteBuffer) throws {
        try out.writeLengthPrefixed(as: UInt16.self) { $0.writeImmutableBuffer(data) }
    }
}

/// Acknowledges at once what came. vpcd sends length and message in two segments, and its kernel
/// keeps the second one back until the first is acknowledged, which otherwise takes 40 ms.
final class QuickAcknowledgement: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        acknowledge(context)
        context.fireChannelActive()
    }

    /// The kernel falls back to late acknowledgements by itself, so it is told each time (tcp(7)).
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        acknowledge(context)
        context.fireChannelRead(data)
    }

    private func acknowledge(_ context: ChannelHandlerContext) {
        // Where it fails the card is slow and nothing else.
        try? context.channel.syncOptions?.setOption(
            .tcpOption(NIOBSDSocket.Option(rawValue: TCP_QUICKACK)),
            value: 1
        )
    }
}

@available(*, unavailable)
extension QuickAcknowledgement: Sendable {}
