// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Kernel
import OPALServer
import Records
import Simulation
import Testing
import Wire

/// Rolled-back, cloned and forged cards, by number and amount.
@Suite struct FloatAuditTests {
    @Test func `nothing is found where all is right, collected or not`() async throws {
        let float = try await FloatWorld()
        let sale = try await float.buy(0)
        _ = try await float.buy(1)
        _ = try await float.buy(1, with: 1)
        let recovered = try await float.buyAndRecover()
        #expect(try await float.ask([sale, recovered]) == .proved([.proved, .recovered]))
        let report = try await float.audit()
        #expect(report.findings.isEmpty)
        #expect(report.provedCount == 1 && report.cardCount == 1)
        #expect(report.proved.values.map(\.self) == [150])
    }

    @Test func `a card set back with its whole database is found by number and amount`()
        async throws
    {
        let float = try await FloatWorld()
        _ = try await float.prove(float.buy(1))
        let mark = float.cards.mark
        let sale = try await float.buy(0)
        #expect(try await float.prove(sale) == .proved)
        try await float.cards.rollBack(to: mark)
        #expect(
            try await float.findings() == [
                "number 3: the sale of 150 of 0978/2 came back, but its history does not have it: "
                    + "the card was set back",
                "has 150 of 0978/2 more than its loads, sales and recoveries leave",
            ]
        )
        let digits = float.world.cards[0].digits
        let report = try await float.audit()
        for finding in report.findings {
            #expect(finding.place.hasSuffix("•••• \(digits.suffix(4))"))
            #expect(!finding.description.contains(digits))
        }
    }

    @Test func `a card set back that was not collected from yet is found when its sale comes`()
        async throws
    {
        let float = try await FloatWorld()
        let mark = float.cards.mark
        let sale = try await float.buy(0)
        try await float.cards.rollBack(to: mark)
        #expect(try await float.findings().isEmpty)
        #expect(try await float.prove(sale) == .proved)
        #expect(try await float.findings().count == 2)
    }

    @Test func `a card set back that has paid since is found by what its number paid twice`()
        async throws
    {
        let float = try await FloatWorld()
        let mark = float.cards.mark
        let first = try await float.buy(0)
        #expect(try await float.prove(first) == .proved)
        try await float.cards.rollBack(to: mark)
        let second = try await float.buy(1)
        let unsaid =
            "number 2: the sale of 150 of 0978/2 came back, but its history has a debit "
            + "of 20 of 0978/2: the card was set back, or there are two of it"
        let more = "has 150 of 0978/2 more than its loads, sales and recoveries leave"
        #expect(try await float.findings() == [unsaid, more])
        #expect(try await float.prove(second) == .numberUsedTwice)
        let doubled =
            "number 2: sales came back that cannot all be right (150 of 0978/2, 20 of "
            + "0978/2): there are two of the card, or it was set back"
        #expect(try await float.findings() == [doubled, unsaid, more])
    }

    @Test func `more sales than a page are compared with each card's history, to the last one`()
        async throws
    {
        let float = try await FloatWorld(cardValues: [12_000, 12_000])
        let count = RecordLimits.pageMax / 2 + 20
        var mark = 0
        var sales: [CollectedSale] = []
        for card in [0, 1] {
            for _ in 0..<count {
                mark = float.cards.mark
                let page = try await float.world.page(try await float.world.order(1))
                guard case .paid = await float.world.pay(page, with: card) else {
                    throw Unexpected()
                }
            }
            sales += try await float.sales(of: card)
        }
        let proofs = try await float.proofs.prove(sales.map { $0.bytes(at: 1) })
        #expect(proofs == Array(repeating: .proved, count: 2 * count))
        let report = try await float.audit()
        #expect(report.findings.isEmpty && report.provedCount == 2 * count)
        try await float.cards.rollBack(to: mark)
        let findings = try await float.findings()
        #expect(findings.first?.hasPrefix("number \(count + 1): the sale of 20 of") == true)
        #expect(findings.count == 2)
    }

    @Test func `a forged sale is found by number and amount`() async throws {
        let float = try await FloatWorld()
        let sale = try await float.buy()
        #expect(try await float.prove(sale.altered(amount: 9_999)) == .forged)
        #expect(
            try await float.findings() == [
                "number 2: a sale of 9999 of 0978/2 came back with a wrong S6: it is forged"
            ]
        )
    }

    @Test func `a card whose record is gone is found by what it has paid`() async throws {
        let float = try await FloatWorld()
        let sale = try await float.buy()
        let other = try await float.buy(1)
        #expect(try await float.prove(sale) == .proved)
        try await float.cards.delete(Emulator.key(sale.card))
        try await float.cards.delete(DrawRecord.key(other.transaction))
        #expect(try await float.prove(other) == .unknownCard)
        #expect(
            try await float.findings() == [
                "number 2: the sale of 150 of 0978/2 came back, and the card has no record",
                "number 3: a sale of 20 of 0978/2 came back, and there is no such card",
            ]
        )
    }

    @Test func `a refusal is no finding any more once the sale is proved`() async throws {
        let float = try await FloatWorld()
        let mark = float.cards.mark
        let sale = try await float.buy()
        let paid = float.cards.mark
        try await float.cards.delete(Emulator.key(sale.card))
        try await float.cards.delete(DrawRecord.key(sale.transaction))
        #expect(try await float.prove(sale) == .unknownCard)
        #expect(try await float.findings().count == 1)
        try await float.cards.rollBack(to: paid)
        #expect(mark < paid)
        #expect(try await float.prove(sale) == .proved)
        #expect(try await float.findings().isEmpty)
    }

    @Test func `an issuer's database that was lost is made again by asking again`() async throws {
        let float = try await FloatWorld()
        let mark = float.cards.mark
        let first = try await float.buy(0)
        let second = try await float.buy(1)
        #expect(try await float.ask([first, second]) == .proved([.proved, .proved]))
        try await float.cards.rollBack(to: mark)
        try await float.ledgerStore.rollBack(to: 0)
        #expect(try await float.findings().isEmpty)
        #expect(try await float.ask([first, second]) == .proved([.proved, .proved]))
        let findings = try await float.findings()
        #expect(findings.count == 3)
        #expect(
            findings.last == "has 170 of 0978/2 more than its loads, sales and recoveries leave"
        )
    }
}
