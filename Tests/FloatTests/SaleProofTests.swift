// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import PaymentServer
import Records
import Simulation
import Testing
import Wire

/// What the issuer says of sales that come back for payment.
@Suite struct SaleProofTests {
    @Test func `a sale that a card has paid is proved, and proved again`() async throws {
        let float = try await FloatWorld()
        let sale = try await float.buy()
        for _ in 0..<3 { #expect(try await float.prove(sale) == .proved) }
        #expect(float.ledgerStore.mark == 1, "an answer that was given costs no commit")
        #expect(try await float.ledger.count(NumberRecord.kind) == 1)
    }

    @Test func `many sales of many cards are proved in their order`() async throws {
        let float = try await FloatWorld()
        var sales: [CollectedSale] = []
        for round in 0..<6 { sales.append(try await float.buy(1, with: round % 2)) }
        sales.insert(sales[2].altered(amount: 1), at: 1)
        let expected: [SaleProof] = [.proved, .forged, .proved, .proved, .proved, .proved, .proved]
        #expect(try await float.ask(sales) == .proved(expected))
    }

    @Test func `a sale with anything altered is forged`() async throws {
        let float = try await FloatWorld()
        let sale = try await float.buy()
        #expect(try await float.prove(sale.altered(amount: 149)) == .forged)
        #expect(try await float.prove(sale.altered(number: sale.number + 1)) == .forged)
        #expect(try await float.prove(sale.altered(card: float.world.cards[1])) == .forged)
        #expect(try await float.prove(sale) == .proved)
    }

    @Test func `a sale of a card that was never made is one of an unknown card`() async throws {
        let float = try await FloatWorld()
        let sale = try await float.buy()
        let nobody = CardIdentifier(issuer: sale.card.issuer, number: 42)
        #expect(try await float.prove(sale.altered(card: nobody)) == .unknownCard)
    }

    @Test func `a sale with a key version that is not here is told apart from a forged one`()
        async throws
    {
        let float = try await FloatWorld()
        let sale = try await float.buy()
        #expect(try await float.prove(sale.altered(keyVersion: 9)) == .unknownKeyVersion)
        let stranger = try #require(CardIdentifier("9999990000000001"))
        #expect(try await float.prove(sale.altered(card: stranger)) == .unknownKeyVersion)
    }

    @Test func `a sale whose value was put back is recovered, with its draw and without`()
        async throws
    {
        let float = try await FloatWorld()
        let sale = try await float.buyAndRecover()
        #expect(try await float.world.balance() == 10_000)
        #expect(try await float.prove(sale) == .recovered)
        try await float.ledgerStore.rollBack(to: 0)
        try await float.cards.delete(DrawRecord.key(sale.transaction))
        #expect(try await float.prove(sale) == .recovered)
        #expect(try await float.prove(sale) == .recovered)
    }

    @Test func `a sale that was proved before its value was put back stays proved, and is found`()
        async throws
    {
        let float = try await FloatWorld()
        let sale = try await float.buyWithoutAnswer()
        #expect(try await float.prove(sale) == .proved)
        #expect(try await float.findings().isEmpty)
        float.world.clock.advance(by: .seconds(3_600))
        #expect(await float.world.payments.giveUpLateSales() == 1)
        #expect(await float.world.purchases.settleOpenDraws(olderThan: .zero) == 1)
        #expect(try await float.prove(sale) == .proved)
        #expect(
            try await float.findings() == [
                "number 2: the sale of 150 of 0978/2 is proved, and its value was put back"
            ]
        )
    }

    @Test func `of two sales with one number the second is one too many, in whatever order`()
        async throws
    {
        for isReversed in [false, true] {
            let float = try await FloatWorld()
            let mark = float.cards.mark
            let first = try await float.buy(0)
            try await float.cards.rollBack(to: mark)
            let second = try await float.buy(1)
            #expect(first.number == second.number)
            let (one, two) = isReversed ? (second, first) : (first, second)
            // The card's own history decides where nobody was proved yet.
            let isOwn = one == second
            #expect(try await float.prove(one) == (isOwn ? .proved : .numberUsedTwice))
            #expect(try await float.prove(two) == (isOwn ? .numberUsedTwice : .proved))
            #expect(try await float.prove(one) == (isOwn ? .proved : .numberUsedTwice))
        }
    }

