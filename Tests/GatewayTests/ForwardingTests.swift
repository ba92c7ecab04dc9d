// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Records
import Testing
import Wire

/// Store and forward: until it is acknowledged, and then no more.
@Suite(.timeLimit(.minutes(15))) struct ForwardingTests {
    @Test(arguments: ISODialect.all)
    func `an advice is sent with the same bytes, marked as a repeat, until it is acknowledged`(
        dialect: ISODialect
    ) async throws {
        try await GatewayWorld.run(dialect: dialect) { world in
            let request = try world.request()
            _ = try await world.gateway.authorize(request)
            try await world.gateway.complete(request.name)
            world.wire.willMeet(.loseRequest, .loseAnswer, .loseAnswer)
            for count in 1...3 {
                #expect(await world.gateway.forwardOpen().unanswered == 1)
                #expect(world.wire.sent(.clearingAdviceRepeat).count == count - 1)
                await world.pass(.seconds(10))
            }
            #expect(await world.gateway.forwardOpen().acknowledged == 1)
            #expect(await world.gateway.forwardOpen().acknowledged == 0)
            var sent = world.wire.sent(.clearingAdvice, .clearingAdviceRepeat)
            #expect(sent.map(\.type.isRepeat) == [false, true, true, true])
            for index in sent.indices { sent[index].type = .clearingAdvice }
            #expect(sent.allSatisfy { $0 == sent[0] })
            #expect(try await world.books().sum == [.captured: 2_500])
        }
    }

    @Test func `where the dialect has no repeats all copies are the same`() async throws {
        let plain = ISODialect(
            "plain",
            typeCoding: .ascii,
            bitmapCoding: .binary,
            lengthCoding: .packed,
            marksRepeats: false,
            fields: ISOFieldTable.fields(digits: .ascii, binary: .binary)
        )
        try await GatewayWorld.run(dialect: plain) { world in
            let request = try world.request()
            _ = try await world.gateway.authorize(request)
            try await world.gateway.cancel(request.name)
            world.wire.willMeet(.loseAnswer)
            try await world.forwardAll()
            let sent = world.wire.sent(.reversalAdvice)
            #expect(sent.count == 2 && sent[0] == sent[1])
            #expect(try await world.books().count == [.released: 1])
        }
    }

    @Test func `an advice that did not leave is not marked as a repeat`() async throws {
        try await GatewayWorld.run { world in
            let request = try world.request()
            _ = try await world.gateway.authorize(request)
            try await world.gateway.complete(request.name)
            world.wire.willMeet(.refuse(.notSent), .refuse(.busy), .refuse(.broken))
            for _ in 0..<4 { await world.gateway.forwardOpen() }
            let sent = world.wire.sent(.clearingAdvice, .clearingAdviceRepeat)
            #expect(sent.map(\.type.isRepeat) == [false, false, false, true])
        }
    }

    @Test func `an advice is under way once, however many rounds there are`() async throws {
        try await GatewayWorld.run { world in
            let request = try world.request()
            _ = try await world.gateway.authorize(request)
            try await world.gateway.complete(request.name)
            world.wire.willMeet(.delayAnswer(.seconds(10)))
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<3 { group.addTask { await world.gateway.forwardOpen() } }
                group.addTask { _ = try? await world.gateway.forward(request.name) }
            }
            #expect(world.wire.sent(.clearingAdvice, .clearingAdviceRepeat).count == 1)
            #expect(try await world.books().count == [.captured: 1])
        }
    }

    @Test func `an advice says what it is about`() async throws {
        try await GatewayWorld.run { world in
            let request = try world.request()
            let asked = try await world.gateway.authorize(request)
            await world.pass(.seconds(90))
            try await world.gateway.complete(request.name)
            try await world.gateway.forward(request.name)
            let first = try #require(world.wire.sent(.authorizationRequest).first)
            let advice = try #require(world.wire.sent(.clearingAdvice).first)
            let original = try ISOOriginalData(in: advice)
            #expect(original == ISOOriginalData(of: first))
            #expect(advice[.retrievalReference] == first[.retrievalReference])
            #expect(advice[.traceNumber] != first[.traceNumber])
            #expect(advice[.transmissionTime] != first[.transmissionTime])
            #expect(advice[.localTime] == first[.localTime])
            #expect(asked.outcome == .approved(code: advice[text: .approvalCode] ?? ""))
        }
    }

    @Test func `a refused advice is sent again, and told once`() async throws {
        try await GatewayWorld.run { world in
            world.network.follow(try NetworkScript("message 0220 first 3 decline 96"))
            let request = try world.request()
            _ = try await world.gateway.authorize(request)
            try await world.gateway.complete(request.name)
            for _ in 0..<3 { #expect(await world.gateway.forwardOpen().refused == 1) }
            let refused = try await world.gateway.authorization(of: request.name)
            #expect(refused?.refusedWith == .malfunction)
            let rows = try await world.gatewayStore.history(
                request.name.bytes,
                after: 0,
                limit: 100
            )
            let kinds = try rows.map { try AuthorizationStep($0.body).kind }
            #expect(kinds == [.asked, .approved, .completing, .refused])
            #expect(await world.gateway.forwardOpen().acknowledged == 1)
            let done = try await world.gateway.authorization(of: request.name)
            #expect(done?.refusedWith == nil && done?.state == .completed)
        }
    }

    @Test func `an acknowledgement that comes too late counts`() async throws {
        try await GatewayWorld.run { world in
            world.network.follow(try NetworkScript("message 0220 late\nmessage 0420 late"))
            let (credited, cancelled) = (try world.request(), try world.request())
            for request in [credited, cancelled] { _ = try await world.gateway.authorize(request) }
            try await world.gateway.complete(credited.name)
            try await world.gateway.cancel(cancelled.name)
            #expect(await world.gateway.forwardOpen().unanswered == 2)
            await world.pass(.seconds(10))
            let states = try await world.authorizations().mapValues(\.state)
            #expect(states[credited.name] == .completed)
            #expect(states[cancelled.name] == .cancelled)
            #expect(world.wire.sent(.clearingAdvice, .clearingAdviceRepeat).count == 1)
        }
    }

    @Test func `an acknowledgement of something else is none`() async throws {
        try await GatewayWorld.run { world in
            let request = try world.request()
            _ = try await world.gateway.authorize(request)
            try await world.gateway.complete(request.name)
            let dialect = world.dialect
            world.wire.alterAnswers { answer in
                var changed = answer
                changed[text: .traceNumber] = "999999"
                return (try? dialect.encode(changed)) ?? []
            }
            #expect(await world.gateway.forwardOpen().unanswered == 1)
            world.wire.alterAnswers(nil)
            #expect(await world.gateway.forwardOpen().acknowledged == 1)
        }
    }

    @Test func `a reversal of what the network never saw is acknowledged`() async throws {
        try await GatewayWorld.run { world in
            let dialect = world.dialect
            world.wire.willMeet(.loseRequest)
            let asked = try await world.gateway.authorize(try world.request())
            world.wire.alterAnswers { answer in
                var changed = answer
                changed[text: .responseCode] = NetworkResponse.originalUnknown.code
                return (try? dialect.encode(changed)) ?? []
            }
            #expect(try await world.gateway.forward(asked.name))
            let advised = try world.request()
            world.wire.alterAnswers(nil)
            _ = try await world.gateway.authorize(advised)
            try await world.gateway.complete(advised.name)
            world.wire.alterAnswers { answer in
                var changed = answer
                changed[text: .responseCode] = NetworkResponse.originalUnknown.code
                return (try? dialect.encode(changed)) ?? []
            }
            // Of an advice the same says that funds are missing.
            #expect(try await !world.gateway.forward(advised.name))
        }
    }

    @Test func `a silent network is asked about a few only, and in the next round about others`()
        async throws
    {
        try await GatewayWorld.run { world in
            let count = 3 * GatewayLimits.forwardedAtOnce
            for _ in 0..<count {
                let request = try world.request(1)
                _ = try await world.gateway.authorize(request)
                try await world.gateway.complete(request.name)
            }
            world.network.follow(try NetworkScript("message 0220 silent"))
            var asked: Set<String> = []
            for _ in 0..<3 {
                let before = world.wire.sent.count
                await world.gateway.forwardOpen()
                let sent = world.wire.sent[before...]
                #expect(sent.count < GatewayLimits.forwardedAtOnce + GatewayLimits.silencesMax)
                asked.formUnion(sent.compactMap { $0[text: .retrievalReference] })
            }
            #expect(asked.count == count)
        }
    }

    @Test func `advices that are never answered do not keep back others`() async throws {
        try await GatewayWorld.run { world in
            let mute = try GatewayWorld.account(ending: "7777")
            for _ in 0..<3 * GatewayLimits.forwardedAtOnce {
                let request = try world.request(1, account: mute)
                _ = try await world.gateway.authorize(request)
                try await world.gateway.complete(request.name)
            }
            let other = try world.request()
            _ = try await world.gateway.authorize(other)
            try await world.gateway.complete(other.name)
            world.network.follow(try NetworkScript("account 7777 message 0220 silent"))
            for _ in 0..<5 { await world.gateway.forwardOpen() }
            #expect(try await world.authorizations()[other.name]?.state == .completed)
        }
    }
}
