// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import HSM
import Kernel
import Records
import SecurityModule
import Testing
import Wire

/// GET PREVIOUS SIGNATURE, also for answers with a completion code other than 0000.
@Suite struct PreviousSignatureTests {
    private let euro = CardWorld.amount(100)
    /// The day after the last one of the cards here.
    private let late = Instant(milliseconds: 1_830_400_000_000)

    /// Has the card decline a debit, because its last day has passed.
    private func decline(
        _ world: CardWorld,
        in reader: PseudoReader,
        transaction: UInt64 = 1
    ) async throws -> DebitAnswer {
        let command = try world.command(
            for: try await reader.initialize(euro),
            euro,
            transaction: transaction,
            at: CardTime(late)
        )
        let answer = try DebitAnswer(try await reader.send(.debit(command)).data)
        #expect(answer.completion == .cardExpired)
        return answer
    }

    private func ask(_ number: UInt32, _ reader: PseudoReader) async throws -> ResponseAPDU {
        try await reader.send(.getPreviousSignature(number: number))
    }

    @Test func `a declined debit is answered again, also after a reset and in another reader`()
        async throws
    {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let answer = try await decline(world, in: reader)
        #expect(try await ask(answer.number, reader).data == answer.bytes)
        _ = try await reader.reset()
        #expect(try await ask(answer.number, reader).data == answer.bytes)
        #expect(try await ask(answer.number, world.reader()).data == answer.bytes)
    }

    @Test func `a declined debit takes nothing, consumes no number and is no row of the history`()
        async throws
    {
        let world = try await CardWorld(CardWorld.euros())
        let answer = try await decline(world, in: world.reader())
        let card = try await world.describe()
        #expect(card.lastNumber == 0 && answer.number == 1)
        #expect(try await world.balance() == 1_000)
        #expect(try await world.rows().isEmpty)
        let check = await world.module.conclude(CardAudit(), on: try world.sealed())
        #expect(check.findings == [.recordDisagrees], "the card here was made with a balance")
    }

    @Test func `the last answer with a number is the one that counts`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let first = try await decline(world, in: reader)
        let second = try await decline(world, in: reader, transaction: 2)
        #expect(first.number == second.number && first != second)
        #expect(try await ask(1, reader).data == second.bytes)
        let (_, _, done) = try await world.pay(100, in: reader)
        #expect(done.number == 1)
        #expect(try await ask(1, reader).data == done.bytes)
        #expect(try await ask(2, reader).status == .noSuchSignature)
    }

    @Test func `an earlier debit is still answered after one that was declined`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let (_, _, done) = try await world.pay(100, in: reader)
        let declined = try await decline(world, in: reader)
        #expect(try await ask(1, reader).data == done.bytes)
        #expect(try await ask(2, reader).data == declined.bytes)
    }

    @Test func `a declined load is answered again`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let request = InitializeLoad(
            bank: BankIdentifier(bits: 3),
            transaction: TransactionIdentifier(high: 6, low: 1),
            time: CardTime(CardWorld.noon),
            amount: CardWorld.amount(4_001)
        )
        let initialized = try InitializeLoadAnswer(
            try await reader.send(.initializeLoad(request)).data
        )
        let credit = try await world.module.authorize(request, initialized, completion: .done)
        let answer = try CreditAnswer(try await reader.send(.credit(credit)).data)
        #expect(answer.completion == .maximumBalanceExceeded)
        #expect(try await ask(answer.number, reader).data == answer.bytes)
        #expect(try await world.balance() == 1_000)
    }

    @Test func `a declined answer that cannot be stored does not leave the card`() async throws {
        let store = FaultyStore()
        let world = try await CardWorld(CardWorld.euros(), store: store)
        let reader = world.reader()
        let command = try world.command(
            for: try await reader.initialize(euro),
            euro,
            at: CardTime(late)
        )
        store.fail(with: .diskFull)
        #expect(try await reader.send(.debit(command)).status == .memoryFailure)
        store.fail(with: nil)
        #expect(try await ask(1, reader).status == .noSuchSignature)
    }

    @Test func `the client code asks for the answer that its reader lost`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let client = ClientCode(world.reader())
        #expect(try await client.lostAnswer(of: 1) == nil)
        let (_, _, done) = try await world.pay(100, in: world.reader())
        #expect(try await client.lostAnswer(of: 1) == done)
        let declined = try await decline(world, in: world.reader())
        #expect(try await client.lostAnswer(of: 2) == declined)
    }

    /// A reader that loses the response to the first DEBIT IEP, after the card has done it.
    private actor LosingReader: CardChannel {
        private let inner: PseudoReader
        private let isBefore: Bool
        private var hasLost = false

        init(_ inner: PseudoReader, isBefore: Bool) {
            self.inner = inner
            self.isBefore = isBefore
        }

        func reset() async throws(ChannelFailure) -> [UInt8] { try await inner.reset() }

        func transmit(_ command: [UInt8]) async throws(ChannelFailure) -> [UInt8] {
            guard !hasLost, command.starts(with: [0x80, 0x54]) else {
                return try await inner.transmit(command)
            }
            hasLost = true
            if !isBefore { _ = try await inner.transmit(command) }
            throw .broken("the reader lost it")
        }
    }

    private func terms() throws -> OrderTerms {
        OrderTerms(
            transaction: TransactionIdentifier(high: 5, low: 1),
            merchant: try #require(MerchantIdentifier("SHOP")),
            amount: euro,
            policy: .securityCard,
            madeAt: CardWorld.noon,
            statusURL: "https://shop.example/"
        )
    }

    @Test func `a debit whose answer the reader lost is not made twice and not told as a failure`()
        async throws
    {
        let world = try await CardWorld(CardWorld.euros())
        let reader = LosingReader(world.reader(), isBefore: false)
        let client = ClientCode(reader)
        let draw = try await client.draw(.purchase, try terms(), at: CardWorld.noon)
        let command = try world.command(for: draw.initializeAnswer, euro)
        let number = draw.initializeAnswer.number
        let answer = try await client.debit(command, try terms(), number: number)
        #expect(answer.completion == .done && answer.balance == 900)
        #expect(try await world.balance() == 900)
        #expect(try await world.rows().count == 1)
    }

    @Test func `a debit that the reader lost before the card saw it stays a failure`() async throws
    {
        let world = try await CardWorld(CardWorld.euros())
        let client = ClientCode(LosingReader(world.reader(), isBefore: true))
        let draw = try await client.draw(.purchase, try terms(), at: CardWorld.noon)
        let command = try world.command(for: draw.initializeAnswer, euro)
        let lost = ClientFailure.channel(.broken("the reader lost it"))
        await #expect(throws: lost) {
            try await client.debit(command, try terms(), number: draw.initializeAnswer.number)
        }
        #expect(try await world.balance() == 1_000)
    }
}
