// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

/// The end of vpcd: waits for a card on a port of its own.
struct FakeReader: Sendable {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    let port: Int
    private let server: NIOAsyncChannel<Connection, Never>

    init(port: Int = 0) async throws {
        server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Connection(wrappingChannelSynchronously: channel)
                }
            }
        self.port = server.channel.localAddress?.port ?? 0
    }

    /// Takes cards, one after another, and has each body talk with one of them; after the last one
    /// nobody listens any more.
    func take(_ bodies: (Slot) async throws -> Void...) async throws {
        try await server.executeThenClose { cards in
            var waiting = cards.makeAsyncIterator()
            for body in bodies {
                guard let card = try await waiting.next() else { return }
                try await card.executeThenClose { inbound, outbound in
                    let (incoming, end) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
                    let pump = Task {
                        do {
                            for try await bytes in inbound { end.yield(bytes) }
                            end.finish()
                        } catch {
                            end.finish(throwing: error)
                        }
                    }
                    defer { pump.cancel() }
                    try await body(Slot(incoming: incoming, outgoing: outbound))
                }
            }
        }
    }

    /// What vpcd says to one card.
    final class Slot {
        private var incoming: AsyncThrowingStream<ByteBuffer, any Error>.Iterator
        private let outgoing: NIOAsyncChannelOutboundWriter<ByteBuffer>
        private var received = ByteBuffer()

        init(
            incoming: AsyncThrowingStream<ByteBuffer, any Error>,
            outgoing: NIOAsyncChannelOutboundWriter<ByteBuffer>
        ) {
            self.incoming = incoming.makeAsyncIterator()
            self.outgoing = outgoing
        }

        func send(raw bytes: [UInt8]) async throws {
            try await outgoing.write(ByteBuffer(bytes: bytes))
        }

        func send(_ message: [UInt8]) async throws {
            let count = message.count
            // As the driver does it: the length by itself.
            try await send(raw: [UInt8(count >> 8), UInt8(count & 0xFF)])
            try await send(raw: message)
        }

        func ask(_ message: [UInt8]) async throws -> [UInt8]? {
            try await send(message)
            return try await receive()
        }

        /// - Returns: nil where the card went away.
        func receive() async throws -> [UInt8]? {
            while true {
                if let message = received.readLengthPrefixedSlice(as: UInt16.self) {
                    return Array(message.readableBytesView)
                }
                guard var more = try await incoming.next(isolation: #isolation) else { return nil }
                received.writeBuffer(&more)
            }
        }
    }
}
