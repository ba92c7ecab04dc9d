// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing
import VirtualReader
import Wire

/// Real sockets on the loopback address.
@Suite(.timeLimit(.minutes(15))) struct ReaderSlotTests {
    /// Counts its resets in the last byte of its answer, and answers a command with itself.
    private final class Echo: CardChannel {
        private let state = Mutex((resets: UInt8(0), failure: ChannelFailure?.none))

        func fail(_ failure: ChannelFailure?) { state.withLock { $0.failure = failure } }

        func transmit(_ command: [UInt8]) async throws(ChannelFailure) -> [UInt8] {
            if let failure = state.withLock({ $0.failure }) { throw failure }
            return command + [0x90, 0x00]
        }

        func reset() async throws(ChannelFailure) -> [UInt8] {
            let (resets, failure) = state.withLock { state in
                state.resets &+= 1
                return (state.resets, state.failure)
            }
            if let failure { throw failure }
            return [0x3B, resets]
        }
    }

    private static let powerOff: [UInt8] = [0x00]
    private static let powerOn: [UInt8] = [0x01]
    private static let reset: [UInt8] = [0x02]
    private static let sendAnswer: [UInt8] = [0x04]

    private func slot(_ reader: FakeReader) -> ReaderSlot {
        ReaderSlot(
            host: "127.0.0.1",
            port: reader.port,
            pauses: .milliseconds(1) ... .milliseconds(10)
        )
    }

    /// Holds the card while the reader does what it is told.
    ///
    /// - Returns: what was reported.
    @discardableResult
    private func hold(
        _ card: Echo,
        _ bodies: @escaping @Sendable (FakeReader) async throws -> Void
    ) async throws -> [ReaderSlot.Event] {
        let reader = try await FakeReader()
        let slot = slot(reader)
        let events = Events()
        let held = Task { try await slot.hold(card) { events.add($0) } }
        try await bodies(reader)
        held.cancel()
        try await held.value
        return events.all
    }

    private final class Events: Sendable {
        private let list = Mutex<[ReaderSlot.Event]>([])

        func add(_ event: ReaderSlot.Event) { list.withLock { $0.append(event) } }
        var all: [ReaderSlot.Event] { list.withLock { $0 } }
    }

    @Test func `the answer to reset is there before the power, and each reset is a new one`()
        async throws
    {
        try await hold(Echo()) { reader in
            try await reader.take { slot in
                #expect(try await slot.ask(Self.sendAnswer) == [0x3B, 1])
                try await slot.send(Self.powerOn)
                #expect(try await slot.ask(Self.sendAnswer) == [0x3B, 2])
                #expect(try await slot.ask(Self.sendAnswer) == [0x3B, 2])
                try await slot.send(Self.reset)
                #expect(try await slot.ask(Self.sendAnswer) == [0x3B, 3])
                try await slot.send(Self.powerOff)
                #expect(try await slot.ask(Self.sendAnswer) == [0x3B, 3])
            }
        }
    }

    @Test func `a command is answered by the card, in one piece or in many`() async throws {
        try await hold(Echo()) { reader in
            try await reader.take { slot in
                let largest = [UInt8](repeating: 5, count: 65_533)
                #expect(try await slot.ask([1, 2, 3, 4]) == [1, 2, 3, 4, 0x90, 0x00])
                #expect(try await slot.ask(largest) == largest + [0x90, 0x00])
                for byte: UInt8 in [0, 5, 1, 2, 3, 4, 5] { try await slot.send(raw: [byte]) }
                #expect(try await slot.receive() == [1, 2, 3, 4, 5, 0x90, 0x00])
                try await slot.send(raw: [0, 4, 1, 1, 1, 1, 0, 4, 2, 2, 2, 2])
                #expect(try await slot.receive() == [1, 1, 1, 1, 0x90, 0x00])
                #expect(try await slot.receive() == [2, 2, 2, 2, 0x90, 0x00])
            }
        }
    }

    @Test func `what is no command is answered or passed over, and the card stays`() async throws {
        try await hold(Echo()) { reader in
            try await reader.take { slot in
                try await slot.send([])
                try await slot.send([0x03])
                try await slot.send([0xFF])
                #expect(try await slot.ask([0, 0xA4]) == [0x67, 0x00])
                #expect(try await slot.ask([0, 0xA4, 4]) == [0x67, 0x00])
                #expect(try await slot.ask(Self.sendAnswer) == [0x3B, 1])
            }
        }
    }

    @Test func `a reader that comes back sees the card again, after a reset`() async throws {
        let card = Echo()
        let events = try await hold(card) { reader in
            try await reader.take(
                { (slot) async throws in
                    #expect(try await slot.ask(Self.sendAnswer) == [0x3B, 1])
                },
                // In the middle of a message.
                { (slot) async throws in
                    #expect(try await slot.ask(Self.sendAnswer) == [0x3B, 2])
                    try await slot.send(raw: [0, 5, 1])
                }
            )
            let again = try await FakeReader(port: reader.port)
            try await again.take { slot in
                let answer = try #require(try await slot.ask(Self.sendAnswer))
                #expect(answer[1] >= 3)
            }
        }
        #expect(events.filter { $0 == .inserted }.count == 3)
        #expect(events.first == .waiting)
    }

    @Test func `a card without an answer leaves the reader until it has one`() async throws {
        let card = Echo()
        let events = try await hold(card) { reader in
            try await reader.take(
                { (slot) async throws in
                    _ = try await slot.ask(Self.sendAnswer)
                    card.fail(.broken("the store did not answer"))
                    #expect(try await slot.ask([0x80, 0x54, 1, 0]) == nil)
                    card.fail(nil)
                },
                { (slot) async throws in
                    #expect(try await slot.ask([0x80, 0x5C, 0, 0])?.suffix(2) == [0x90, 0x00])
                }
            )
        }
        #expect(events.contains(.lost("the card did not answer: the store did not answer")))
    }

    @Test func `a card that was removed ends it`() async throws {
        let reader = try await FakeReader()
        let slot = slot(reader)
        let card = Echo()
        let held = Task { () -> SlotFailure? in
            do throws(SlotFailure) {
                try await slot.hold(card) { _ in }
                return nil
            } catch {
                return error
            }
        }
        try await reader.take { slot in
            _ = try await slot.ask(Self.sendAnswer)
            card.fail(.removed)
            #expect(try await slot.ask([0x80, 0x5C, 0, 0]) == nil)
        }
        #expect(await held.value == .card(.removed))
    }

    @Test func `without a reader, or without a card, it says so at once`() async throws {
        let reader = try await FakeReader()
        let slot = slot(reader)
        let card = Echo()
        card.fail(.removed)
        await #expect(throws: SlotFailure.card(.removed)) { try await slot.hold(card) { _ in } }
        // Nobody listens after this.
        try await reader.take()
        await #expect(throws: SlotFailure.nothingListens(host: "127.0.0.1", port: reader.port)) {
            try await slot.hold(Echo()) { _ in }
        }
    }
}
