// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import LinkEdge
import NetworkEdge
import Testing
import Wire

/// The network's end, and gateway and network together, on real sockets on the loopback address.
@Suite(.timeLimit(.minutes(15))) struct NetworkServerTests {
    private func server(
        identity: LinkIdentity? = nil,
        _ change: (inout NetworkSettings) -> Void = { _ in },
        report: @escaping LinkReporter = { _, _ in },
        answer: @escaping @Sendable (ISOMessage) async -> NetworkReply
    ) throws -> NetworkServer {
        var settings = NetworkSettings()
        change(&settings)
        return try NetworkServer(
            group: group,
            host: "127.0.0.1",
            port: 0,
            identity: identity,
            allowedPeers: ["gateway"],
            settings: settings,
            report: report,
            answer: { bytes in
                guard let message = try? ISODialect.ascii1987.decode(bytes) else {
                    return NetworkReply(bytes: [], delivery: .cut)
                }
                return await answer(message)
            }
        )
    }

    private func connector(
        to port: Int,
        identity: LinkIdentity? = nil,
        answerTime: Duration = .seconds(120),
        report: @escaping LinkReporter = { _, _ in }
    ) throws -> NetworkConnector {
        var settings = NetworkSettings()
        // A busy machine takes its time; nothing here is about how long.
        settings.answerTime = answerTime
        settings.reconnectTime = .milliseconds(10)...Duration.milliseconds(50)
        return try NetworkConnector(
            group: group,
            host: "127.0.0.1",
            port: port,
            peer: "network",
            identity: identity,
            dialect: .ascii1987,
            settings: settings,
            report: report
        )
    }

    private static func reply(
        _ message: ISOMessage,
        _ delivery: NetworkReply.Delivery = .atOnce
    ) -> NetworkReply {
        let bytes = try? ISODialect.ascii1987.encode(answer(to: message))
        return NetworkReply(bytes: bytes ?? [], delivery: delivery)
    }

    @Test func `an answer is sent at once, later, never, or the connection is cut`()
        async throws
    {
        let server = try server { message in
            switch message[text: .traceNumber] {
            case "000002": Self.reply(message, .after(.milliseconds(20)))
            case "000003": Self.reply(message, .never)
            case "000004": Self.reply(message, .cut)
            default: Self.reply(message)
            }
        }
        let port = try await server.start()
        let connector = try connector(to: port)
        #expect(try await connector.outcome(of: request(1)) == .success(answer(to: request(1))))
        #expect(try await connector.outcome(of: request(2)) == .success(answer(to: request(2))))
        let impatient = try self.connector(to: port, answerTime: .milliseconds(50))
        #expect(try await impatient.outcome(of: request(3)) == .failure(.timedOut))
        await impatient.close()
        #expect(try await connector.outcome(of: request(4)) == .failure(.broken))
        #expect(try await connector.outcome(of: request(5)) == .success(answer(to: request(5))))
        await connector.close()
        await server.shutdown()
    }

    @Test func `above its bound the network stops reading, and all are answered`() async throws {
        let tasks = Counter()
        let server = try server {
            $0.tasksMax = 3
        } answer: { message in
            tasks.begin()
            try? await Task.sleep(for: .milliseconds(1))
            tasks.end()
            return Self.reply(message)
        }
        let connector = try connector(to: await server.start())
        let answered = try await withThrowingTaskGroup(of: Bool.self) { tasks in
            for number in 0..<200 {
                tasks.addTask {
                    try await connector.outcome(of: request(number))
                        == .success(answer(to: request(number)))
                }
            }
            return try await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(answered == 200)
        #expect(tasks.most <= 3)
        await connector.close()
        await server.shutdown()
    }

    @Test func `over TLS both ends know each other by name`() async throws {
        let (network, gateway) = try TestNetwork.makeIdentities()
        let server = try server(identity: network) { Self.reply($0) }
        let port = try await server.start()
        let connector = try connector(to: port, identity: gateway)
        #expect(try await connector.outcome(of: request(1)) == .success(answer(to: request(1))))
        await connector.close()

        // Another's certificate, another scheme, no TLS at all.
        let refused = [network, try TestNetwork.makeIdentities().gateway, nil]
        for identity in refused {
            let stranger = try self.connector(to: port, identity: identity)
            let outcome = try await stranger.outcome(of: request(2))
            #expect([.failure(.broken), .failure(.notSent)].contains(outcome))
            await stranger.close()
        }
        await server.shutdown()
    }

    @Test func `a network with another name is not spoken to`() async throws {
        let (network, gateway) = try TestNetwork.makeIdentities()
        let arrived = Collected<ISOMessage>()
        let impostor = try server(identity: gateway) { message in
            arrived.append(message)
            return Self.reply(message)
        }
        let reports = Collected<String>()
        let connector = try connector(to: await impostor.start(), identity: gateway) {
            reports.append("\($1)")
        }
        #expect(try await connector.outcome(of: request(1)) == .failure(.notSent))
        #expect(reports.all.first == "peerNotAllowed")
        #expect(arrived.all.isEmpty)
        _ = network
        await connector.close()
        await impostor.shutdown()
    }

    @Test(arguments: [false, true])
    func `what was approved is captured, over a socket as without`(isOverTLS: Bool) async throws {
        let world = try await TestNetwork(isOverTLS: isOverTLS)
        await world.waitUntilSignedOn()
        let request = try world.request(2_500)
        #expect(try await world.gateway.authorize(request).state == .approved)
        try await world.gateway.complete(request.name)
        #expect(try await world.gateway.forward(request.name))
        #expect(try await world.books().sum == [.captured: 2_500])
        await world.close()
    }

    @Test func `a network that is silent under load is served when it is back`() async throws {
        let world = try await TestNetwork()
        await world.waitUntilSignedOn()
        // Requests, then advices and reversals, vanish or are cut; the books are kept.
        try world.follow(
            """
            message 0100 first 10 approve
            message 0100 first 12 silent
            message 0100 first 2 cut
            message 0420 first 6 silent
            message 0220 first 5 silent
            """
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for _ in 0..<40 { tasks.addTask { try await world.load() } }
            for try await _ in tasks {}
        }
        try await world.forwardAll()
        let books = try await world.books()
        let gateway = try await world.authorizations().values
        let completed = gateway.filter { $0.state == .completed }.count
        #expect(books.count[.held] == nil)
        #expect(books.count[.captured] ?? 0 == completed)
        #expect(completed >= 1 && completed < 40)
        #expect(gateway.count == 40)
        await world.close()
    }

    @Test func `after the network went away it is signed on to again`() async throws {
        let world = try await TestNetwork()
        await world.waitUntilSignedOn()
        let request = try world.request()
        #expect(try await world.gateway.authorize(request).state == .approved)
        await world.stopServer()
        try await world.gateway.complete(request.name)
        #expect(await world.gateway.forwardOpen().acknowledged == 0)
        #expect(try await world.books().count == [.held: 1])
        try await world.startServer()
        try await world.forwardAll()
        #expect(try await world.books().count == [.captured: 1])
        // On a busy machine an echo may be answered too late, and is asked for again.
        while await !world.gateway.keepSignedOn() {}
        #expect(world.gateway.isSignedOn)
        await world.close()
    }

    @Test func `in one process a late answer comes as late, and nothing is sent twice`()
        async throws
    {
        let world = try await TestNetwork()
        await world.waitUntilSignedOn()
        try world.follow(
            """
            message 0100 first 1 cut
            message 0100 first 1 silent
            """
        )
        let link = world.directLink(answerTime: .milliseconds(50))
        #expect(try await link.outcome(of: request(1)) == .failure(.broken))
        #expect(try await link.outcome(of: request(2)) == .failure(.timedOut))
        let third = try await link.outcome(of: request(3))
        // From nobody who has signed on.
        #expect(try third.get()[text: .responseCode] == NetworkResponse.notPermitted.code)
        await world.close()
    }

    @Test func `in one process, too, what is late goes to the gateway`() async throws {
        let world = try await TestNetwork()
        await world.waitUntilSignedOn()
        try world.follow("message 0800 slow")
        // Slow for the network is late for this link.
        let link = world.directLink(answerTime: .milliseconds(50))
        let (late, arrivals) = AsyncStream.makeStream(of: [UInt8].self)
        link.start { arrivals.yield($0) }
        #expect(try await link.outcome(of: echo("000001")) == .failure(.timedOut))
        let bytes = try #require(await late.first { _ in true })
        #expect(try ISODialect.ascii1987.decode(bytes).type == .managementAnswer)
        await world.close()
    }
}
