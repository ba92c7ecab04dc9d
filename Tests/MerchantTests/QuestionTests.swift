// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import Records
import Testing
import Wire

/// Closing the browser in between loses nothing.
@Suite struct QuestionTests {
    private let late = Shop.noon.after(seconds: 120)

    @Test func `a question finds a lost result`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let sealed = try await shop.result(of: shop.page(ticket))
        shop.payments.behave(.ended(.sold, sealed: sealed), for: ticket.transaction)
        #expect(try await shop.module.ask(ticket.transaction, now: late).state == .paid)
        // The browser comes back after all, and the order is not asked for again.
        _ = try await shop.module.receive(sealed, of: ticket.transaction, now: late)
        #expect(try await shop.module.ask(ticket.transaction, now: late).state == .paid)
        #expect(shop.payments.asked == [ticket.transaction])
        #expect(try await shop.module.deliver(ticket, now: late).isFirst)
        #expect(try await shop.module.journal(of: ticket.transaction).count == 3)
    }

    @Test func `a sale that still waits leaves the order open`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        shop.payments.behave(.open, for: ticket.transaction)
        let longAfter = Shop.noon.after(seconds: 86_400)
        #expect(try await shop.module.ask(ticket.transaction, now: longAfter).state == .open)
    }

    @Test(arguments: [LinkFailure.notSent, .broken, .timedOut, .busy])
    func `a silent payment server keeps the order open`(_ failure: LinkFailure) async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        shop.payments.behave(.silent(failure), for: ticket.transaction)
        let longAfter = Shop.noon.after(seconds: 86_400)
        await #expect(throws: OrderFailure.paymentServerSilent(failure)) {
            try await shop.module.ask(ticket.transaction, now: longAfter)
        }
        #expect(try await shop.module.find(ticket).state == .open)
    }

    @Test func `an order that the payment server never saw is unpaid once it can no longer come`()
        async throws
    {
        let shop = try Shop()
        let module = shop.module
        let ticket = try await module.order(Shop.article(), now: Shop.noon)
        let edge = Shop.noon.adding(PurchaseLimits.orderTime + PurchaseLimits.clockSkew)
        #expect(try await module.ask(ticket.transaction, now: edge).state == .open)
        let ended = try await module.ask(ticket.transaction, now: edge.after(seconds: 1))
        #expect(ended.state == .unpaid)
        #expect(ended.settlement == nil && ended.isGivenUp)
        let events = try await shop.module.journal(of: ticket.transaction).map(\.event)
        #expect(events.last == .givenUp)
        #expect(try await shop.module.reorder(ticket, now: edge) != ticket)
    }

    @Test func `a refused question and an answer that is none leave the order open`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let other = try await shop.module.order(Shop.article(), now: Shop.noon)
        let foreign = try await shop.result(of: shop.page(other))
        let transaction = ticket.transaction
        let cases: [(PaymentServerDouble.Behaviour, OrderFailure)] = [
            (.refuses(.unknownMerchant), .paymentServerRefused(.unknownMerchant)),
            (.bytes([]), .answerUnreadable),
            (.bytes(PartyMessage.debitCommand(transaction, sealed: []).bytes), .answerUnreadable),
            // About another order, although it would end this one.
            (
                .bytes(PartyMessage.refusal(other.transaction, .orderUnknown).bytes),
                .answerUnreadable
            ),
            (.ended(.sold, sealed: foreign), .resultForged),
            (.ended(.sold, sealed: []), .resultForged),
        ]
        for (behaviour, failure) in cases {
            shop.payments.behave(behaviour, for: transaction)
            await #expect(throws: failure) {
                try await shop.module.ask(transaction, now: Shop.noon.after(seconds: 86_400))
            }
            #expect(try await shop.module.find(ticket).state == .open)
        }
    }

    @Test func `after a restart all open orders are asked for, and only those`() async throws {
        let shop = try Shop()
        var lost: [MerchantModule.Ticket] = []
        // More than one page of open orders.
        for second in 0..<150 {
            let ticket = try await shop.module.order(
                Shop.article(),
                now: Shop.noon.after(seconds: second)
            )
            let page = try await shop.page(ticket, now: Shop.noon.after(seconds: second))
            let result = try await shop.result(of: page)
            shop.payments.behave(.ended(.sold, sealed: result), for: ticket.transaction)
            if second % 3 == 0 {
                _ = try await shop.module.receive(result, of: ticket.transaction, now: Shop.noon)
            } else {
                lost.append(ticket)
            }
        }
        let now = Shop.noon.after(seconds: 149)
        let young = try await shop.module.order(Shop.article(), now: now)
        let waiting = try await shop.module.order(Shop.article(), now: Shop.noon)
        shop.payments.behave(.open, for: waiting.transaction)

        let round = try await shop.module.settleOpen(now: now.after(seconds: 59))
        let due = lost.filter { $0.transaction.text < young.transaction.text }
        // Those of the last 60 seconds are young.
        #expect(round.ended.count < due.count && !round.ended.isEmpty)
        let second = try await shop.module.settleOpen(now: now.after(seconds: 60))
        #expect(round.ended.count + second.ended.count == lost.count)
        #expect(round.stillOpen == 1 && second.stillOpen == 2)
        #expect(second.failed.isEmpty && second.next == nil)
        for ticket in lost { #expect(try await shop.module.find(ticket).state == .paid) }
    }

    @Test func `a round ends where the payment server is silent and goes on from there`()
        async throws
    {
        let shop = try Shop()
        var tickets: [MerchantModule.Ticket] = []
        for second in 0..<5 {
            let ticket = try await shop.module.order(
                Shop.article(),
                now: Shop.noon.after(seconds: second)
            )
            shop.payments.behave(.silent(.timedOut), for: ticket.transaction)
            tickets.append(ticket)
        }
        let first = try await shop.module.settleOpen(now: late)
        #expect(first.failed.count == MerchantLimits.silencesMax)
        #expect(first.next == tickets[MerchantLimits.silencesMax - 1].transaction)
        for ticket in tickets { shop.payments.behave(.open, for: ticket.transaction) }
        let rest = try await shop.module.settleOpen(now: late, after: first.next)
        #expect(rest.stillOpen == 2 && rest.next == nil)
        #expect(try await shop.module.settleOpen(now: late).stillOpen == 5)
    }
}
