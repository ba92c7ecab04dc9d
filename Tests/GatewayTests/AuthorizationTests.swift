// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Testing
import Wire

/// From the request for funds to what the network says of it.
@Suite(.timeLimit(.minutes(15))) struct AuthorizationTests {
    @Test(arguments: ISODialect.all)
    func `what was approved and credited is captured once`(dialect: ISODialect) async throws {
        try await GatewayWorld.run(dialect: dialect) { world in
            let request = try world.request()
            let asked = try await world.gateway.authorize(request)
            #expect(asked.state == .approved)
            guard case .approved(let code) = asked.outcome else {
                Issue.record("\(asked)")
                return
            }
            #expect(code.utf8.count == 6)
            let held = try #require(try await world.network.account(request.account))
            #expect(held.held == 2_500 && held.available == GatewayWorld.openingBalance - 2_500)

            try await world.gateway.complete(request.transaction)
            #expect(try await world.gateway.forward(request.transaction))
            let account = try #require(try await world.network.account(request.account))
            #expect(account.captured == 2_500 && account.held == 0)
            #expect(try await world.books().count == [.captured: 1])
            let sent = world.wire.sent.map(\.type)
            #expect(sent == [.managementRequest, .authorizationRequest, .clearingAdvice])
        }
    }

    @Test func `what was approved and not credited is released once`() async throws {
        try await GatewayWorld.run { world in
            let request = try world.request()
            _ = try await world.gateway.authorize(request)
            #expect(try await world.gateway.cancel(request.transaction).state == .reversing)
            #expect(try await world.gateway.forward(request.transaction))
            let account = try #require(try await world.network.account(request.account))
            #expect(account.available == GatewayWorld.openingBalance)
            #expect(try await world.books().count == [.released: 1])
            #expect(world.wire.sent(.reversalAdvice).count == 1)
        }
    }

    /// What an account does by the last digits of its number: outcome, state, what is held then.
    static let endings: [(String, AuthorizationOutcome, FundsAuthorizationState, FundsHoldState)] =
        [
            ("0002", .declined(.declined), .declined, .declined),
            ("0014", .declined(.unknownAccount), .declined, .declined),
            ("0051", .declined(.insufficientFunds), .declined, .declined),
            ("0054", .declined(.accountExpired), .declined, .declined),
            ("0091", .declined(.unavailable), .declined, .declined),
            ("9001", .addressMismatch(.differs), .reversing, .held),
            ("9002", .codeMismatch, .declined, .declined),
            ("9004", .unknown, .reversing, .held),
            ("9005", .unknown, .reversing, .held),
            ("9006", .unknown, .reversing, .held),
        ]

    @Test(arguments: endings)
    func `each way in which it is not approved leaves nothing held`(
        _ ending: String,
        _ outcome: AuthorizationOutcome,
        _ state: FundsAuthorizationState,
        _ hold: FundsHoldState
    ) async throws {
        try await GatewayWorld.run { world in
            let request = try world.request(account: try GatewayWorld.account(ending: ending))
            let asked = try await world.gateway.authorize(request)
            #expect(asked.outcome == outcome)
            #expect(asked.state == state)
            #expect(try await world.books().states[asked.retrievalReference] == hold)
            try await world.forwardAll()
            let books = try await world.books()
            #expect(books.sum[.held, default: 0] == 0)
            #expect(books.states[asked.retrievalReference] == (hold == .held ? .released : hold))
            #expect(books.accounts.allSatisfy { $0.available == $0.opening })
        }
    }

    @Test func `a slow answer is waited for`() async throws {
        try await GatewayWorld.run { world in
            let request = try world.request(account: try GatewayWorld.account(ending: "9003"))
            #expect(try await world.gateway.authorize(request).state == .approved)
        }
    }

    @Test func `the address that the issuer knows is compared`() async throws {
        let home = AddressVerification(street: "12 Mill Lane", postalCode: "cb2 1tn")
        let cases: [(String, String, AddressResult?)] = [
            ("Mill Lane 12", "CB21TN", nil), ("12 Mill Ln", "10115", nil),
            ("Unter den Linden 6", "CB2 1TN", nil), ("Unter den Linden 6", "10115", .differs),
        ]
        for (street, postalCode, refused) in cases {
            try await GatewayWorld.run { world in
                let account = NetworkAccount(
                    try GatewayWorld.account(),
                    opening: 5_000,
                    currency: .euro,
                    address: home
                )
                #expect(try await world.network.open(account))
                let asked = try await world.gateway.authorize(
                    try world.request(
                        address: AddressVerification(street: street, postalCode: postalCode)
                    )
                )
                #expect(asked.state == (refused == nil ? .approved : .reversing))
                if let refused { #expect(asked.outcome == .addressMismatch(refused)) }
            }
        }
    }

    @Test func `how far an address must match is agreed`() async throws {
        try await GatewayWorld.run { world in
            world.restartGateway(
                profile: GatewayWorld.profile(world.dialect, acceptedAddresses: [.matches])
            )
            let account = NetworkAccount(
                try GatewayWorld.account(),
                opening: 5_000,
                currency: .euro,
                address: AddressVerification(street: "12 Mill Lane", postalCode: "CB2 1TN")
            )
            #expect(try await world.network.open(account))
            let half = AddressVerification(street: "12 Mill Lane", postalCode: "10115")
            let asked = try await world.gateway.authorize(try world.request(address: half))
            #expect(asked.outcome == .addressMismatch(.streetMatches))
            try await world.forwardAll()
            #expect(try await world.network.account(account.number)?.available == 5_000)
        }
    }

    @Test func `a wrong CVV2 is declined, a right one goes with one message only`() async throws {
        try await GatewayWorld.run { world in
            let wrong = try await world.gateway.authorize(try world.request(code: "000"))
            #expect(wrong.outcome == .codeMismatch)
            let right = try world.request(code: "737")
            _ = try await world.gateway.authorize(right)
            try await world.gateway.complete(right.transaction)
            try await world.forwardAll()
            for message in world.wire.sent where message.type != .authorizationRequest {
                #expect(message[.privateData] == nil)
            }
            let requests = world.wire.sent(.authorizationRequest)
            #expect(requests.compactMap { $0[text: .privateData] } == ["CV03000", "CV03737"])
        }
    }

    @Test func `a check of an account holds nothing and keeps nothing`() async throws {
        try await GatewayWorld.run { world in
            let expiry = try #require(ExpiryMonth(year: 2028, month: 12))
            func check(
                _ ending: String,
                _ code: String
            ) async throws -> AuthorizationOutcome {
                try await world.gateway.check(
                    try GatewayWorld.account(ending: ending),
                    expiry,
                    currency: .euro,
                    code: VerificationCode(code)
                )
            }
            guard case .approved = try await check("1111", "737") else {
                Issue.record("a good account is refused")
                return
            }
            #expect(try await check("1111", "000") == .codeMismatch)
            #expect(try await check("0002", "737") == .declined(.declined))
            #expect(try await check("9004", "737") == .unknown)
            #expect(try await world.authorizations().isEmpty)
            #expect(try await world.books().accounts.isEmpty)
            #expect(world.wire.sent(.reversalAdvice, .reversalAdviceRepeat).isEmpty)
        }
    }
}
