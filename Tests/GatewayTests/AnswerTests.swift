// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Testing
import Wire

/// Answers that are missing, late, doubled or another's.
@Suite(.timeLimit(.minutes(15))) struct AnswerTests {
    @Test func `a request without an answer is being reversed before the caller is told`()
        async throws
    {
        try await GatewayWorld.run { world in
            world.wire.willMeet(.loseAnswer)
            let request = try world.request()
            let asked = try await world.gateway.authorize(request)
            #expect(asked.outcome == .unknown)
            #expect(asked.state == .reversing)
            #expect(try await world.authorizations()[request.name]?.state == .reversing)
            // And stays so for whoever asks again.
            #expect(try await world.gateway.authorize(request) == asked)
        }
    }

    @Test func `an approval that comes after that changes nothing and is reversed once`()
        async throws
    {
        try await GatewayWorld.run { world in
            world.wire.willMeet(.delayAnswer(.seconds(20)))
            let request = try world.request()
            let asked = try await world.gateway.authorize(request)
            await world.pass(.seconds(10))
            #expect(try await world.gateway.authorization(of: request.name) == asked)
            try await world.forwardAll()
            #expect(try await world.books().count == [.released: 1])
            #expect(world.wire.sent(.reversalAdvice, .reversalAdviceRepeat).count == 1)
        }
    }

    @Test func `a reversal that overtakes its request makes it void`() async throws {
        try await GatewayWorld.run { world in
            world.wire.willMeet(.delayRequest(.seconds(40)))
            let request = try world.request()
            let asked = try await world.gateway.authorize(request)
            try await world.forwardAll()
            #expect(try await world.books().states[asked.retrievalReference ?? ""] == .void)
            await world.pass(.seconds(60))
            #expect(try await world.books().states[asked.retrievalReference ?? ""] == .void)
            #expect(try await world.network.account(request.account) == nil)
        }
    }

    @Test(arguments: [NetworkWire.Fault.doubleRequest, .doubleAnswer])
    func `what comes twice counts once`(fault: NetworkWire.Fault) async throws {
        try await GatewayWorld.run { world in
            world.wire.willMeet(fault, fault)
            let request = try world.request()
            #expect(try await world.gateway.authorize(request).state == .approved)
            try await world.gateway.complete(request.name)
            #expect(try await world.gateway.forward(request.name))
            await world.pass(.seconds(5))
            #expect(try await world.books().sum == [.captured: 2_500])
        }
    }

    @Test(arguments: [LinkFailure.notSent, .busy, .tooLarge])
    func `a request that did not leave holds nothing and needs no reversal`(
        failure: LinkFailure
    ) async throws {
        try await GatewayWorld.run { world in
            world.wire.willMeet(.refuse(failure))
            let asked = try await world.gateway.authorize(try world.request())
            #expect(asked.outcome == .notSent)
            #expect(asked.state == .declined)
            try await world.forwardAll()
            #expect(world.wire.sent(.reversalAdvice).isEmpty)
        }
    }

    /// What an answer may not differ in, and how a test changes it.
    static let changes: [(String, @Sendable (inout ISOMessage) -> Void)] = [
        ("MTI", { $0.type = .clearingAnswer }),
        ("STAN", { $0[text: .traceNumber] = "999999" }),
        ("RRN", { $0[text: .retrievalReference] = "999999999999" }),
        ("terminal", { $0[text: .terminal] = "OPAL02  " }),
        ("amount", { $0[text: .amount] = "000000000001" }),
        ("currency", { $0[text: .currency] = "840" }),
        ("no response code", { $0[.responseCode] = nil }),
        ("no approval code", { $0[.approvalCode] = nil }),
        ("unreadable response data", { $0[text: .responseData] = "AV99" }),
    ]

    @Test(arguments: changes.map(\.0))
    func `an approval that does not fit its request is none`(_ name: String) async throws {
        let change = try #require(Self.changes.first { $0.0 == name }).1
        try await GatewayWorld.run { world in
            let dialect = world.dialect
            world.wire.alterAnswers { answer in
                var changed = answer
                change(&changed)
                return (try? dialect.encode(changed)) ?? []
            }
            let asked = try await world.gateway.authorize(try world.request())
            #expect(asked.outcome == .unknown)
            #expect(asked.state == .reversing)
            world.wire.alterAnswers(nil)
            try await world.forwardAll()
            #expect(try await world.books().count == [.released: 1])
        }
    }

    @Test func `bytes that are no message are no answer`() async throws {
        try await GatewayWorld.run { world in
            world.wire.alterAnswers { _ in Array("0110 approved".utf8) }
            let asked = try await world.gateway.authorize(try world.request())
            #expect(asked.outcome == .unknown)
        }
    }

    @Test func `an approval in part is not taken, and released`() async throws {
        try await GatewayWorld.run { world in
            let dialect = world.dialect
            world.wire.alterAnswers { answer in
                var changed = answer
                changed[text: .responseCode] = "10"
                return (try? dialect.encode(changed)) ?? []
            }
            let asked = try await world.gateway.authorize(try world.request())
            #expect(asked.outcome == .declined(try #require(NetworkResponse("10"))))
            #expect(asked.state == .reversing)
            world.wire.alterAnswers(nil)
            try await world.forwardAll()
            #expect(try await world.books().count == [.released: 1])
        }
    }

    @Test func `a declined answer with a mismatch says which`() async throws {
        let cases: [(String, AuthorizationOutcome)] = [
            ("AV01N", .addressMismatch(.differs)), ("CV01N", .codeMismatch),
            ("AV01NCV01N", .codeMismatch), ("AV01YCV01M", .declined(.declined)),
        ]
        for (results, outcome) in cases {
            try await GatewayWorld.run { world in
                let dialect = world.dialect
                world.wire.alterAnswers { answer in
                    var changed = answer
                    changed[text: .responseData] = results
                    return (try? dialect.encode(changed)) ?? []
                }
                let account = try GatewayWorld.account(ending: "0002")
                let asked = try await world.gateway.authorize(try world.request(account: account))
                #expect(asked.outcome == outcome)
                #expect(asked.state == .declined)
            }
        }
    }
}
