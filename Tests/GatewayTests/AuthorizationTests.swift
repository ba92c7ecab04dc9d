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

            try await world.gateway.complete(request.name)
            #expect(try await world.gateway.forward(request.name))
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
            #expect(try await world.gateway.cancel(request.name).state == .cancelling)
            #expect(try await world.gateway.forward(request.name))
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
            #expect(try await world.books().states[asked.retrievalReference ?? ""] == hold)
            try await world.forwardAll()
            let books = try await world.books()
            #expect(books.sum[.held, default: 0] == 0)
            #expect(
                books.states[asked.retrievalReference ?? ""] == (hold == .held ? .released : hold)
            )
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
                        address: GatewayWorld.address(street, postalCode)
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
            let half = GatewayWorld.address("12 Mill Lane", "10115")
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
            try await world.gateway.complete(right.name)
            try await world.forwardAll()
            for message in world.wire.sent where message.type != .authorizationRequest {
                #expect(message[.privateData] == nil)
            }
            let requests = world.wire.sent(.authorizationRequest)
            #expect(requests.compactMap { $0[text: .privateData] } == ["CV03000", "CV03737"])
        }
    }

    @Test func `a check of an account holds nothing and is remembered`() async throws {
        try await GatewayWorld.run { world in
            let cases: [(String, String, FundsAuthorizationState, AuthorizationOutcome?)] = [
                ("1111", "737", .verified, nil), ("1111", "000", .declined, .codeMismatch),
                ("0002", "737", .declined, .declined(.declined)),
                ("9001", "737", .declined, .addressMismatch(.differs)),
                ("9004", "737", .reversed, .unknown),
            ]
            for (ending, code, state, outcome) in cases {
                let request = try world.request(
                    0,
                    account: try GatewayWorld.account(ending: ending),
                    code: code
                )
                let asked = try await world.gateway.authorize(request)
                #expect(asked.state == state)
                if let outcome { #expect(asked.outcome == outcome) }
                world.restartGateway()
                #expect(try await world.gateway.authorize(request) == asked)
                try await world.gateway.signOn()
            }
            let report = await world.gateway.forwardOpen()
            #expect(report.acknowledged + report.unanswered + report.approved == 0)
            #expect(try await world.books().accounts.isEmpty)
            let sent = world.wire.sent(.authorizationRequest)
            #expect(sent.count == cases.count)
            #expect(sent.allSatisfy { $0[text: .conditionCode] == "51" })
            #expect(world.wire.sent(.reversalAdvice, .reversalAdviceRepeat).isEmpty)
        }
    }

    @Test(arguments: [nil, "ABC123"])
    func `an account against which nothing speaks is good`(_ code: String?) async throws {
        try await GatewayWorld.run { world in
            let dialect = world.dialect
            world.wire.alterAnswers { answer in
                var changed = answer
                changed[text: .responseCode] = "85"
                changed[text: .approvalCode] = code
                return (try? dialect.encode(changed)) ?? []
            }
            let asked = try await world.gateway.authorize(try world.request(0))
            #expect(asked.outcome == .approved(code: code ?? "      "))
            // Of money it says nothing.
            let load = try await world.gateway.authorize(try world.request())
            #expect(load.state == .declined)
        }
    }

    @Test func `acceptor and way of asking are those of the request, in each message`()
        async throws
    {
        try await GatewayWorld.run { world in
            let cases: [(String, GatewayAuthorization.Initiation, String, String)] = [
                ("HARBOUR1", .person, "010", "59"), ("L2", .standingOrder, "100", "08"),
            ]
            for (terminal, initiation, entryMode, condition) in cases {
                for isCredited in [true, false] {
                    let plain = try world.request()
                    let request = FundingRequest(
                        name: plain.name,
                        amount: plain.amount,
                        account: plain.account,
                        expiry: plain.expiry,
                        address: plain.address,
                        code: nil,
                        acceptor: try GatewayWorld.acceptor(terminal: terminal),
                        initiation: initiation
                    )
                    _ = try await world.gateway.authorize(request)
                    if isCredited {
                        try await world.gateway.complete(request.name)
                    } else {
                        try await world.gateway.cancel(request.name)
                    }
                    world.restartGateway()
                    try await world.gateway.signOn()
                    #expect(try await world.gateway.forward(request.name))
                    let sent = world.wire.sent.filter { $0.type != .managementRequest }.suffix(2)
                    #expect(sent.count == 2)
                    for message in sent {
                        #expect(
                            message[text: .terminal]
                                == terminal + String(repeating: " ", count: 8 - terminal.count)
                        )
                        #expect(message[text: .merchant] == "OPAL-LOADING   ")
                        #expect(message[text: .merchantCategory] == "6540")
                        #expect(
                            message[text: .merchantLocation]
                                == "OPAL card loading        Cambridge    GB"
                        )
                        #expect(message[text: .entryMode] == entryMode)
                        #expect(message[text: .conditionCode] == condition)
                    }
                }
            }
            #expect(try await world.books().count == [.captured: 2, .released: 2])
        }
    }
}
