// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Testing
import Wire

/// Sign-on, sign-off, echo and key check.
@Suite(.timeLimit(.minutes(15))) struct ManagementTests {
    @Test(arguments: ISODialect.all)
    func `sign-on, key check, echo and sign-off are answered`(dialect: ISODialect) async throws {
        try await GatewayWorld.run(dialect: dialect, isSignedOn: false) { world in
            #expect(!world.gateway.isSignedOn)
            try await world.gateway.signOn()
            #expect(world.gateway.isSignedOn)
            try await world.gateway.checkKey()
            try await world.gateway.echo()
            try await world.gateway.signOff()
            #expect(!world.gateway.isSignedOn)
            let codes = world.wire.sent.compactMap { $0[text: .managementCode] }
            #expect(codes == ["001", "161", "301", "002"])
        }
    }

    @Test func `who has not signed on gets nothing`() async throws {
        try await GatewayWorld.run(isSignedOn: false) { world in
            let asked = try await world.gateway.authorize(try world.request())
            #expect(asked.outcome == .declined(.notPermitted))
            await #expect(throws: GatewayFailure.networkRefused(.notPermitted)) {
                try await world.gateway.echo()
            }
            #expect(try await world.books().accounts.isEmpty)
        }
    }

    @Test func `who is told so signs on again`() async throws {
        try await GatewayWorld.run { world in
            world.restartNetwork()
            let asked = try await world.gateway.authorize(try world.request())
            #expect(asked.outcome == .declined(.notPermitted))
            #expect(!world.gateway.isSignedOn)
            #expect(await world.gateway.keepSignedOn())
            let again = try await world.gateway.authorize(try world.request())
            #expect(again.state == .approved)
        }
    }

    @Test func `an unknown acquirer does not sign on`() async throws {
        try await GatewayWorld.run(isSignedOn: false) { world in
            let stranger = GatewayProfile(
                dialect: world.dialect,
                acquirer: "400999",
                currencies: [:]
            )
            world.restartGateway(profile: stranger)
            await #expect(throws: GatewayFailure.networkRefused(.notPermitted)) {
                try await world.gateway.signOn()
            }
        }
    }

    @Test func `a key that differs is found`() async throws {
        try await GatewayWorld.run { world in
            for value in ["A1B2C4", nil] {
                world.restartGateway(
                    profile: GatewayWorld.profile(world.dialect, keyCheckValue: value)
                )
                await #expect(throws: GatewayFailure.keyCheckFailed) {
                    try await world.gateway.checkKey()
                }
            }
            world.restartGateway()
            let dialect = world.dialect
            world.wire.alterAnswers { answer in
                var changed = answer
                changed[text: .privateData] = "KC06A1B2C4"
                return (try? dialect.encode(changed)) ?? []
            }
            await #expect(throws: GatewayFailure.keyCheckFailed) {
                try await world.gateway.checkKey()
            }
        }
    }

    @Test func `after a restart of the network the gateway signs on again, and forwards then`()
        async throws
    {
        try await GatewayWorld.run { world in
            let request = try world.request()
            _ = try await world.gateway.authorize(request)
            try await world.gateway.complete(request.name)
            world.restartNetwork()
            #expect(await world.gateway.forwardOpen().refused == 1)
            #expect(!world.gateway.isSignedOn)
            #expect(await world.gateway.keepSignedOn())
            #expect(await world.gateway.forwardOpen().acknowledged == 1)
        }
    }

    @Test func `a network that does not answer is noticed, and signed on to again`() async throws {
        try await GatewayWorld.run { world in
            world.wire.willMeet(.loseAnswer)
            #expect(await !world.gateway.keepSignedOn())
            #expect(!world.gateway.isSignedOn)
            #expect(await world.gateway.keepSignedOn())
            #expect(await world.gateway.keepSignedOn())
            let codes = world.wire.sent.compactMap { $0[text: .managementCode] }
            #expect(codes == ["001", "301", "001", "161", "301"])
        }
    }

    @Test func `the network's own echo is answered, and nothing else that it asks`() async throws {
        try await GatewayWorld.run { world in
            var question = ISOMessage(.managementRequest)
            question[text: .transmissionTime] = "0601120000"
            question[text: .traceNumber] = "000777"
            for (code, response) in [("301", "00"), ("001", "12")] {
                question[text: .managementCode] = code
                let bytes = try world.dialect.encode(question)
                let reply = try #require(await world.gateway.receive(bytes))
                let answer = try world.dialect.decode(reply)
                #expect(answer.type == .managementAnswer)
                #expect(ISOExchange(answer) == ISOExchange(question))
                #expect(answer[text: .responseCode] == response)
            }
            question.type = .authorizationRequest
            let bytes = try world.dialect.encode(question)
            #expect(await world.gateway.receive(bytes) == nil)
            #expect(await world.gateway.receive([1, 2, 3]) == nil)
        }
    }
}
