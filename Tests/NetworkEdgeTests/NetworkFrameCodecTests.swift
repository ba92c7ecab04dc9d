// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import NetworkEdge
import Testing
import Wire

/// Frames without a socket.
@Suite struct NetworkFrameCodecTests {
    private func channel() throws -> EmbeddedChannel {
        EmbeddedChannel(handler: NetworkFrameCodec())
    }

    @Test func `a message is framed by its length in two bytes, big-endian`() throws {
        let channel = try channel()
        try channel.writeOutbound([UInt8](repeating: 7, count: 258))
        let frame = try #require(try channel.readOutbound(as: ByteBuffer.self))
        #expect(Array(frame.readableBytesView.prefix(3)) == [0x01, 0x02, 7])
        #expect(frame.readableBytes == 260)
    }

    @Test func `messages are the same however the bytes are cut`() throws {
        let messages: [[UInt8]] = [[1], Array(repeating: 2, count: 300), [3, 4]]
        let bytes = messages.flatMap { [UInt8($0.count >> 8), UInt8($0.count & 0xFF)] + $0 }
        for size in [1, 2, 3, 7, 100, bytes.count] {
            let channel = try channel()
            for start in stride(from: 0, to: bytes.count, by: size) {
                let end = min(start + size, bytes.count)
                try channel.writeInbound(ByteBuffer(bytes: bytes[start..<end]))
            }
            for message in messages {
                #expect(try channel.readInbound(as: [UInt8].self) == message)
            }
            #expect(try channel.readInbound(as: [UInt8].self) == nil)
        }
    }

    @Test func `the largest message passes`() throws {
        let channel = try channel()
        let message = [UInt8](repeating: 9, count: ISOLimits.messageBytesMax)
        try channel.writeInbound(ByteBuffer(bytes: [0x10, 0x00] + message))
        #expect(try channel.readInbound(as: [UInt8].self) == message)
    }

    @Test(arguments: [
        ([0x00, 0x00], NetworkConnectionError.frameEmpty),
        ([0x10, 0x01], .frameTooLong(announced: 4097)),
        ([0xFF, 0xFF], .frameTooLong(announced: 65_535)),
    ])
    func `a frame that cannot be one ends the connection`(
        bytes: [UInt8],
        expected: NetworkConnectionError
    ) throws {
        let channel = try channel()
        #expect(throws: expected) {
            try channel.writeInbound(ByteBuffer(bytes: [0, 1, 5] + bytes + [0, 1, 6]))
        }
        // What came before counts, what comes behind does not.
        #expect(try channel.readInbound(as: [UInt8].self) == [5])
        #expect(try channel.readInbound(as: [UInt8].self) == nil)
        #expect(!channel.isActive)
    }
}
