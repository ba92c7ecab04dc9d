// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import OPALServer
import Testing
import Wire

@testable import Simulation

/// One load from the card to the account and back: OPAL server, gateway and funding network.
@Suite(.timeLimit(.minutes(15))) struct LoadTests {
    @Test func `an approved load is on the card, and the account is charged`() async throws {
        try await LoadWorld.run { world in
            let anna = try await world.person()
            let outcome = await world.loads.begin(world.request(by: anna))
            #expect(outcome.isLoaded)
            #expect(try await world.balance(anna) == 3_500)
            // The gateway was told, and the network is told in its time.
            #expect(try await world.funds.books().sum == [.held: 2_500])
            try await world.settle()
            #expect(try await world.funds.books().sum == [.captured: 2_500])
            try await world.expectBalance()
        }
    }

    /// Last digits of the account, CVV2, and what the person is told.
    static let refusals: [(String, String, AccountLoadRefusal)] = [
        ("0002", "739", .declined), ("0014", "739", .accountUnknown),
        ("0051", "739", .insufficientFunds), ("0054", "739", .accountExpired),
        ("0091", "739", .issuerUnavailable), ("9001", "739", .addressMismatch),
        ("9002", "739", .verificationValueMismatch), ("1111", "000", .verificationValueMismatch),
    ]

    @Test(arguments: refusals)
    func `a declined load is told with its word, and nothing stays held`(
        _ ending: String,
        _ code: String,
        _ refusal: AccountLoadRefusal
    ) async throws {
        try await LoadWorld.run { world in
            let anna = try await world.person(ending: ending)
            let request = world.request(by: anna, code: code)
            #expect(await world.loads.begin(request).refusal == refusal)
            #expect(await world.loads.begin(request).refusal == refusal)
            try await world.settle()
            #expect(try await world.balance(anna) == LoadWorld.opened)
            try await world.expectBalance()
        }
    }

    /// Silent; late; cut: held, and nobody knows.
    @Test(arguments: ["9004", "9005", "9006"], [false, true])
    func `a load without an answer in time is reversed, and the card is not credited`(
        _ ending: String,
        _ restarts: Bool
    ) async throws {
        try await LoadWorld.run { world in
            let anna = try await world.person(ending: ending)
            let request = world.request(by: anna)
            #expect(await world.loads.begin(request).isPending)
            if restarts {
                world.restart()
                try await world.funds.restartAndSignOn()
            }
            try await world.settle()
            #expect(await world.loads.begin(request).refusal == .gatewaySilent)
            #expect(try await world.balance(anna) == LoadWorld.opened)
            let sent = world.funds.wire.sent(.reversalAdvice, .reversalAdviceRepeat)
            #expect(sent.count == 1)
            #expect(try await world.funds.books().count[.released] == 1)
            try await world.expectBalance()
        }
    }

    @Test func `a slow answer is waited for`() async throws {
        try await LoadWorld.run { world in
            let anna = try await world.person(ending: "9003")
            #expect(await world.loads.begin(world.request(by: anna)).isLoaded)
            try await world.settle()
            try await world.expectBalance()
        }
    }

    /// After the first, and while the first is asked.
    @Test(arguments: [false, true])
    func `where a request comes twice the network is asked once`(
        _ atTheSameTime: Bool
    ) async throws {
        try await LoadWorld.run { world in
            let anna = try await world.person(ending: "9003")
            let before = world.funds.wire.sent(.authorizationRequest).count
            world.link.plan.script(atTheSameTime ? .duplicate : .dropResponse)
            #expect(await world.loads.begin(world.request(by: anna)).isLoaded)
            #expect(world.funds.wire.sent(.authorizationRequest).count == before + 1)
            try await world.settle()
            try await world.expectBalance()
        }
    }

    @Test func `a load that the OPAL server gives up while the network is asked is reversed`()
        async throws
    {
        try await LoadWorld.run { world in
            let anna = try await world.person()
            // The gateway gets it when the load has been given up.
            world.link.plan.script(
                .delay(request: FundingLimits.authorizationTime * 2, response: .zero),
                forNext: FundingLimits.authorizationSends
            )
            #expect(await world.loads.begin(world.request(by: anna)).isPending)
            await world.funds.pass(FundingLimits.authorizationTime)
            await world.loads.settleOpen(olderThan: .zero)
            await world.funds.pass(FundingLimits.authorizationTime * 2)
            try await world.settle()
            // Only the account was checked when the person signed up.
            #expect(world.funds.wire.sent(.authorizationRequest).count == 1)
            try await world.expectBalance()
        }
    }

    @Test func `a load whose card is full in between is cancelled at the gateway`() async throws {
        try await LoadWorld.run { world in
            let anna = try await world.person(ending: "9003")
            let first = world.request(49_000, by: anna)
            let second = world.request(48_000, by: anna)
            async let one = world.loads.begin(first)
            async let two = world.loads.begin(second)
            let outcomes = await [one, two]
            #expect(outcomes.count { $0.isLoaded } == 1)
            #expect(outcomes.contains { $0.refusal == .aboveMaximum })
            try await world.settle()
            #expect(try await world.funds.books().count[.released] == 1)
            try await world.expectBalance()
        }
    }
}
