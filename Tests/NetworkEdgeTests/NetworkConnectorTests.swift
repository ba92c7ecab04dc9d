// SPDX-License-Identifier: Apache-2.0

import LinkEdge
import NetworkEdge
import Testing
import Wire

/// The gateway's end, on real sockets on the loopback address.
@Suite(.timeLimit(.minutes(15))) struct NetworkConnectorTests {
    private func connector(
        to port: Int,
        _ reports: Collected<String> = Collected(),
        _ change: (inout NetworkSettings) -> Void = { _ in }
    ) throws -> NetworkConnector {
        var settings = NetworkSettings()
        settings.reconnectTime = .milliseconds(10)...Duration.milliseconds(50)
        change(&settings)
        return try NetworkConnector(
            group: group,
            host: "127.0.0.1",
            port: port,
            peer: "network",
            identity: nil,
            dialect: .ascii1987,
            settings: settings,
            report: { _, reason in reports.append("\(reason)") }
        )
    }

    @Test func `a message is answered`() async throws {
        let network = try await RawNetwork()
        let connector = try connector(to: network.port)
        async let outcome = connector.outcome(of: request(1))
        let peer = try await network.peer()
        let question = try await peer.message()
        #expect(question == request(1))
        try await peer.send(answer(to: question))
        #expect(try await outcome == .success(answer(to: request(1))))
        await connector.close()
        await network.close()
    }

    @Test func `two answers out of order come to those who asked`() async throws {
        let network = try await RawNetwork()
        let connector = try connector(to: network.port)
        async let first = connector.outcome(of: request(1))
        let peer = try await network.peer()
        _ = try await peer.message()
        async let second = connector.outcome(of: request(2))
        _ = try await peer.message()
        try await peer.send(answer(to: request(2), .declined))
        #expect(try await second == .success(answer(to: request(2), .declined)))
        try await peer.send(answer(to: request(1)))
        #expect(try await first == .success(answer(to: request(1))))
        await connector.close()
        await network.close()
    }

    @Test func `a late answer goes to the gateway, and the connection stays`() async throws {
        let network = try await RawNetwork()
        let reports = Collected<String>()
        let connector = try connector(to: network.port, reports) {
            $0.answerTime = .milliseconds(50)
        }
        let (late, arrivals) = AsyncStream.makeStream(of: [UInt8].self)
        connector.start { bytes in
            arrivals.yield(bytes)
            return nil
        }
        let peer = try await network.peer()
        #expect(try await connector.outcome(of: request(1)) == .failure(.timedOut))
        try await peer.send(answer(to: request(1)))
        let bytes = try #require(await late.first { _ in true })
        #expect(try ISODialect.ascii1987.decode(bytes) == answer(to: request(1)))
        // On the same connection.
        #expect(try await peer.message() == request(1))
        _ = try await connector.outcome(of: request(2))
        #expect(try await peer.message() == request(2))
        #expect(reports.all.isEmpty)
        await connector.close()
        await network.close()
    }

    @Test func `a question of the network is answered, also one with our number`() async throws {
        let network = try await RawNetwork()
        let connector = try connector(to: network.port)
        connector.start { bytes in
            guard let question = try? ISODialect.ascii1987.decode(bytes) else { return nil }
            return try? ISODialect.ascii1987.encode(answer(to: question))
        }
        let peer = try await network.peer()
        async let ours = connector.outcome(of: echo("000007"))
        #expect(try await peer.message() == echo("000007"))
        try await peer.send(echo("000007"))
        #expect(try await peer.message() == answer(to: echo("000007")))
        try await peer.send(answer(to: echo("000007"), .malfunction))
        #expect(try await ours == .success(answer(to: echo("000007"), .malfunction)))
        await connector.close()
        await network.close()
    }

    @Test func `what is no message is passed over and reported`() async throws {
        let network = try await RawNetwork()
        let reports = Collected<String>()
        let connector = try connector(to: network.port, reports)
        async let outcome = connector.outcome(of: request(1))
        let peer = try await network.peer()
        _ = try await peer.message()
        await peer.send(raw: [0, 3] + Array("abc".utf8))
        try await peer.send(answer(to: request(1)))
        #expect(try await outcome == .success(answer(to: request(1))))
        #expect(reports.all == ["unreadableMessage"])
        await connector.close()
        await network.close()
    }

    @Test func `cut in the middle of a frame nobody knows what became of the message`()
        async throws
    {
        let network = try await RawNetwork()
        let connector = try connector(to: network.port)
        async let outcome = connector.outcome(of: request(1))
        let peer = try await network.peer()
        _ = try await peer.message()
        await peer.send(raw: Array(try framed(answer(to: request(1))).dropLast()))
        await peer.close()
        #expect(try await outcome == .failure(.broken))
        await connector.close()
        await network.close()
    }

    @Test(arguments: [[0x00, 0x00] as [UInt8], [0x10, 0x01], [0xFF, 0xFF]])
    func `a frame that cannot be one ends the connection, and the next one works`(
        frame: [UInt8]
    ) async throws {
        let network = try await RawNetwork()
        let reports = Collected<String>()
        let connector = try connector(to: network.port, reports)
        async let broken = connector.outcome(of: request(1))
        let peer = try await network.peer()
        _ = try await peer.message()
        await peer.send(raw: frame)
        #expect(try await broken == .failure(.broken))
        await peer.waitForClose()
        #expect(reports.all.count == 1)

        async let outcome = connector.outcome(of: request(2))
        let next = try await network.peer()
        #expect(try await next.message() == request(2))
        try await next.send(answer(to: request(2)))
        #expect(try await outcome == .success(answer(to: request(2))))
        await connector.close()
        await network.close()
    }

    @Test func `above the bound a message is refused and later ones pass`() async throws {
        let network = try await RawNetwork()
        let connector = try connector(to: network.port) { $0.inFlightMax = 2 }
        async let first = connector.outcome(of: request(1))
        let peer = try await network.peer()
        _ = try await peer.message()
        async let second = connector.outcome(of: request(2))
        _ = try await peer.message()
        #expect(try await connector.outcome(of: request(3)) == .failure(.busy))
        try await peer.send(answer(to: request(1)))
        _ = try await first
        // The same exchange twice: an answer could not be told apart.
        #expect(try await connector.outcome(of: request(2)) == .failure(.busy))
        try await peer.send(answer(to: request(2)))
        #expect(try await second == .success(answer(to: request(2))))
        await connector.close()
        await network.close()
    }

    @Test func `a message that is too large is not sent`() async throws {
        let network = try await RawNetwork()
        let connector = try connector(to: network.port)
        let large = [UInt8](repeating: 0x30, count: ISOLimits.messageBytesMax + 1)
        let exchange = try #require(ISOExchange(request(1)))
        await #expect(throws: LinkFailure.tooLarge) {
            try await connector.request(large, exchange)
        }
        await connector.close()
        await network.close()
    }

    @Test func `without a network nothing is sent, and when it is there it is found`()
        async throws
    {
        let gone = try await RawNetwork()
        await gone.close()
        let connector = try connector(to: gone.port)
        #expect(try await connector.outcome(of: request(1)) == .failure(.notSent))
        let connections = Collected<Int>()
        connector.start(connected: { connections.append(1) }, receive: { _ in nil })
        let network = try await RawNetwork(port: gone.port)
        let peer = try await network.peer()
        async let outcome = connector.outcome(of: request(2))
        try await peer.send(answer(to: try await peer.message()))
        #expect(try await outcome == .success(answer(to: request(2))))
        #expect(connections.all.count == 1)
        await connector.close()
        await network.close()
    }

    @Test func `a network that says nothing at all for long is connected anew`() async throws {
        let network = try await RawNetwork()
        let reports = Collected<String>()
        let connector = try connector(to: network.port, reports) {
            $0.answerTime = .milliseconds(50)
            $0.silentTime = .milliseconds(20)
        }
        #expect(try await connector.outcome(of: request(1)) == .failure(.timedOut))
        let silent = try await network.peer()
        await silent.waitForClose()
        let next = try await network.peer()
        #expect(reports.all == ["peerSilent"])
        await next.close()
        await connector.close()
        await network.close()
    }

    @Test func `a closed connector sends nothing, and who waits learns it`() async throws {
        let network = try await RawNetwork()
        let connector = try connector(to: network.port)
        async let waiting = connector.outcome(of: request(1))
        let peer = try await network.peer()
        _ = try await peer.message()
        await connector.close()
        #expect(try await waiting == .failure(.broken))
        #expect(try await connector.outcome(of: request(2)) == .failure(.notSent))
        await peer.waitForClose()
        await network.close()
    }
}
