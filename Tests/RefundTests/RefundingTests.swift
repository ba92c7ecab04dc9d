// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Simulation
import Sites
import Testing
import Wire

/// What a merchant gives back comes onto the card, once, and out of the merchant's settlement.
@Suite struct RefundingTests {
    /// After the cards, which are valid for two years.
    private static let later = Duration.seconds(800 * 86_400)

    @Test func `a whole sale comes back to the card, and the shop is not paid for it`()
        async throws
    {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buyAndClear()
        #expect(try await refunds.merchantBalance() == .cents(150))
        #expect(try await refunds.refund(sale) == .refunded)
        #expect(try await refunds.balance() == 10_000)
        #expect(try await refunds.merchantBalance() == .zero)
        #expect(try await refunds.poolBalance() == .zero)
        let text = refunds.world.shops[0].merchant.text
        let mails = try await refunds.mails().filter { $0.hasPrefix("Refund") && $0.contains(text) }
        #expect(mails.count == 1)
        try await refunds.expectSound()
    }

    @Test func `the holder's history names the shop, and says that it is a refund`() async throws {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buyAndClear()
        #expect(try await refunds.refund(sale, 100) == .refunded)
        let desk = refunds.world.desk
        let rows = try await desk.history(refunds.world.cards[0], after: 0, limit: 100)
        var file = HistoryFile(Wording())
        for row in rows { file.add(row.entry) }
        let shop = refunds.world.shops[0].merchant.text
        let line = try #require(file.text.split(separator: "\r\n").last)
        #expect(line.hasSuffix(",refund,Refund from \(shop),,1.00,EUR,99.50,\(sale.text)"))
    }

