// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Testing
import Wire

/// What the gateway does not do, in the order in which it looks for reasons.
@Suite(.timeLimit(.minutes(15))) struct RefusalTests {
    @Test func `the same transaction with another amount or account is refused`() async throws {
        try await GatewayWorld.run { world in
            let request = try world.request()
            _ = try await world.gateway.authorize(request)
            let others = [
                (GatewayWorld.euros(2_501), request.account),
                (request.amount, try GatewayWorld.account(ending: "2222")),
            ]
            for (amount, account) in others {
                let other = FundingRequest(
                    transaction: request.transaction,
                    amount: amount,
                    account: account,
                    expiry: request.expiry
                )
                await #expect(throws: GatewayFailure.transactionMismatch) {
                    try await world.gateway.authorize(other)
                }
            }
            #expect(world.wire.sent(.authorizationRequest).count == 1)
        }
    }

    @Test func `an amount that the network cannot be asked for is refused`() async throws {
        try await GatewayWorld.run { world in
            let amounts = [
                GatewayWorld.euros(0), GatewayWorld.euros(GatewayLimits.amountMax + 1),
                Money(minorUnits: 100, currency: .euro, exponent: .units),
                Money(minorUnits: 100, currency: .dollar, exponent: .cents),
            ]
            for amount in amounts {
                let request = FundingRequest(
                    transaction: TransactionIdentifier(high: 1, low: 2),
                    amount: amount,
                    account: try GatewayWorld.account(),
                    expiry: try #require(ExpiryMonth(year: 2028, month: 12))
                )
                await #expect(throws: GatewayFailure.amountNotSupported) {
                    try await world.gateway.authorize(request)
                }
            }
            let largest = try world.request(GatewayLimits.amountMax)
            let asked = try await world.gateway.authorize(largest)
            #expect(asked.outcome == .declined(.insufficientFunds))
            #expect(try await world.authorizations().count == 1)
        }
    }

    @Test func `an unknown transaction is neither completed nor cancelled`() async throws {
        try await GatewayWorld.run { world in
            let transaction = TransactionIdentifier(high: 1, low: 2)
            await #expect(throws: GatewayFailure.unknownTransaction) {
                try await world.gateway.complete(transaction)
            }
            await #expect(throws: GatewayFailure.unknownTransaction) {
                try await world.gateway.cancel(transaction)
            }
        }
    }

    @Test func `while the answer is awaited nothing else is done`() async throws {
        try await GatewayWorld.run { world in
            world.wire.willMeet(.delayAnswer(.seconds(10)))
            let request = try world.request()
            async let first = try? world.gateway.authorize(request)
            await world.pass(.seconds(5))
            await #expect(throws: GatewayFailure.inProgress) {
                try await world.gateway.authorize(request)
            }
            await #expect(throws: GatewayFailure.inProgress) {
                try await world.gateway.complete(request.transaction)
            }
            await #expect(throws: GatewayFailure.inProgress) {
                try await world.gateway.cancel(request.transaction)
            }
            await world.gateway.forwardOpen()
            let state = await first?.state
            #expect(state == .approved)
            #expect(world.wire.sent(.authorizationRequest).count == 1)
        }
    }

    @Test func `what is not approved is not completed`() async throws {
        try await GatewayWorld.run { world in
            let declined = try world.request(account: try GatewayWorld.account(ending: "0002"))
            _ = try await world.gateway.authorize(declined)
            await #expect(throws: GatewayFailure.notApproved(.declined)) {
                try await world.gateway.complete(declined.transaction)
            }
            #expect(try await world.gateway.cancel(declined.transaction).state == .declined)

            let unknown = try world.request(account: try GatewayWorld.account(ending: "9004"))
            _ = try await world.gateway.authorize(unknown)
            await #expect(throws: GatewayFailure.notApproved(.reversing)) {
                try await world.gateway.complete(unknown.transaction)
            }
            try await world.forwardAll()
            await #expect(throws: GatewayFailure.notApproved(.reversed)) {
                try await world.gateway.complete(unknown.transaction)
            }
            #expect(try await world.gateway.cancel(unknown.transaction).state == .reversed)
        }
    }

    @Test func `what was completed is not cancelled, and completing again is the same`()
        async throws
    {
        try await GatewayWorld.run { world in
            let request = try world.request()
            _ = try await world.gateway.authorize(request)
            let completing = try await world.gateway.complete(request.transaction)
            #expect(try await world.gateway.complete(request.transaction) == completing)
            await #expect(throws: GatewayFailure.alreadyCompleted) {
                try await world.gateway.cancel(request.transaction)
            }
            try await world.forwardAll()
            #expect(try await world.gateway.complete(request.transaction).state == .completed)
            await #expect(throws: GatewayFailure.alreadyCompleted) {
                try await world.gateway.cancel(request.transaction)
            }
            #expect(try await world.books().sum == [.captured: 2_500])
        }
    }

    @Test func `a profile that does not fit the elements is none`() {
        func profile(
            acquirer: String = "400123",
            terminal: String = "OPAL01",
            city: String = "Cambridge",
            check: String? = nil
        ) -> GatewayProfile? {
            GatewayProfile(
                dialect: .binary1987,
                acquirer: acquirer,
                terminal: terminal,
                merchant: "OPAL-LOADING",
                name: "OPAL card loading",
                city: city,
                country: "GB",
                currencies: [.euro: .cents],
                keyCheckValue: check
            )
        }
        #expect(profile() != nil)
        #expect(profile(check: "A1B2C3") != nil)
        for acquirer in ["", "0400123", "400123456789", "4001x3"] {
            #expect(profile(acquirer: acquirer) == nil)
        }
        #expect(profile(terminal: "OPAL00001") == nil)
        #expect(profile(city: "Köln") == nil)
        #expect(profile(check: "A1B2C") == nil)
        #expect(profile(check: "") == nil)
    }
}