    @Test func `a number that was proved for one sale is used twice by what the card paid later`()
        async throws
    {
        let float = try await FloatWorld()
        let mark = float.cards.mark
        let first = try await float.buy(0)
        #expect(try await float.prove(first) == .proved)
        try await float.cards.rollBack(to: mark)
        let second = try await float.buy(1)
        #expect(
            try await float.ask([first, second, first, second])
                == .proved([.proved, .numberUsedTwice, .proved, .numberUsedTwice])
        )
    }

    @Test func `both sales of one number in one request are judged as if they came apart`()
        async throws
    {
        let float = try await FloatWorld()
        let mark = float.cards.mark
        let first = try await float.buy(0)
        try await float.cards.rollBack(to: mark)
        let second = try await float.buy(1)
        #expect(try await float.ask([second, first]) == .proved([.proved, .numberUsedTwice]))
        #expect(float.ledgerStore.mark == 1)
    }

    @Test func `who is no clearing house learns nothing`() async throws {
        let float = try await FloatWorld()
        let sale = try await float.buy()
        #expect(try await float.ask([sale], as: "payment-server") == .unavailable)
        let noise = await float.proofs.answer([1, 2, 3], from: FloatWorld.clearingHouse)
        #expect(noise == IssuerMessage.unavailable.bytes)
        #expect(float.ledgerStore.mark == 0)
    }

    @Test func `bytes that are no sale are forged and do not disturb the others`() async throws {
        let float = try await FloatWorld()
        let sale = try await float.buy().bytes(at: 1)
        let noise = [UInt8](repeating: 0xFF, count: CollectedSale.length)
        #expect(try await float.proofs.prove([noise, sale, noise]) == [.forged, .proved, .forged])
    }

    @Test func `a record that was changed stops its number and no other`() async throws {
        let float = try await FloatWorld()
        let sales = [try await float.buy(), try await float.buy(1)]
        #expect(try await float.ask(sales) == .proved([.proved, .proved]))
        let key = NumberRecord.key(sales[0].card, sales[0].number)
        let record = try #require(try await float.ledger.read(key))
        var body = record.body
        body[body.count - 1] ^= 1
        let write = RecordWrite.put(key, expectedRevision: record.revision, body: body)
        _ = try await float.ledger.commit(Transition(writes: [write]))
        #expect(try await float.ask(sales) == .proved([.numberUsedTwice, .proved]))
        let places = try await float.audit().findings.map(\.place)
        let digits = float.world.cards[0].digits.suffix(4)
        #expect(
            places.contains(
                "issuer's float, proved_number of card •••• •••• •••• \(digits), number 2"
            )
        )
    }
}

/// Commits of the issuer that fail.
@Suite struct SaleProofFaultTests {
    /// Sales enough for three commits: a few real ones, and forgeries of them.
    private func sales(_ float: FloatWorld) async throws -> [CollectedSale] {
        let real = [try await float.buy(1), try await float.buy(1), try await float.buy(1)]
        let count = 2 * SaleProofs.chunkMax + 10
        return (0..<count).map { index in
            switch index {
            case 0: real[0]
            case SaleProofs.chunkMax: real[1]
            case count - 1: real[2]
            default: real[0].altered(number: UInt32(1_000 + index))
            }
        }
    }

    @Test(arguments: 1...3, [FaultyStore.Fault.refuse(.unavailable("cut")), .loseAnswer])
    func `a crash at any commit loses no answer and changes none`(
        commit: Int,
        fault: FaultyStore.Fault
    ) async throws {
        let float = try await FloatWorld()
        let sales = try await sales(float)
        let expected = sales.map { $0.number < 1_000 ? SaleProof.proved : .forged }
        let bytes = sales.map { $0.bytes(at: 1) }
        float.ledger.commits.script(fault, at: commit)
        await #expect(throws: FloatFailure.self) { _ = try await float.proofs.prove(bytes) }
        #expect(try await float.proofs.prove(bytes) == expected)
        #expect(try await float.proofs.prove(bytes) == expected)
        #expect(try await float.ledger.count(NumberRecord.kind) == 3)
        #expect(float.ledgerStore.mark == 3)
    }

    @Test func `somebody else's commit between reading and writing is read again`() async throws {
        let float = try await FloatWorld()
        let sale = try await float.buy()
        float.ledger.commits.script(.conflict, at: 1)
        #expect(try await float.prove(sale) == .proved)
    }

    @Test func `two clearing houses at the same moment get one answer`() async throws {
        let float = try await FloatWorld()
        let mark = float.cards.mark
        let first = try await float.buy(0)
        try await float.cards.rollBack(to: mark)
        let second = try await float.buy(1)
        async let one = float.ask([first, second])
        async let two = float.ask([second, first])
        #expect(try await one == .proved([.numberUsedTwice, .proved]))
        #expect(try await two == .proved([.proved, .numberUsedTwice]))
    }
}
