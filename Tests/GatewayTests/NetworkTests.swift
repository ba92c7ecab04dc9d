// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Records
import Testing
import Wire

@testable import Simulation

/// The simulated network by itself: its books conserve what they hold.
@Suite(.timeLimit(.minutes(15))) struct NetworkTests {
    /// A message as the gateway makes it.
    private static func message(
        _ type: ISOMessageType,
        trace: String,
        reference: String = "000000000042",
        amount: String = "000000002500",
        account: FundingAccountNumber
    ) -> ISOMessage {
        var message = ISOMessage(type)
        message[text: .accountNumber] = account.digits
        message[text: .amount] = amount
        message[text: .expiry] = "2812"
        message[text: .traceNumber] = trace
        message[text: .acquirer] = GatewayWorld.acquirer
        message[text: .retrievalReference] = reference
        message[text: .terminal] = "OPAL01  "
        message[text: .currency] = "978"
        return message
    }

    /// The response code of an answer, and the answer's bytes.
    private static func ask(
        _ world: GatewayWorld,
        _ message: ISOMessage
    ) async throws -> (code: String?, bytes: [UInt8]) {
        let reply = await world.network.answer(try world.dialect.encode(message))
        #expect(reply.delivery == .atOnce)
        let answer = try world.dialect.decode(reply.bytes)
        #expect(ISOExchange(answer) == ISOExchange(message))
        #expect(answer[.accountNumber] == nil)
        return (answer[text: .responseCode], reply.bytes)
    }

    /// What is asked one after the other, and how it is answered.
    static let stories: [(String, [(ISOMessageType, String, String)], [FundsHoldState: Int])] = [
        ("approve", [(.authorizationRequest, "1", "00")], [.held: 1]),
        (
            "capture",
            [
                (.authorizationRequest, "1", "00"), (.clearingAdvice, "2", "00"),
                (.clearingAdviceRepeat, "2", "00"), (.clearingAdvice, "3", "94"),
                (.reversalAdvice, "4", "12"),
            ],
            [.captured: 1]
        ),
        (
            "release",
            [
                (.authorizationRequest, "1", "00"), (.reversalAdviceRepeat, "2", "00"),
                (.reversalAdvice, "2", "00"), (.reversalAdvice, "3", "94"),
                (.clearingAdvice, "4", "25"),
            ],
            [.released: 1]
        ),
        (
            "reversed before it came",
            [
                (.reversalAdvice, "2", "00"), (.authorizationRequest, "1", "21"),
                (.clearingAdvice, "3", "25"),
            ],
            [.void: 1]
        ),
        ("advice of nothing", [(.clearingAdvice, "2", "25")], [:]),
        (
            "another request under one RRN",
            [(.authorizationRequest, "1", "00"), (.authorizationRequest, "2", "94")],
            [.held: 1]
        ),
    ]

    @Test(arguments: stories.map(\.0))
    func `a hold is captured or released, each once`(_ name: String) async throws {
        let story = try #require(Self.stories.first { $0.0 == name })
        try await GatewayWorld.run { world in
            let account = try GatewayWorld.account()
            for (type, trace, expected) in story.1 {
                let message = Self.message(type, trace: "00000\(trace)", account: account)
                #expect(try await Self.ask(world, message).code == expected, "\(type)")
            }
            #expect(try await world.books().count == story.2)
        }
    }

    @Test func `a repeat gets the same bytes, also after a restart`() async throws {
        try await GatewayWorld.run { world in
            let message = Self.message(
                .authorizationRequest,
                trace: "000001",
                account: try GatewayWorld.account()
            )
            let first = try await Self.ask(world, message)
            world.restartNetwork()
            try await world.gateway.signOn()
            #expect(try await Self.ask(world, message).bytes == first.bytes)
            #expect(try await world.books().count == [.held: 1])
        }
    }

    @Test func `what was declined because nobody had signed on stays declined`() async throws {
        try await GatewayWorld.run { world in
            let account = try GatewayWorld.account()
            let message = Self.message(.authorizationRequest, trace: "000001", account: account)
            world.restartNetwork()
            let first = try await Self.ask(world, message)
            #expect(first.code == "58")
            #expect(try await world.books().count == [.declined: 1])
            // An advice is not: it is sent again until it is taken.
            let reversal = Self.message(.reversalAdvice, trace: "000002", account: account)
            #expect(try await Self.ask(world, reversal).code == "58")

            try await world.gateway.signOn()
            #expect(try await Self.ask(world, message).bytes == first.bytes)
            let other = Self.message(.authorizationRequest, trace: "000003", account: account)
            #expect(try await Self.ask(world, other).code == "94")
            #expect(try await Self.ask(world, reversal).code == "94")
            #expect(try await world.network.account(account) == nil)

            let next = Self.message(
                .authorizationRequest,
                trace: "000004",
                reference: "000000000043",
                account: account
            )
            #expect(try await Self.ask(world, next).code == "00")
            #expect(try await world.books().count == [.declined: 1, .held: 1])
        }
    }

    @Test func `who may not sign on leaves no trace`() async throws {
        try await GatewayWorld.run { world in
            var message = Self.message(
                .authorizationRequest,
                trace: "000001",
                account: try GatewayWorld.account()
            )
            message[text: .acquirer] = "400999"
            #expect(try await Self.ask(world, message).code == "58")
            #expect(try await world.books().count == [:])
        }
    }

    @Test func `more than is available is not held`() async throws {
        try await GatewayWorld.run { world in
            let account = try GatewayWorld.account()
            let cases = [("000000060000", "00"), ("000000040001", "51"), ("000000040000", "00")]
            for (number, (amount, code)) in cases.enumerated() {
                let message = Self.message(
                    .authorizationRequest,
                    trace: "00000\(number + 1)",
                    reference: "00000000000\(number)",
                    amount: amount,
                    account: account
                )
                #expect(try await Self.ask(world, message).code == code)
            }
            #expect(try await world.network.account(account)?.available == 0)
        }
    }

    @Test func `what is wrong with a request is said`() async throws {
        try await GatewayWorld.run { world in
            let account = try GatewayWorld.account()
            func code(_ change: (inout ISOMessage) -> Void) async throws -> String? {
                var message = Self.message(.authorizationRequest, trace: "000001", account: account)
                message[text: .retrievalReference] =
                    TraceNumber(count: UInt64(world.random.below(1 << 30)) + 1).retrievalReference
                change(&message)
                return try await Self.ask(world, message).code
            }
            #expect(try await code { _ in } == "00")
            #expect(try await code { $0[.retrievalReference] = nil } == "30")
            #expect(try await code { $0[text: .accountNumber] = "4111111111111112" } == "14")
            #expect(try await code { $0[.amount] = nil } == "14")
            #expect(try await code { $0[text: .expiry] = "2605" } == "54")
            #expect(try await code { $0[text: .expiry] = "2606" } == "00")
            #expect(try await code { $0[text: .currency] = "840" } == "12")
            #expect(try await code { $0[text: .acquirer] = "400999" } == "58")
            #expect(try await code { $0.type = ISOMessageType(bcd: 0x0200) ?? $0.type } == "12")
        }
    }

    @Test func `an advice over another amount captures nothing`() async throws {
        try await GatewayWorld.run { world in
            let account = try GatewayWorld.account()
            let request = Self.message(.authorizationRequest, trace: "000001", account: account)
            _ = try await Self.ask(world, request)
            let advice = Self.message(
                .clearingAdvice,
                trace: "000002",
                amount: "000000002501",
                account: account
            )
            #expect(try await Self.ask(world, advice).code == "13")
            #expect(try await world.books().count == [.held: 1])
        }
    }

    @Test func `bytes that are no question get no answer`() async throws {
        try await GatewayWorld.run { world in
            let answer = Self.message(
                .authorizationAnswer,
                trace: "000001",
                account: try GatewayWorld.account()
            )
            let cases: [[UInt8]] = [[], [1, 2, 3], try world.dialect.encode(answer)]
            for bytes in cases {
                let reply = await world.network.answer(bytes)
                #expect(reply.bytes.isEmpty && reply.delivery == .never)
            }
        }
    }

    @Test(arguments: UInt64(1)...10)
    func `many at once on one account change it one after the other`(seed: UInt64) async throws {
        try await GatewayWorld.run(seed: seed) { world in
            let account = try GatewayWorld.account()
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<12 {
                    group.addTask {
                        for type in [ISOMessageType.authorizationRequest, .clearingAdvice] {
                            let message = Self.message(
                                type,
                                trace: type == .clearingAdvice ? "000002" : "000001",
                                reference: "0000000000\(10 + number)",
                                amount: "000000010000",
                                account: account
                            )
                            guard let bytes = try? world.dialect.encode(message) else { return }
                            _ = await world.network.answer(bytes)
                        }
                    }
                }
            }
            let books = try await world.books()
            #expect(books.count == [.captured: 10, .declined: 2])
            #expect(books.accounts.first?.captured == GatewayWorld.openingBalance)
        }
    }

    @Test(arguments: UInt64(1)...40)
    func `several that close one hold at the same time close it once`(seed: UInt64) async throws {
        try await GatewayWorld.run(seed: seed) { world in
            let account = try GatewayWorld.account()
            let first = Self.message(.authorizationRequest, trace: "000001", account: account)
            #expect(try await Self.ask(world, first).code == "00")
            await withTaskGroup(of: Void.self) { group in
                for trace in 2...5 {
                    group.addTask {
                        let message = Self.message(
                            .reversalAdvice,
                            trace: "00000\(trace)",
                            account: account
                        )
                        guard let bytes = try? world.dialect.encode(message) else { return }
                        _ = await world.network.answer(bytes)
                    }
                }
            }
            let books = try await world.books()
            #expect(books.count == [.released: 1])
            #expect(books.accounts.first?.held == 0)
        }
    }

    @Test func `an account may have an expiry and a CVV2 of its own`() async throws {
        let cases: [(month: Int, code: String, expected: String)] = [
            (12, "737", "00"), (11, "737", "54"), (12, "738", "N7"), (12, "000", "N7"),
        ]
        try await GatewayWorld.run { world in
            let account = NetworkAccount(
                try GatewayWorld.account(),
                opening: 50_000,
                currency: .euro,
                expiry: ExpiryMonth(year: 2028, month: 12),
                verificationValue: CardVerificationValue(digits: "737")
            )
            #expect(try await world.network.open(account))
            for (index, (month, code, expected)) in cases.enumerated() {
                var message = Self.message(
                    .authorizationRequest,
                    trace: "00000\(index)",
                    reference: "00000000004\(index)",
                    account: account.number
                )
                message[text: .expiry] = ExpiryMonth(year: 2028, month: month)?.digits
                var elements = ISOElements()
                elements[.verificationCode] = code
                message[.privateData] = elements.bytes
                #expect(try await Self.ask(world, message).code == expected)
            }
        }
    }

    @Test func `an account that does not add up is found`() async throws {
        let account = NetworkAccount(
            try GatewayWorld.account(),
            opening: 5_000,
            currency: .euro,
            address: AddressVerification(street: "12 Mill Lane", postalCode: "CB2 1TN"),
            expiry: ExpiryMonth(year: 2028, month: 12),
            verificationValue: CardVerificationValue(digits: "737")
        )
        #expect(try NetworkAccount(account.bytes) == account)
        var bytes = account.bytes
        for count in bytes.indices {
            #expect(throws: WireFailure.self) { try NetworkAccount(Array(bytes.prefix(count))) }
        }
        let available = 1 + 2 + account.number.digits.utf8.count + 2 + 8
        bytes[available + 7] ^= 1
        #expect(throws: WireFailure(path: "network account: available", problem: .invalid)) {
            try NetworkAccount(bytes)
        }
    }
}
