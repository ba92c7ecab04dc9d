// SPDX-License-Identifier: Apache-2.0

import LinkEdge
import NIOCore
import NIOEmbedded
import Testing
import Traces

@Suite struct FrameCodecTests {
    private static let messageBytesMax = 100

    private func channel() -> EmbeddedChannel {
        EmbeddedChannel(handler: FrameCodec(messageBytesMax: Self.messageBytesMax))
    }

    private func encoded(_ frames: [Frame]) throws -> [UInt8] {
        let channel = channel()
        for frame in frames { channel.write(frame, promise: nil) }
        channel.flush()
        let buffer = try #require(try channel.readOutbound(as: ByteBuffer.self))
        _ = try channel.finish(acceptAlreadyClosed: true)
        return Array(buffer.readableBytesView)
    }

    /// All frames and the error that a sequence of chunks gives.
    private func decoded(_ chunks: [[UInt8]]) throws -> ([Frame], LinkConnectionError?) {
        let channel = channel()
        var failure: LinkConnectionError?
        for chunk in chunks {
            do {
                try channel.writeInbound(ByteBuffer(bytes: chunk))
            } catch let error as LinkConnectionError {
                #expect(failure == nil, "one error ends it")
                failure = error
            }
        }
        var frames: [Frame] = []
        while let frame = try channel.readInbound(as: Frame.self) { frames.append(frame) }
        _ = try channel.finish(acceptAlreadyClosed: true)
        return (frames, failure)
    }

    @Test func `a frame is length, id, trace and message`() throws {
        let trace = TraceContext(
            header: "00-1112131415161718191a1b1c1d1e1f20-2122232425262728-01"
        )
        let id: UInt64 = 0x0102_0304_0506_0708
        let bytes = try encoded([Frame(id: id, trace: trace, message: [9, 10])])
        let written: [UInt8] = [0, 0, 0, 35, 1, 2, 3, 4, 5, 6, 7, 8] + (0x11...0x28) + [1, 9, 10]
        #expect(bytes == written)
        let (frames, _) = try decoded([bytes])
        #expect(frames == [Frame(id: id, trace: trace, message: [9, 10])])
    }

    @Test func `a frame without a trace has zeros in its place`() throws {
        let bytes = try encoded([Frame(id: 1, message: [9])])
        let zeros = [UInt8](repeating: 0, count: 25)
        #expect(bytes == [0, 0, 0, 34, 0, 0, 0, 0, 0, 0, 0, 1] + zeros + [9])
    }

    @Test func `frames written before a flush leave together and are read apart`() throws {
        let frames = (0..<50).map { Frame(id: $0, message: [UInt8](repeating: 7, count: Int($0))) }
        let (back, failure) = try decoded([encoded(frames)])
        #expect(back == frames)
        #expect(failure == nil)
    }

    @Test func `a frame may come in any pieces`() throws {
        let frames = [Frame(id: 1, message: []), Frame(id: .max, message: Array(0..<100))]
        let bytes = try encoded(frames)
        for size in 1...bytes.count {
            let chunks = stride(from: 0, to: bytes.count, by: size).map {
                Array(bytes[$0..<min($0 + size, bytes.count)])
            }
            let (back, failure) = try decoded(chunks)
            #expect(back == frames)
            #expect(failure == nil)
        }
    }

    @Test func `a frame cut short gives nothing and no error`() throws {
        let bytes = try encoded([Frame(id: 1, message: [1, 2, 3])])
        for count in 0..<bytes.count {
            let (frames, failure) = try decoded([Array(bytes[..<count])])
            #expect(frames.isEmpty)
            #expect(failure == nil)
        }
    }

    @Test(arguments: [0, 1, 8, 32])
    func `a length without room for id and trace closes`(length: UInt8) throws {
        let (frames, failure) = try decoded([[0, 0, 0, length], [UInt8](repeating: 0, count: 40)])
        #expect(frames.isEmpty)
        #expect(failure == .frameTooShort(announced: Int(length)))
    }

    @Test func `a length above the limit closes before its bytes come`() throws {
        let (_, one) = try decoded([[0, 0, 0, 134]])
        #expect(one == .frameTooLong(announced: 134))
        let (_, most) = try decoded([[0xFF, 0xFF, 0xFF, 0xFF]])
        #expect(most == .frameTooLong(announced: 0xFFFF_FFFF))
        let (_, atLimit) = try decoded([[0, 0, 0, 133]])
        #expect(atLimit == nil)
    }

    @Test func `frames before a bad one are delivered, none after it`() throws {
        let good = Frame(id: 5, message: [1])
        let bytes = try encoded([good])
        let (frames, failure) = try decoded([bytes + [0, 0, 0, 2] + bytes, bytes])
        #expect(frames == [good])
        #expect(failure == .frameTooShort(announced: 2))
    }

    @Test(arguments: 0..<200)
    func `any bytes give frames, an error or a wait`(seed: UInt64) throws {
        var random = Seeded(state: seed)
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            if Bool.random(using: &random) {
                bytes += try encoded([
                    Frame(
                        id: random.next(),
                        message: (0..<Int.random(in: 0...100, using: &random)).map { _ in
                            UInt8.random(in: 0...255, using: &random)
                        }
                    )
                ])
            } else {
                bytes += [0, 0, 0, UInt8.random(in: 0...255, using: &random)]
            }
        }
        if !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            bytes[place] ^= UInt8.random(in: 0...255, using: &random)
        }
        var chunks: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...rest.count, using: &random)
            chunks.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        let inPieces = try decoded(chunks)
        let atOnce = try decoded([bytes])
        #expect(inPieces.0 == atOnce.0)
        #expect(inPieces.1 == atOnce.1)
        #expect(inPieces.0.allSatisfy { $0.message.count <= Self.messageBytesMax })
    }
}
