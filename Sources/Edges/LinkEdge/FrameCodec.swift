// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import Traces
import Wire

/// One message on a connection with the id that matches a response to its request, and the trace
/// that the request belongs to.
package struct Frame: Equatable, Sendable {
    /// Chosen by the calling end; the answering end sends it back unchanged.
    package let id: UInt64
    /// The work that makes the request; nil in a response. It is not authenticated.
    package let trace: TraceContext?
    package let message: [UInt8]

    package init(id: UInt64, trace: TraceContext? = nil, message: [UInt8]) {
        self.id = id
        self.trace = trace
        self.message = message
    }

    /// Bytes of the length field, which counts what follows it.
    package static let lengthBytes = 4
    /// Bytes of the id.
    package static let idBytes = 8
    /// Bytes between the length and the message: id and trace.
    package static let headBytes = idBytes + TraceContext.byteCount
}

/// Why a connection was closed by this end.
package enum LinkConnectionError: Error, Equatable, Sendable {
    /// A frame header announces more than the limit.
    case frameTooLong(announced: Int)
    /// A frame header announces less than id and trace.
    case frameTooShort(announced: Int)
    /// The certificate of the peer has no name, another name than expected, or one not allowed.
    case peerNotAllowed
    /// The TLS handshake took too long.
    case handshakeTooSlow
    /// No frame came from the peer from the sending of a request until its time was over.
    case peerSilent
    /// The link or the server was closed here.
    case closedHere
}

/// Bytes ↔ frames: length of what follows (4 bytes, big-endian), id (8 bytes), trace (25 bytes),
/// message.
///
/// Total: every input gives frames, waits for more, or ends in one `LinkConnectionError` with which
/// the connection is closed. Frames that are written are gathered and leave with the next flush, so
/// that many small frames share one TLS record.
package final class FrameCodec: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = Frame
    package typealias OutboundIn = Frame
    package typealias OutboundOut = ByteBuffer

    /// A buffer that grew larger than this for a burst is not kept.
    private static let bufferBytesKept = 256 * 1024

    private let lengthMax: Int
    /// The begin of a frame whose end has not come.
    private var begun: ByteBuffer?
    private var gathered = ByteBuffer()
    private var gatheredPromise: EventLoopPromise<Void>?
    private var isOver = false

    package init(messageBytesMax: Int = LinkLimits.messageBytesMax) {
        lengthMax = Frame.headBytes + messageBytesMax
    }

    // MARK: In

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isOver { return }
        var input = unwrapInboundIn(data)
        if var begun {
            self.begun = nil
            begun.writeBuffer(&input)
            input = begun
        }
        do {
            while !isOver, let frame = try nextFrame(in: &input) {
                context.fireChannelRead(wrapInboundOut(frame))
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
    private func nextFrame(in input: inout ByteBuffer) throws(LinkConnectionError) -> Frame? {
        guard let field = input.getInteger(at: input.readerIndex, as: UInt32.self) else {
            return nil
        }
        let length = Int(field)
        if length < Frame.headBytes { throw .frameTooShort(announced: length) }
        if length > lengthMax { throw .frameTooLong(announced: length) }
        guard input.readableBytes >= Frame.lengthBytes + length else { return nil }
        input.moveReaderIndex(forwardBy: Frame.lengthBytes)
        guard
            let (id, high, low, span, flags) = input.readMultipleIntegers(
                as: (UInt64, UInt64, UInt64, UInt64, UInt8).self
            ),
            let message = input.readBytes(length: length - Frame.headBytes)
        else { return nil }
        let trace = TraceContext(high: high, low: low, span: span, flags: flags)
        return Frame(id: id, trace: trace, message: message)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        isOver = true
        begun = nil
        gathered = ByteBuffer()
        if let promise = gatheredPromise {
            gatheredPromise = nil
            promise.fail(ChannelError.ioOnClosedChannel)
        }
        context.fireChannelInactive()
    }

    // MARK: Out

    package func write(
        context: ChannelHandlerContext,
        data: NIOAny,
        promise: EventLoopPromise<Void>?
    ) {
        let frame = unwrapOutboundIn(data)
        precondition(
            frame.message.count <= lengthMax - Frame.headBytes,
            "the sender checks the size"
        )
        gathered.writeInteger(UInt32(Frame.headBytes + frame.message.count))
        gathered.writeMultipleIntegers(
            frame.id,
            frame.trace?.high ?? 0,
            frame.trace?.low ?? 0,
            frame.trace?.span ?? 0,
            frame.trace?.flags ?? 0
        )
        gathered.writeBytes(frame.message)
        gatheredPromise.setOrCascade(to: promise)
    }

    package func flush(context: ChannelHandlerContext) {
        if gathered.readableBytes == 0 {
            context.flush()
            return
        }
        // The storage comes back after the flush, when nobody below refers to it any more.
        var chunk = gathered
        gathered = ByteBuffer()
        let promise = gatheredPromise
        gatheredPromise = nil
        context.writeAndFlush(wrapOutboundOut(chunk), promise: promise)
        if gathered.readableBytes == 0 && chunk.capacity <= Self.bufferBytesKept {
            chunk.clear()
            gathered = chunk
        }
    }
}

@available(*, unavailable)
extension FrameCodec: Sendable {}
