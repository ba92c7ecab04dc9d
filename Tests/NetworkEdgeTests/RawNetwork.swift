// SPDX-License-Identifier: Apache-2.0

import Gateway
import NIOCore
import NIOPosix
import NetworkEdge
import Synchronization
import Testing
import Wire

let group = MultiThreadedEventLoopGroup.singleton

/// A funding network that says what a test says, byte for byte.
final class RawNetwork: Sendable {
    let port: Int
    private let listener: any Channel
    private let accepted: AsyncStream<Peer>

    /// One connection of a gateway.
    final class Peer: Sendable {
        private let channel: any Channel
        fileprivate let messages: AsyncStream<[UInt8]>

        fileprivate init(_ channel: any Channel, _ messages: AsyncStream<[UInt8]>) {
            self.channel = channel
            self.messages = messages
        }

        /// The next message.
        func message() async throws -> ISOMessage {
            let bytes = try await #require(messages.first { _ in true })
            return try ISODialect.ascii1987.decode(bytes)
        }

        /// Sends bytes as they are.
        func send(raw bytes: [UInt8]) async {
            try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
        }

        /// Sends a message in its frame.
        func send(_ message: ISOMessage) async throws {
            await send(raw: try framed(message))
        }

        func close() async { try? await channel.close().get() }
        func waitForClose() async { try? await channel.closeFuture.get() }
    }

    init(port: Int = 0) async throws {
        let (accepted, acceptances) = AsyncStream.makeStream(of: Peer.self)
        self.accepted = accepted
        listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (messages, arrivals) = AsyncStream.makeStream(of: [UInt8].self)
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(Unframing(arrivals))
                    acceptances.yield(Peer(channel, messages))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        self.port = try #require(listener.localAddress?.port)
    }

    /// The next connection.
    func peer() async throws -> Peer {
        try await #require(accepted.first { _ in true })
    }

    /// Takes no more connections.
    func close() async { try? await listener.close().get() }
}

/// Reads frames on its own, so that the codec does not test itself.
private final class Unframing: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private var bytes: [UInt8] = []
    private let arrivals: AsyncStream<[UInt8]>.Continuation

    init(_ arrivals: AsyncStream<[UInt8]>.Continuation) { self.arrivals = arrivals }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytesView
        while bytes.count >= 2 {
            let length = Int(bytes[0]) << 8 | Int(bytes[1])
            guard bytes.count >= 2 + length else { return }
            arrivals.yield(Array(bytes[2..<2 + length]))
            bytes.removeFirst(2 + length)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { arrivals.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

@available(*, unavailable)
extension Unframing: Sendable {}

// MARK: Messages

func framed(_ message: ISOMessage) throws -> [UInt8] {
    let bytes = try ISODialect.ascii1987.encode(message)
    return [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
}

/// A request for funds with a number, 0 to 999999.
func request(_ number: Int) -> ISOMessage {
    var message = ISOMessage(.authorizationRequest)
    let digits = String(String(1_000_000 + number).dropFirst())
    message[text: .traceNumber] = digits
    message[text: .retrievalReference] = "000000" + digits
    message[text: .terminal] = "OPAL0001"
    return message
}

func echo(_ number: String) -> ISOMessage {
    var message = ISOMessage(.managementRequest)
    message[text: .traceNumber] = number
    message[text: .managementCode] = ManagementCode.echo.rawValue
    return message
}

func answer(to question: ISOMessage, _ response: NetworkResponse = .approved) -> ISOMessage {
    var answer = question
    if let type = question.type.answer { answer.type = type }
    answer[text: .responseCode] = response.code
    return answer
}

typealias Outcome = Result<ISOMessage, LinkFailure>

extension FundingNetworkLink {
    /// Sends a message and reads its answer.
    func outcome(of message: ISOMessage) async throws -> Outcome {
        let bytes = try ISODialect.ascii1987.encode(message)
        let exchange = try #require(ISOExchange(message))
        let answer: [UInt8]
        do throws(LinkFailure) {
            answer = try await request(bytes, exchange)
        } catch {
            return .failure(error)
        }
        return .success(try ISODialect.ascii1987.decode(answer))
    }
}

/// Counts what is worked on at most at once.
final class Counter: Sendable {
    private let counts = Mutex((now: 0, most: 0))

    var most: Int { counts.withLock { $0.most } }

    func begin() {
        counts.withLock { counts in
            counts.now += 1
            counts.most = max(counts.most, counts.now)
        }
    }

    func end() { counts.withLock { $0.now -= 1 } }
}

/// A list that several may write to.
final class Collected<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    var all: [Element] { elements.withLock { $0 } }
    func append(_ element: Element) { elements.withLock { $0.append(element) } }
}
