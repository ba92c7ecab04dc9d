// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Simulation
import Testing
import Wire

/// The gateway looks at the account of who signs up, and nobody owes anything for it.
@Suite struct AccountCheckTests {
    @Test(
        arguments: [
            (.approves, .checkYourMail),
            (.findsAnotherAddress, .accountRefused(.addressWrong)),
            (.findsAnotherVerificationValue, .accountRefused(.verificationValueWrong)),
            (.declines(.accountUnknown), .accountRefused(.unknownAccount)),
            (.declines(.accountExpired), .accountRefused(.expired)),
            (.declines(.insufficientFunds), .accountRefused(.declined)),
            (.declines(.issuerUnavailable), .accountCheckUnavailable),
            (.isSilent, .accountCheckUnavailable),
            (.isBusy, .accountCheckUnavailable),
        ] as [(ScriptedGateway.Network, SignUpOutcome)]
    )
    func `A sign-up ends as the network says`(
        _ network: ScriptedGateway.Network,
        _ expected: SignUpOutcome
    ) async throws {
        let world = try await FundingWorld()
        world.gateway.network(network)
        #expect(try await signUp(world) == expected)
    }

    @Test func `An account is asked about with an amount of zero, in the issuer's currency`()
        async throws
    {
        let world = try await FundingWorld()
        #expect(try await signUp(world) == .checkYourMail)
        let asked = try #require(world.gateway.entries.values.first?.authorization)
        #expect(asked.amount == FundingWorld.euros(0))
        #expect(asked.verificationValue?.digits == "739")
        #expect(world.gateway.held == 0 && world.gateway.charged == 0)
    }

    @Test func `A gateway that is away is told`() async throws {
        let world = try await FundingWorld()
        world.link.plan.script(.refuse(.notSent))
        #expect(try await signUp(world) == .accountCheckUnavailable)
    }

    private func signUp(_ world: FundingWorld) async throws -> SignUpOutcome {
        try await world.server.users.signUp(
            FundingWorld.form("anna"),
            from: FundingWorld.home,
            at: world.now
        )
    }
}
