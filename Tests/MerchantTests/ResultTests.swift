// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import Records
import Testing
import Wire

/// What must not pay an order.
@Suite struct ResultTests {
    /// The record of an order as stored, to see that nothing changed.
    private func stored(
        _ shop: Shop,
        _ transaction: TransactionIdentifier
    ) async throws -> Record? {
        try await shop.store.read(RecordKey(MerchantRecords.order, transaction.bytes))
    }

    @Test func `a result for another order changes nothing`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let other = try await shop.module.order(Shop.article(), now: Shop.noon)
        let before = try await stored(shop, ticket.transaction)
        let result = try await shop.result(of: shop.page(other))
        await #expect(throws: OrderFailure.resultForged) {
            try await shop.module.receive(result, of: ticket.transaction, now: Shop.noon)
        }
        #expect(try await stored(shop, ticket.transaction) == before)
        #expect(try await shop.module.find(other).state == .open)
    }

    @Test(arguments: [
        Money(minorUnits: 149, currency: .euro, exponent: .cents),
        Money(minorUnits: 150, currency: .dollar, exponent: .cents),
        Money(minorUnits: 150, currency: .euro, exponent: .micros),
    ])
    func `a result for another amount, currency or exponent changes nothing`(
        _ amount: Money
    ) async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let before = try await stored(shop, ticket.transaction)
        let result = try await shop.result(of: shop.page(ticket), amount: amount)
        await #expect(throws: OrderFailure.resultMismatch) {
            try await shop.module.receive(result, of: ticket.transaction, now: Shop.noon)
        }
        #expect(try await stored(shop, ticket.transaction) == before)
    }

    @Test func `a result with any byte changed, cut or added changes nothing`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let before = try await stored(shop, ticket.transaction)
        let result = try await shop.result(of: shop.page(ticket))
        var wrong: [[UInt8]] = [
            [], Array(result.dropLast()), result + [0x41], result + result,
            Array(repeating: 0x41, count: PartyMessage.sealedBytesMax + 1),
        ]
        for position in result.indices {
            var changed = result
            changed[position] ^= 1
            wrong.append(changed)
        }
        for bytes in wrong {
            await #expect(throws: OrderFailure.resultForged) {
                try await shop.module.receive(bytes, of: ticket.transaction, now: Shop.noon)
            }
        }
        #expect(try await stored(shop, ticket.transaction) == before)
    }

    @Test func `a result for an order that is not there is refused`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let result = try await shop.result(of: shop.page(ticket))
        await #expect(throws: OrderFailure.unknownOrder) {
            try await shop.module.receive(
                result,
                of: TransactionIdentifier(high: 1, low: 2),
                now: Shop.noon
            )
        }
    }

    @Test func `a second result that says something else does not move an ended order`()
        async throws
    {
        let shop = try Shop()
        let paid = try await shop.module.order(Shop.article(), now: Shop.noon)
        let page = try await shop.page(paid)
        let sold = try await shop.result(of: page)
        let void = try await shop.result(of: page, .void)
        let otherNumber = try await shop.result(of: page, number: 10)
        _ = try await shop.module.receive(sold, of: paid.transaction, now: Shop.noon)
        for contradiction in [void, otherNumber] {
            await #expect(throws: OrderFailure.resultContradicts) {
                try await shop.module.receive(contradiction, of: paid.transaction, now: Shop.noon)
            }
        }
        #expect(try await shop.module.find(paid).state == .paid)

        let unpaid = try await shop.module.order(Shop.article(), now: Shop.noon)
        let unpaidPage = try await shop.page(unpaid)
        let refused = try await shop.result(of: unpaidPage, .refused)
        let soldLater = try await shop.result(of: unpaidPage)
        let first = try await shop.module.receive(
            refused,
            of: unpaid.transaction,
            now: Shop.noon
        )
        await #expect(throws: OrderFailure.resultContradicts) {
            try await shop.module.receive(soldLater, of: unpaid.transaction, now: Shop.noon)
        }
        // The result that ended it is still answered, also after the order was made anew.
        _ = try await shop.module.reorder(unpaid)
        let again = try await shop.module.receive(
            refused,
            of: unpaid.transaction,
            now: Shop.noon
        )
        #expect(again.order.settlement == first.order.settlement)
    }
}
