// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import Records
import SecurityModule
import Testing
import Wire

/// FIG. 11A, steps 602–606, and FIG. 11C, steps 636–640.
@Suite struct OrderTests {
    @Test func `the page holds what the payment server checks and is the same when shown again`()
        async throws
    {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let page = try await shop.page(ticket)
        #expect(page.terms.amount == Money(minorUnits: 150, currency: .euro, exponent: .cents))
        #expect(page.terms.madeAt == Shop.noon)
        #expect(page.description == "A short story, 12 pages")
        _ = try await shop.payments.sealer.session(for: page.terms, page.proof)
        #expect(try await shop.page(ticket) == page)
        let fields = Dictionary(uniqueKeysWithValues: page.fields)
        #expect(try OrderPage { fields[$0] } == page)
    }

    @Test func `an order is delivered once for one result`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let result = try await shop.result(of: shop.page(ticket))
        let reception = try await shop.module.receive(
            result,
            of: ticket.transaction,
            now: Shop.noon.after(seconds: 5)
        )
        #expect(reception.order.state == .paid)
        #expect(reception.order.settlement?.securityCardNumber == 9)
        #expect(reception.receiptKey == ticket.receiptKey)
        let delivery = try await shop.module.deliver(ticket, now: Shop.noon.after(seconds: 6))
        #expect(delivery.isFirst)
        #expect(delivery.order.state == .delivered)
        #expect(delivery.order.article == (try Shop.article()))
        #expect(try await shop.deliveries(of: ticket) == 1)
    }

    @Test func `the same result twice is answered alike and written once`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let result = try await shop.result(of: shop.page(ticket))
        let first = try await shop.module.receive(result, of: ticket.transaction, now: Shop.noon)
        let again = try await shop.module.receive(result, of: ticket.transaction, now: Shop.noon)
        #expect(first == again)
        #expect(try await shop.module.journal(of: ticket.transaction).count == 2)
    }

    @Test func `the goods can be fetched again for a day, which is no second delivery`()
        async throws
    {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let result = try await shop.result(of: shop.page(ticket))
        _ = try await shop.module.receive(result, of: ticket.transaction, now: Shop.noon)
        let first = try await shop.module.deliver(ticket)
        let day = 24 * 60 * 60
        let again = try await shop.module.deliver(ticket, now: Shop.noon.after(seconds: day))
        #expect(!again.isFirst)
        #expect(again.order == first.order)
        #expect(again.availableUntil == first.availableUntil)
        await #expect(throws: OrderFailure.downloadOver) {
            try await shop.module.deliver(ticket, now: Shop.noon.after(seconds: day + 1))
        }
        #expect(try await shop.deliveries(of: ticket) == 1)
    }

    @Test func `an unpaid order hands out nothing`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        await #expect(throws: OrderFailure.notPaid(.open)) { try await shop.module.deliver(ticket) }
        let result = try await shop.result(of: shop.page(ticket), .refused)
        _ = try await shop.module.receive(result, of: ticket.transaction, now: Shop.noon)
        await #expect(throws: OrderFailure.notPaid(.unpaid)) {
            try await shop.module.deliver(ticket)
        }
    }

    @Test func `two tabs that pay one order end with one delivery`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let result = try await shop.result(of: shop.page(ticket))
        let firsts = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    _ = try await shop.module.receive(
                        result,
                        of: ticket.transaction,
                        now: Shop.noon
                    )
                    return try await shop.module.deliver(ticket).isFirst
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(firsts == 1)
        let events = try await shop.module.journal(of: ticket.transaction).map(\.event)
        #expect(events.count == 3)
        #expect(events[1] == .settled(.sold, sealed: result))
        #expect(events[2] == .delivered)
    }

    @Test(arguments: [SaleOutcome.refused, .void])
    func `an order that ended unpaid can be paid anew with a new transaction`(
        _ outcome: SaleOutcome
    ) async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        await #expect(throws: OrderFailure.notUnpaid(.open)) {
            try await shop.module.reorder(ticket)
        }
        let refused = try await shop.result(of: shop.page(ticket), outcome)
        let answer = try await shop.module.receive(
            refused,
            of: ticket.transaction,
            now: Shop.noon
        )
        #expect(answer.order.state == .unpaid)
        await #expect(throws: OrderFailure.notOpen(.unpaid)) { try await shop.page(ticket) }

        let later = Shop.noon.after(seconds: 90)
        let anew = try await shop.module.reorder(ticket, now: later)
        #expect(anew.transaction != ticket.transaction)
        #expect(anew.receiptKey != ticket.receiptKey)
        // The second tab gets the same order, not a second one.
        #expect(try await shop.module.reorder(ticket, now: later) == anew)
        #expect(try await shop.module.find(ticket).successor == anew.transaction)
        #expect(try await shop.module.find(anew).predecessor == ticket.transaction)

        // The old result is of no use for the new order.
        await #expect(throws: OrderFailure.resultForged) {
            try await shop.module.receive(refused, of: anew.transaction, now: later)
        }
        let sold = try await shop.result(of: shop.page(anew, now: later))
        let paid = try await shop.module.receive(sold, of: anew.transaction, now: later)
        #expect(paid.order.state == .paid)
        #expect(try await shop.module.deliver(anew, now: later).isFirst)
        await #expect(throws: OrderFailure.notUnpaid(.delivered)) {
            try await shop.module.reorder(anew, now: later)
        }
    }

    @Test func `many tabs that order anew at once make one order`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let refused = try await shop.result(of: shop.page(ticket), .refused)
        _ = try await shop.module.receive(refused, of: ticket.transaction, now: Shop.noon)
        let tickets = try await withThrowingTaskGroup(of: MerchantModule.Ticket.self) { group in
            for _ in 0..<6 { group.addTask { try await shop.module.reorder(ticket) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(tickets.map(\.transaction)).count == 1)
        #expect(try await shop.store.count(MerchantRecords.order) == 2)
    }

    @Test func `a page is not shown once the order is too old to be paid`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let edge = Shop.noon.adding(PurchaseLimits.orderTime)
        _ = try await shop.page(ticket, now: edge)
        await #expect(throws: OrderFailure.tooOld) {
            try await shop.page(ticket, now: edge.after(seconds: 1))
        }
    }

    @Test func `a wrong receipt key learns nothing`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let other = try await shop.module.order(Shop.article(), now: Shop.noon)
        let result = try await shop.result(of: shop.page(ticket))
        _ = try await shop.module.receive(result, of: ticket.transaction, now: Shop.noon)
        let unknown = TransactionIdentifier(high: 1, low: 2)
        // Another's key, and an order that is not there: one refusal, whatever is asked.
        for (transaction, key) in [
            (ticket.transaction, other.receiptKey), (unknown, ticket.receiptKey),
        ] {
            await #expect(throws: OrderFailure.unknownOrder) {
                try await shop.module.find(transaction, receiptKey: key)
            }
            await #expect(throws: OrderFailure.unknownOrder) {
                try await shop.module.page(of: transaction, receiptKey: key, now: Shop.noon)
            }
            await #expect(throws: OrderFailure.unknownOrder) {
                try await shop.module.deliver(transaction, receiptKey: key, now: Shop.noon)
            }
            await #expect(throws: OrderFailure.unknownOrder) {
                try await shop.module.reorder(transaction, receiptKey: key, now: Shop.noon)
            }
        }
        #expect(try await shop.deliveries(of: ticket) == 0)
    }

    @Test func `a receipt key goes through its text and does not print`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let text = ticket.receiptKey.reveal()
        #expect(ReceiptKey(text) == ticket.receiptKey)
        #expect(ReceiptKey(text + "A") == nil)
        #expect(ReceiptKey(String(text.dropLast())) == nil)
        #expect(!"\(ticket)".contains(text) && !String(reflecting: ticket).contains(text))
    }
}
