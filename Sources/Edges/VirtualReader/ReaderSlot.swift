// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
package import Wire

/// One slot of the virtual PC/SC reader vpcd, a driver of pcscd: whatever card is put into it is a
/// card in a reader for every program of that machine.
///
/// The card dials vpcd, never the other way round: pcscd aborts when a card that it dialled goes.
/// https://frankmorgner.github.io/vsmartcard/virtualsmartcard/README.html
package struct ReaderSlot: Sendable {
    /// Where vpcd listens for the card of its first slot; the second is one further.
    package static let portDefault = 35_963

    private let host: String
    private let port: Int
    private let pauses: ClosedRange<Duration>
    private let connectTimeMax: TimeAmount = .seconds(5)

    /// `pauses`: between two attempts to come back; each is twice the one before.
    package init(
        host: String,
        port: Int,
        pauses: ClosedRange<Duration> = .milliseconds(250) ... .seconds(8)
    ) {
        precondition(pauses.lowerBound > .zero)
        self.host = host
        self.port = port
        self.pauses = pauses
    }

    /// What happens to a card that is held in the slot.
    package enum Event: Equatable, Sendable {
        /// vpcd was found. Where there is a card in the slot already, this one waits for its end.
        case waiting
        /// The reader sees the card.
        case inserted
        /// The reader sees it no more; it is put in again as soon as that can be. The text is for
        /// the log.
        case lost(String)
    }

    /// Keeps a card in the slot until the task is cancelled. A command that is under way is then
    /// answered first. Where the connection ends it is made again, with pauses.
    ///
    /// - Throws: where the card cannot be put in at the start, or was removed later.
    package func hold(
        _ card: any CardChannel,
        report: @escaping @Sendable (Event) -> Void
    ) async throws(SlotFailure) {
        let session = SlotSession(card)
        var connection = try await insert(session)
        var pause = pauses.lowerBound
        while true {
            let end = await serve(session, connection, report)
            if Task.isCancelled { return }
            if case .cardFailed(.removed) = end.reason { throw .card(.removed) }
            report(.lost(end.reason.text))
            if end.wasSeen { pause = pauses.lowerBound }
            var next: Connection?
            while next == nil {
                try? await Task.sleep(for: pause)
                if Task.isCancelled { return }
                pause = min(pause * 2, pauses.upperBound)
                next = try await insertAgain(session)
            }
            if let next { connection = next }
        }
    }

    // MARK: The connection

    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// The card is reset first: what is not there must not be seen.
    private func insert(_ session: SlotSession) async throws(SlotFailure) -> Connection {
        do throws(ChannelFailure) {
            try await session.reset()
        } catch {
            throw .card(error)
        }
        do {
            return try await connect()
        } catch {
            throw .nothingListens(host: host, port: port)
        }
    }

    /// - Returns: nil where it is worth trying once more.
    private func insertAgain(_ session: SlotSession) async throws(SlotFailure) -> Connection? {
        do throws(SlotFailure) {
            return try await insert(session)
        } catch {
            guard case .card(.removed) = error else { return nil }
            throw error
        }
    }

    private func connect() async throws -> Connection {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(connectTimeMax)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        QuickAcknowledgement(),
                        ByteToMessageHandler(SlotFrameDecoder()),
                        MessageToByteHandler(SlotFrameEncoder()),
                    ])
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
    }

    private struct End {
        enum Reason {
            case readerGone
            case readerFailed(any Error)
            case cardFailed(ChannelFailure)

            var text: String {
                switch self {
                case .readerGone: "the reader went away"
                case .readerFailed(let error): "the reader went away: \(error)"
                case .cardFailed(.broken(let text)): "the card did not answer: \(text)"
                case .cardFailed(.removed): "the card was removed"
                }
            }
        }

        let reason: Reason
        /// Whether the reader ever asked for anything.
        let wasSeen: Bool
    }

    /// Answers the reader until one of the two is gone.
    private func serve(
        _ session: SlotSession,
        _ connection: Connection,
        _ report: @escaping @Sendable (Event) -> Void
    ) async -> End {
        var wasSeen = false
        report(.waiting)
        do {
            try await connection.executeThenClose { inbound, outbound in
                for try await message in inbound {
                    if !wasSeen {
                        wasSeen = true
                        report(.inserted)
                    }
                    let message = Array(message.readableBytesView)
                    // In a task that is not cancelled with this one: who stops the program between
                    // a debit and its answer would leave the terminal in doubt.
                    try await Task {
                        guard let answer = try await session.answer(message) else { return }
                        try await outbound.write(ByteBuffer(bytes: answer))
                    }.value
                }
            }
            return End(reason: .readerGone, wasSeen: wasSeen)
        } catch let error as ChannelFailure {
            return End(reason: .cardFailed(error), wasSeen: wasSeen)
        } catch {
            return End(reason: .readerFailed(error), wasSeen: wasSeen)
        }
    }
}

/// Why a card is not in the slot.
package enum SlotFailure: Error, Equatable, Sendable {
    /// pcscd does not run, or has no vpcd.
    case nothingListens(host: String, port: Int)
    case card(ChannelFailure)
}