    @Test func `parts come back one after the other, and together never more than was paid`()
        async throws
    {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buyAndClear()
        #expect(try await refunds.refund(sale, 100) == .refunded)
        #expect(try await refunds.refund(sale, 20) == .refunded)
        #expect(try await refunds.balance() == 9_970)
        await #expect(throws: OrderFailure.refundRefused(.aboveSale)) {
            try await refunds.begin(sale, 31)
        }
        #expect(try await refunds.refund(sale) == .refunded)
        #expect(try await refunds.balance() == 10_000)
        await #expect(throws: OrderFailure.refundRefused(.aboveSale)) {
            try await refunds.begin(sale)
        }
        #expect(
            try await refunds.house.refunds(of: sale).map(\.state) == [
                .refunded, .refunded, .refunded,
            ]
        )
        try await refunds.expectSound()
    }

    @Test func `while one refund waits no other one is begun, and asking twice is asking once`()
        async throws
    {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buy()
        #expect(try await refunds.begin(sale, 50) == 1)
        #expect(try await refunds.begin(sale, 50) == 1)
        await #expect(throws: OrderFailure.refundPending) { try await refunds.begin(sale, 60) }
    }

    @Test func `an order that was not paid is not refunded`() async throws {
        let refunds = try await RefundWorld()
        let ticket = try await refunds.world.order()
        await #expect(throws: OrderFailure.notPaid(.open)) {
            try await refunds.begin(ticket.transaction)
        }
    }

    @Test func `a sale whose batch has not come yet waits, and is refunded when it is cleared`()
        async throws
    {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buy()
        #expect(try await refunds.refund(sale) == .pending)
        #expect(try await refunds.house.refunds(of: sale) == [])
        #expect(try await refunds.balance() == 9_850)
        try await refunds.collect()
        await refunds.rounds()
        #expect(try await refunds.outcome(sale) == .refunded)
        #expect(try await refunds.balance() == 10_000)
        try await refunds.expectSound()
    }

    @Test func `an issuer that is away keeps a refund waiting, and credits it once`() async throws {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buyAndClear()
        try await refunds.begin(sale, 100)
        // The first answer of the issuer is lost, then nothing gets through.
        refunds.toIssuer.plan.script(.dropResponse, at: 1)
        for request in 2...4 { refunds.toIssuer.plan.script(.dropRequest, at: request) }
        await refunds.rounds(2)
        #expect(try await refunds.outcome(sale) == .pending)
        let report = try await refunds.house.passRefunds { refunds.world.now }
        #expect(report.silent == [refunds.world.issuer.identifier])
        refunds.toIssuer.plan.clear()
        await refunds.rounds()
        #expect(try await refunds.outcome(sale) == .refunded)
        #expect(try await refunds.balance() == 9_950)
        try await refunds.expectSound()
    }

    @Test func `what the issuer refuses goes back to the merchant`() async throws {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buyAndClear()
        refunds.world.clock.advance(by: Self.later)
        #expect(try await refunds.refund(sale) == .refused(.cardExpired))
        #expect(try await refunds.merchantBalance() == .cents(150))
        #expect(try await refunds.poolBalance() == .cents(-150))
        #expect(try await refunds.house.sale(sale)?.cleared.refunded == 0)
        try await refunds.expectSound()
    }

    @Test func `a refund follows to the card that has taken the place of an expired one`()
        async throws
    {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buyAndClear()
        refunds.world.clock.advance(by: Self.later)
        let successor = try await refunds.renew()
        #expect(try await refunds.refund(sale) == .refunded)
        let card = try #require(try await refunds.world.desk.describe(successor))
        #expect(card.purses[0].balance.minorUnits == 10_000)
        try await refunds.expectSound()
    }

    @Test func `what was refused stays so, also when its reason is gone`() async throws {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buyAndClear()
        let card = refunds.world.cards[0]
        _ = try await refunds.world.desk.setBlocked(true, card, by: "operator")
        #expect(try await refunds.refund(sale) == .refused(.cardBlocked))
        _ = try await refunds.world.desk.setBlocked(false, card, by: "operator")
        let late = try #require(refunds.toIssuer.exchanges.last?.request)
        let answer = try await refunds.toIssuer.request(late)
        #expect(try IssuerMessage(answer) == .refused(sale, number: 1, .cardBlocked))
        #expect(
            try await refunds.send(try refunds.order(sale))
                == .refundAnswer(sale, number: 1, .refused(.cardBlocked))
        )
        // Another refund is another matter.
        #expect(try await refunds.refund(sale) == .refunded)
        #expect(try await refunds.balance() == 10_000)
        try await refunds.expectSound()
    }

    @Test func `a balance below zero is taken from the next settlement`() async throws {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buyAndClear()
        _ = try await refunds.house.settle(refunds.world.now.adding(.seconds(86_400)))
        #expect(try await refunds.merchantBalance() == .zero)
        #expect(try await refunds.refund(sale) == .refunded)
        #expect(try await refunds.merchantBalance() == .cents(-150))
        let next = refunds.world.now.adding(.seconds(2 * 86_400))
        #expect(try await refunds.house.settle(next)?.payouts == 0)
        for _ in 0..<2 { _ = try await refunds.buy() }
        try await refunds.collect()
        #expect(try await refunds.merchantBalance() == .cents(150))
        let last = refunds.world.now.adding(.seconds(4 * 86_400))
        let run = try #require(try await refunds.house.settle(last))
        let payout = try #require(try await refunds.house.payouts(of: run.day, limit: 1).first)
        #expect(payout.minorUnits == 150 && payout.content.gross == .cents(300))
        #expect(payout.content.adjustments == .cents(-150) && payout.content.opening == .zero)
        try await refunds.expectSound()
    }

    @Test(arguments: 0..<4, 1...4)
    func `wherever a commit fails, it comes back once`(_ store: Int, _ commit: Int) async throws {
        for fault in [FaultyStore.Fault.refuse(.diskFull), .loseAnswer, .conflict] {
            let refunds = try await RefundWorld()
            let sale = try await refunds.buyAndClear()
            refunds.stores[store].commits.script(fault, at: commit)
            _ = try? await refunds.begin(sale, 100)
            await refunds.rounds(2)
            refunds.stores[store].clear()
            try await refunds.begin(sale, 100)
            await refunds.rounds(4)
            #expect(try await refunds.balance() == 9_950)
            #expect(try await refunds.merchantBalance() == .cents(50))
            #expect(try await refunds.outcome(sale) == .refunded)
            try await refunds.expectSound()
        }
    }
}
