// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Records
import Synchronization
import Testing
import Wire

@testable import Simulation

/// What the table does not say: who is served, what is refused, and which words the network's are.
@Suite(.timeLimit(.minutes(15))) struct DeskTests {
    // MARK: Refusals

    @Test func `who is no OPAL server of this gateway is not served`() async throws {
        try await GatewayWorld.run { world in
            let authorization = try world.authorization()
            let messages: [GatewayMessage] = [
                .authorize(authorization), .cancel(authorization.transaction),
                .question(authorization.transaction),
            ]
            for stranger in ["payment-server", "OPAL-SERVER", ""] {
                for message in messages {
                    #expect(try await world.word(message, from: stranger) == .refusal(.notServed))
                }
                let answer = await world.desk.answer([0xFF], from: stranger)
                #expect(Word(try GatewayMessage(answer)) == .refusal(.notServed))
            }
            #expect(try await world.authorizations().isEmpty)
            #expect(world.wire.sent(.authorizationRequest).isEmpty)
        }
    }

    @Test func `an OPAL server has a name of 48 bytes at most`() async throws {
        try await GatewayWorld.run { world in
            for (count, word) in [(48, Word.approved), (49, .refusal(.notServed))] {
                let server = String(repeating: "s", count: count)
                let desk = GatewayDesk(gateway: world.gateway, opalServers: [server])
                let message = GatewayMessage.authorize(try world.authorization())
                let answer = try GatewayMessage(await desk.answer(message.bytes, from: server))
                #expect(Word(answer) == word)
            }
        }
    }

    @Test func `what is no message is malformed, and has its TRX where that can be read`()
        async throws
    {
        try await GatewayWorld.run { world in
            let whole = GatewayMessage.authorize(try world.authorization()).bytes
            let transaction = try GatewayMessage(whole).transaction
            let none = TransactionIdentifier(high: 0, low: 0)
            for count in whole.indices {
                let part = Array(whole.prefix(count))
                let answer = try GatewayMessage(
                    await world.desk.answer(part, from: GatewayWorld.opalServer)
                )
                #expect(answer == .refusal(count < 18 ? none : transaction, .malformed))
            }
            #expect(try await world.authorizations().isEmpty)
        }
    }

    @Test func `an answer is no request`() async throws {
        try await GatewayWorld.run { world in
            let transaction = try world.name().transaction
            for answer in [GatewayMessage.completed(transaction), .notKnown(transaction)] {
                #expect(try await world.word(answer) == .refusal(.unknownMessage))
            }
        }
    }

    @Test func `a question about no load asks whether the gateway answers`() async throws {
        try await GatewayWorld.run { world in
            let none = TransactionIdentifier(high: 0, low: 0)
            let authorization = try world.authorization(transaction: none)
            for message in [
                GatewayMessage.authorize(authorization), .complete(none), .cancel(none),
            ] {
                #expect(try await world.word(message) == .refusal(.malformed))
                #expect(try await world.word(.question(none)) == .notKnown)
            }
        }
    }

    @Test func `an account that ISO 8583 cannot name is malformed`() async throws {
        try await GatewayWorld.run { world in
            let good = try world.authorization()
            func with(_ number: String, _ year: Int) throws -> GatewayMessage {
                let expiry = try #require(AccountExpiry(year: year, month: 12))
                return .authorize(
                    GatewayAuthorization(
                        transaction: good.transaction,
                        amount: good.amount,
                        account: try #require(FundingAccount(number: number, expiry: expiry)),
                        address: good.address,
                        verificationValue: nil,
                        acceptor: good.acceptor,
                        initiation: .person
                    )
                )
            }
            let number = good.account.number
            for message in [
                try with("4111111111111112", 2028), try with(number, 2100),
                .authorize(try world.authorization(GatewayLimits.amountMax + 1)),
            ] {
                #expect(try await world.word(message) == .refusal(.malformed))
                #expect(try await world.word(.question(message.transaction)) == .notKnown)
            }
        }
    }

    @Test func `a currency that the network does not take is refused, and changes nothing`()
        async throws
    {
        try await GatewayWorld.run { world in
            for cents in [UInt64(0), 2_500] {
                let authorization = try world.authorization(cents, currency: .dollar)
                let message = GatewayMessage.authorize(authorization)
                #expect(try await world.word(message) == .refusal(.currencyNotTaken))
                let question = GatewayMessage.question(authorization.transaction)
                #expect(try await world.word(question) == .notKnown)
            }
        }
    }

    @Test func `other terms are refused and move nothing, another CVV2 is none`() async throws {
        try await GatewayWorld.run { world in
            let first = try world.authorization(code: "737")
            let answer = try await world.ask(.authorize(first))
            for restarts in [false, true] {
                if restarts { try await world.restartAndSignOn() }
                let other = try world.authorization(2_501, transaction: first.transaction)
                #expect(try await world.word(.authorize(other)) == .refusal(.termsDiffer))
                for code in ["000", nil] {
                    let same = try world.authorization(code: code, transaction: first.transaction)
                    #expect(try await world.ask(.authorize(same)) == answer)
                }
            }
            #expect(world.wire.sent(.authorizationRequest).count == 1)
        }
    }

    // MARK: Whose

    @Test func `the same transaction of another OPAL server is another one`() async throws {
        try await GatewayWorld.run { world in
            let other = GatewayWorld.otherServer
            let first = try world.authorization()
            let transaction = first.transaction
            let second = try world.authorization(1_000, transaction: transaction)
            #expect(try await world.word(.authorize(first)) == .approved)
            #expect(try await world.word(.question(transaction), from: other) == .notKnown)
            #expect(try await world.word(.authorize(second), from: other) == .approved)
            #expect(try await world.word(.cancel(transaction), from: other) == .cancelled)
            #expect(try await world.word(.complete(transaction)) == .completed)
            try await world.restartAndSignOn()
            try await world.forwardAll()
            #expect(try await world.word(.question(transaction), from: other) == .cancelled)
            #expect(try await world.word(.question(transaction)) == .completed)
            #expect(try await world.books().sum == [.captured: 2_500, .released: 1_000])
        }
    }

    // MARK: What the network says

    static let words: [(String, Word)] = [
        ("05", .declined(.declined)), ("12", .declined(.declined)), ("94", .declined(.declined)),
        ("51", .declined(.insufficientFunds)), ("14", .declined(.accountUnknown)),
        ("54", .declined(.accountExpired)), ("61", .declined(.limitExceeded)),
        ("65", .declined(.limitExceeded)), ("41", .declined(.accountRestricted)),
        ("43", .declined(.accountRestricted)), ("62", .declined(.accountRestricted)),
        ("57", .declined(.notPermitted)), ("58", .declined(.notPermitted)),
        ("91", .declined(.issuerUnavailable)), ("96", .declined(.issuerUnavailable)),
        ("N7", .verificationValueMismatch),
    ]

    @Test(arguments: words)
    func `a response code has its word, also after a restart`(
        _ code: String,
        _ word: Word
    ) async throws {
        try await GatewayWorld.run { world in
            world.network.follow(try NetworkScript("message 0100 decline \(code)"))
            let message = GatewayMessage.authorize(try world.authorization())
            #expect(try await world.word(message) == word)
            try await world.restartAndSignOn()
            #expect(try await world.word(message) == word)
        }
    }

    @Test func `a part of the amount is reversed and declined`() async throws {
        try await GatewayWorld.run { world in
            let dialect = world.dialect
            world.wire.alterAnswers { answer in
                var changed = answer
                changed[text: .responseCode] = "10"
                return (try? dialect.encode(changed)) ?? []
            }
            let authorization = try world.authorization()
            #expect(try await world.word(.authorize(authorization)) == .declined(.declined))
            world.wire.alterAnswers(nil)
            for message in [
                GatewayMessage.cancel(authorization.transaction),
                .complete(authorization.transaction), .question(authorization.transaction),
            ] {
                #expect(try await world.word(message) == .declined(.declined))
            }
            try await world.forwardAll()
            #expect(try await world.hold(authorization.transaction) == .released)
        }
    }

    @Test func `a network that is not connected is as an issuer that cannot be reached`()
        async throws
    {
        try await GatewayWorld.run { world in
            world.wire.willMeet(.refuse(.notSent))
            let message = GatewayMessage.authorize(try world.authorization())
            #expect(try await world.word(message) == .declined(.issuerUnavailable))
            #expect(try await world.word(message) == .declined(.issuerUnavailable))
            #expect(world.wire.sent(.authorizationRequest).count == 1)
        }
    }

    // MARK: At the same time

    @Test(arguments: UInt64(1)...20)
    func `an authorize and its cancel at the same time end as cancelled, with nothing held`(
        seed: UInt64
    ) async throws {
        try await GatewayWorld.run(seed: seed) { world in
            let authorization = try world.authorization()
            let transaction = authorization.transaction
            let words = try await withThrowingTaskGroup(of: Word.self) { group in
                group.addTask { try await world.word(.authorize(authorization)) }
                group.addTask {
                    await world.pass(.milliseconds(world.random.below(60)))
                    return try await world.word(.cancel(transaction))
                }
                group.addTask { try await world.word(.authorize(authorization)) }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(words.contains(.cancelled))
            #expect(words.allSatisfy { [.cancelled, .approved, .unknown].contains($0) })
            try await world.forwardAll()
            #expect(try await world.word(.question(transaction)) == .cancelled)
            #expect([nil, .released].contains(try await world.hold(transaction)))
            #expect(try await world.books().sum[.held, default: 0] == 0)
            #expect(world.wire.sent(.authorizationRequest).count <= 1)
        }
    }

    @Test func `a reversal waits for the answer to its request`() async throws {
        try await GatewayWorld.run { world in
            world.wire.willMeet(.delayRequest(.seconds(10)))
            let authorization = try world.authorization()
            async let asked = world.word(.authorize(authorization))
            await world.pass(.seconds(2))
            #expect(try await world.word(.cancel(authorization.transaction)) == .cancelled)
            await world.gateway.forwardOpen()
            #expect(world.wire.sent(.reversalAdvice).isEmpty)
            #expect(try await asked == .cancelled)
            try await world.forwardAll()
            #expect(world.wire.sent(.reversalAdvice, .reversalAdviceRepeat).count == 1)
            // Not void: it had been held before.
            #expect(try await world.hold(authorization.transaction) == .released)
        }
    }

    @Test func `an approval that comes after the time-out is reversed once`() async throws {
        try await GatewayWorld.run { world in
            let authorization = try world.authorization(ending: "9005")
            #expect(try await world.word(.authorize(authorization)) == .unknown)
            await world.pass(.seconds(60))
            #expect(try await world.word(.question(authorization.transaction)) == .unknown)
            try await world.forwardAll()
            #expect(try await world.word(.question(authorization.transaction)) == .reversed)
            #expect(world.wire.sent(.reversalAdvice, .reversalAdviceRepeat).count == 1)
        }
    }

    // MARK: A store that does not work

    @Test func `what could not be stored was not taken, and what is not known is unknown`()
        async throws
    {
        try await GatewayWorld.run { world in
            let store = FaultyStore(world.gatewayStore)
            let gateway = try world.gateway(on: store)
            try await gateway.signOn()
            let desk = GatewayDesk(gateway: gateway, opalServers: [GatewayWorld.opalServer])
            func word(_ message: GatewayMessage) async throws -> Word {
                let answer = await desk.answer(message.bytes, from: GatewayWorld.opalServer)
                return Word(try GatewayMessage(answer))
            }
            let authorization = try world.authorization()
            let (message, transaction) = (
                GatewayMessage.authorize(authorization), authorization.transaction
            )
            store.commits.script(.refuse(.diskFull))
            #expect(try await word(message) == .busy)
            #expect(try await word(.question(transaction)) == .notKnown)
            // The answer of the network cannot be stored.
            store.commits.script(.refuse(.locked), at: 2)
            #expect(try await word(message) == .unknown)
            store.reads.script(.locked)
            #expect(try await word(.question(transaction)) == .busy)
            store.reads.script(.locked, forNext: 2)
            #expect(try await word(.complete(transaction)) == .unknown)
            // The commit was made, and nobody said so.
            store.commits.script(.loseAnswer)
            #expect(try await word(.cancel(transaction)) == .cancelled)
            try await world.forwardAll()
            #expect(try await world.hold(transaction) == .released)
        }
    }

    @Test func `an authorisation that somebody changed is told as unknown or busy`() async throws {
        try await GatewayWorld.run { world in
            let authorization = try world.authorization()
            #expect(try await world.word(.authorize(authorization)) == .approved)
            let name = try #require(
                AuthorizationName(authorization.transaction, of: GatewayWorld.opalServer)
            )
            let record = try #require(
                try await world.gatewayStore.read(AuthorizationRecord.key(name))
            )
            var body = record.body
            body[body.count / 2] ^= 1
            let write = RecordWrite.put(
                record.key,
                expectedRevision: record.revision,
                body: body,
                isOpen: true
            )
            _ = try await world.gatewayStore.commit(Transition(writes: [write]))
            let transaction = authorization.transaction
            #expect(try await world.word(.authorize(authorization)) == .unknown)
            #expect(try await world.word(.complete(transaction)) == .unknown)
            #expect(try await world.word(.cancel(transaction)) == .unknown)
            #expect(try await world.word(.question(transaction)) == .busy)
        }
    }
}
