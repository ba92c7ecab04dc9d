// SPDX-License-Identifier: Apache-2.0

import LinkEdge
import SchemeAuthority
import Testing
import Wire

/// Real sockets on the loopback address.
@Suite(.timeLimit(.minutes(15))) struct TLSLinkTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func `a request is answered, and the service learns the caller's name`(
        host: String
    ) async throws {
        let scheme = try TestScheme()
        let server = try scheme.server()
        let link = try scheme.link(to: await server.start(), host: host)
        #expect(text(try await link.request(Array("draw".utf8))) == "opal:draw")
        #expect(text(try await link.request([])) == "opal:")
        await link.close()
        await server.shutdown()
    }

    @Test func `the largest message passes and a larger one is not sent`() async throws {
        let scheme = try TestScheme()
        let gate = Gate()
        gate.open()
        let server = try scheme.server(service: gate)
        let link = try scheme.link(to: await server.start())
        let largest = [UInt8](repeating: 3, count: LinkLimits.messageBytesMax)
        #expect(try await link.request(largest) == largest)
        await #expect(throws: LinkFailure.tooLarge) { try await link.request(largest + [3]) }
        #expect(gate.arrived == 1)
        await link.close()
        await server.shutdown()
    }

    @Test func `a thousand requests in flight at once each get their own response`() async throws {
        let scheme = try TestScheme()
        let server = try scheme.server()
        let link = try scheme.link(to: await server.start())
        let matched = await concurrently(1000) { number in
            let response = try? await link.request(Array("\(number)".utf8))
            return response.map { String(decoding: $0, as: UTF8.self) } == "opal:\(number)"
        }
        #expect(matched.count == 1000)
        #expect(matched.allSatisfy { $0 })
        await link.close()
        await server.shutdown()
    }

    @Test func `above the limit in flight a request is refused and later ones pass`() async throws {
        let scheme = try TestScheme()
        let gate = Gate()
        let server = try scheme.server(service: gate)
        var settings = LinkSettings()
        settings.inFlightMax = 4
        let link = try scheme.link(to: await server.start(), settings: settings)
        async let held = concurrently(4) { _ in await link.outcome(of: [1]) }
        await gate.waitForArrivals(4)
        await #expect(throws: LinkFailure.busy) { try await link.request([2]) }
        gate.open()
        let outcomes = await held
        #expect(outcomes == [Outcome](repeating: .success([1]), count: 4))
        #expect(try await link.request([3]) == [3])
        #expect(gate.arrived == 5)
        await link.close()
        await server.shutdown()
    }

    @Test func `a service is given no more than its limit at once, and all are answered`()
        async throws
    {
        let scheme = try TestScheme()
        let counter = Counter()
        var settings = LinkSettings()
        settings.tasksMax = 3
        // A busy machine takes its time; nothing here is about how long.
        settings.responseTime = .seconds(120)
        let server = try scheme.server(service: counter, settings: settings)
        let link = try scheme.link(to: await server.start(), settings: settings)
        let answered = await concurrently(200) { number in
            let request = [UInt8](repeating: UInt8(number), count: 3000)
            return (try? await link.request(request)) == request
        }
        #expect(answered.count == 200)
        #expect(answered.allSatisfy { $0 })
        #expect(counter.most <= 3)
        await link.close()
        await server.shutdown()
    }

    @Test func `a server that never answers times out and is connected anew`() async throws {
        let scheme = try TestScheme()
        let gate = Gate()
        let server = try scheme.server(service: gate)
        var settings = LinkSettings()
        settings.responseTime = .seconds(2)
        let reports = Reports()
        let link = try scheme.link(
            to: await server.start(),
            settings: settings,
            report: reports.reporter
        )
        await #expect(throws: LinkFailure.timedOut) { try await link.request([1]) }
        #expect(reports.all == ["payment peerSilent"])
        gate.open()
        #expect(try await link.request([2]) == [2])
        await link.close()
        await server.shutdown()
    }

    @Test func `one late answer is dropped and does not break the connection`() async throws {
        let scheme = try TestScheme()
        let server = try scheme.server(service: SlowForEmpty())
        var settings = LinkSettings()
        settings.responseTime = .seconds(4)
        let reports = Reports()
        let link = try scheme.link(
            to: await server.start(),
            settings: settings,
            report: reports.reporter
        )
        async let slow = link.outcome(of: [])
        var answers = 0
        for _ in 0..<20 {
            if try await link.request([1]) == [1] { answers += 1 }
            try await Task.sleep(for: .milliseconds(350))
        }
        let outcome = await slow
        #expect(outcome == .failure(.timedOut))
        #expect(answers == 20)
        #expect(reports.all.isEmpty)
        await link.close()
        await server.shutdown()
    }

    @Test func `without a server a request is not sent`() async throws {
        let scheme = try TestScheme()
        let server = try scheme.server()
        let port = try await server.start()
        await server.shutdown()
        let reports = Reports()
        let link = try scheme.link(to: port, report: reports.reporter)
        await #expect(throws: LinkFailure.notSent) { try await link.request([1]) }
        #expect(reports.all.count == 1)
        await link.close()
        await #expect(throws: LinkFailure.notSent) { try await link.request([1]) }
    }

    @Test func `a server that restarts on the same port is found again`() async throws {
        let scheme = try TestScheme()
        let first = try scheme.server()
        let port = try await first.start()
        var settings = LinkSettings()
        settings.reconnectTime = .milliseconds(10)...Duration.milliseconds(40)
        let link = try scheme.link(to: port, settings: settings)
        _ = try await link.request([1])
        await first.shutdown()
        for _ in 0..<3 {
            await #expect(throws: LinkFailure.self) { try await link.request([2]) }
        }
        let second = try await scheme.restarted(on: port)
        #expect(text(try await link.request(Array("again".utf8))) == "opal:again")
        await link.close()
        await second.shutdown()
    }

    @Test func `requests under way when the connection breaks end as broken`() async throws {
        let scheme = try TestScheme()
        let gate = Gate()
        var settings = LinkSettings()
        settings.graceTime = .milliseconds(50)
        let server = try scheme.server(service: gate, settings: settings)
        let link = try scheme.link(to: await server.start())
        async let held = concurrently(5) { _ in await link.outcome(of: [1]) }
        await gate.waitForArrivals(5)
        await server.shutdown()
        let outcomes = await held
        #expect(outcomes == [Outcome](repeating: .failure(.broken), count: 5))
        gate.open()
        await link.close()
    }

    @Test func `closing a link ends what is under way as broken`() async throws {
        let scheme = try TestScheme()
        let gate = Gate()
        let server = try scheme.server(service: gate)
        let link = try scheme.link(to: await server.start())
        async let held = link.outcome(of: [1])
        await gate.waitForArrivals(1)
        await link.close()
        let outcome = await held
        #expect(outcome == .failure(.broken))
        gate.open()
        await server.shutdown()
    }

    @Test func `a shutdown lets a slow request finish`() async throws {
        let scheme = try TestScheme()
        let gate = Gate()
        let server = try scheme.server(service: gate)
        let link = try scheme.link(to: await server.start())
        async let slow = link.outcome(of: [7])
        await gate.waitForArrivals(1)
        async let down: Void = server.shutdown()
        try await Task.sleep(for: .milliseconds(50))
        gate.open()
        let outcome = await slow
        #expect(outcome == .success([7]))
        await down
        await link.close()
    }
}

/// Answers an empty request too late for a time limit of a second.
private struct SlowForEmpty: LinkService {
    func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        if request.isEmpty { try? await Task.sleep(for: .milliseconds(5500)) }
        return request
    }
}
