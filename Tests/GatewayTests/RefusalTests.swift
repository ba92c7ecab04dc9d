// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Testing
import Wire

/// What the gateway does not do, in the order in which it looks for reasons.
@Suite(.timeLimit(.minutes(15))) struct RefusalTests {
    @Test func `the same transaction with other terms is refused, all but CVV2`() async throws {
        try await GatewayWorld.run { world in
            let request = try world.request(code: "737")
            let asked = try await world.gateway.authorize(request)
            func changed(
                _ amount: Money? = nil,
                account: FundingAccountNumber? = nil,
                expires year: Int = 2028,
                address: BillingAddress? = nil,
                acceptor: CardAcceptor? = nil,
                initiation: GatewayAuthorization.Initiation = .person
            ) throws -> FundingRequest {
                FundingRequest(
                    name: request.name,
                    amount: amount ?? request.amount,
                    account: account ?? request.account,
                    expiry: try #require(ExpiryMonth(year: year, month: 12)),
                    address: address ?? request.address,
                    code: nil,
                    acceptor: acceptor ?? request.acceptor,
                    initiation: initiation
                )
            }
            let others = [
                try changed(GatewayWorld.euros(2_501)),
                try changed(account: try GatewayWorld.account(ending: "2222")),
                try changed(expires: 2029),
                // What the network compares is the same.
                try changed(address: GatewayWorld.address("", "...")),
                try changed(acceptor: try GatewayWorld.acceptor(terminal: "OPAL02")),
                try changed(initiation: .standingOrder),
            ]
            for other in others {
                await #expect(throws: GatewayFailure.transactionMismatch) {
                    try await world.gateway.authorize(other)
                }
            }
            #expect(try await world.gateway.authorize(try changed()) == asked)
            #expect(world.wire.sent(.authorizationRequest).count == 1)
        }
    }

    @Test func `a currency or an amount that the network cannot be asked for is refused`()
        async throws
    {
        try await GatewayWorld.run { world in
            let amounts: [(Money, GatewayFailure)] = [
                (Money(minorUnits: 100, currency: .euro, exponent: .units), .currencyNotTaken),
                (Money(minorUnits: 0, currency: .dollar, exponent: .cents), .currencyNotTaken),
                (GatewayWorld.euros(GatewayLimits.amountMax + 1), .amountTooLarge),
            ]
            for (amount, failure) in amounts {
                let request = FundingRequest(
                    name: try world.name(),
                    amount: amount,
                    account: try GatewayWorld.account(),
                    expiry: try #require(ExpiryMonth(year: 2028, month: 12)),
                    address: GatewayWorld.nowhere,
                    code: nil,
                    acceptor: try GatewayWorld.acceptor(),
                    initiation: .person
                )
                await #expect(throws: failure) { try await world.gateway.authorize(request) }
            }
            let largest = try world.request(GatewayLimits.amountMax)
            let asked = try await world.gateway.authorize(largest)
            #expect(asked.outcome == .declined(.insufficientFunds))
            #expect(try await world.authorizations().count == 1)
        }
    }

    @Test func `an unknown transaction is not completed`() async throws {
        try await GatewayWorld.run { world in
            let name = try world.name()
            await #expect(throws: GatewayFailure.unknownTransaction) {
                try await world.gateway.complete(name)
            }
            #expect(try await world.authorizations().isEmpty)
        }
    }

    @Test func `what is not approved is not completed`() async throws {
        try await GatewayWorld.run { world in
            let declined = try world.request(account: try GatewayWorld.account(ending: "0002"))
            _ = try await world.gateway.authorize(declined)
            #expect(try await world.gateway.complete(declined.name).state == .declined)
            #expect(try await world.gateway.cancel(declined.name).state == .declined)
            world.wire.willMeet(.loseAnswer)
            let unknown = try world.request()
            _ = try await world.gateway.authorize(unknown)
            #expect(try await world.gateway.complete(unknown.name).state == .reversing)
            try await world.forwardAll()
            #expect(try await world.gateway.complete(unknown.name).state == .reversed)
            #expect(try await world.gateway.cancel(unknown.name).state == .reversed)
            #expect(world.wire.sent(.clearingAdvice).isEmpty)
        }
    }

    @Test func `what was completed is not cancelled, and completing again is the same`()
        async throws
    {
        try await GatewayWorld.run { world in
            let request = try world.request()
            _ = try await world.gateway.authorize(request)
            let completing = try await world.gateway.complete(request.name)
            #expect(try await world.gateway.complete(request.name) == completing)
            #expect(try await world.gateway.cancel(request.name) == completing)
            try await world.forwardAll()
            #expect(try await world.gateway.complete(request.name).state == .completed)
            #expect(try await world.gateway.cancel(request.name).state == .completed)
            #expect(try await world.books().sum == [.captured: 2_500])
        }
    }

    @Test func `a profile that does not fit the elements is none`() {
        func profile(
            acquirer: String = "400123",
            check: String? = nil
        ) -> GatewayProfile? {
            GatewayProfile(
                dialect: .binary1987,
                acquirer: acquirer,
                currencies: [.euro: .cents],
                keyCheckValue: check
            )
        }
        #expect(profile() != nil)
        #expect(profile(check: "A1B2C3") != nil)
        for acquirer in ["", "0400123", "400123456789", "4001x3"] {
            #expect(profile(acquirer: acquirer) == nil)
        }
        #expect(profile(check: "A1B2C") == nil)
        #expect(profile(check: "") == nil)
    }
}
