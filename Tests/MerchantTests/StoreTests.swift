// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import Records
import SecurityModule
import Testing
import Wire

/// What the store does to an order: conflicts, lost answers, restarts, changed records.
@Suite struct StoreTests {
    @Test func `a conflict is decided again`() async throws {
        let shop = try Shop()
        let few = MerchantLimits.attemptsMax - 1
        let ticket = try await shop.module(on: TroubledStore(shop.store, conflicts: few))
            .order(Shop.article(), now: Shop.noon)
        let result = try await shop.result(of: shop.page(ticket))
        let paid = try await shop.module(on: TroubledStore(shop.store, conflicts: few))
            .receive(result, of: ticket.transaction, now: Shop.noon)
        #expect(paid.order.state == .paid)
        let delivery = try await shop.module(on: TroubledStore(shop.store, conflicts: few))
            .deliver(ticket)
        #expect(delivery.isFirst)
        #expect(try await shop.deliveries(of: ticket) == 1)
    }

    @Test func `conflicts without end are given back as busy`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let result = try await shop.result(of: shop.page(ticket))
        let module = shop.module(on: TroubledStore(shop.store, conflicts: .max))
        await #expect(throws: OrderFailure.busy) {
            try await module.receive(result, of: ticket.transaction, now: Shop.noon)
        }
        await #expect(throws: OrderFailure.busy) {
            try await module.order(Shop.article(), now: Shop.noon)
        }
        #expect(try await shop.module.find(ticket).state == .open)
        #expect(OrderFailure.busy.isTransient && !OrderFailure.resultForged.isTransient)
    }

    @Test func `a delivery whose commit was not answered is found again`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let result = try await shop.result(of: shop.page(ticket))
        _ = try await shop.module.receive(result, of: ticket.transaction, now: Shop.noon)
        let module = shop.module(on: TroubledStore(shop.store, lostAnswers: 1))
        await #expect(throws: OrderFailure.store(.unavailable("the answer was lost"))) {
            try await module.deliver(ticket)
        }
        #expect(try await !module.deliver(ticket).isFirst)
        #expect(try await shop.deliveries(of: ticket) == 1)
    }

    @Test func `a new module on the same store continues at each step`() async throws {
        let shop = try Shop()
        let before = shop.module
        let ticket = try await before.order(Shop.article(), now: Shop.noon)
        let page = try await before.page(
            of: ticket.transaction,
            receiptKey: ticket.receiptKey,
            now: Shop.noon
        )
        // `shop.module` is another one each time.
        #expect(try await shop.page(ticket) == page)
        let result = try await shop.result(of: page)
        _ = try await shop.module.receive(result, of: ticket.transaction, now: Shop.noon)
        #expect(try await shop.module.find(ticket).state == .paid)
        _ = try await shop.module.deliver(ticket)
        #expect(try await shop.module.find(ticket).deliveredAt == Shop.noon)
    }

    @Test func `a record that was changed stops its order and nothing else`() async throws {
        let shop = try Shop()
        let changed = try await shop.module.order(Shop.article(), now: Shop.noon)
        let whole = try await shop.module.order(Shop.article(), now: Shop.noon.after(seconds: 1))
        let key = RecordKey(MerchantRecords.order, changed.transaction.bytes)
        let other = try #require(
            try await shop.store.read(RecordKey(MerchantRecords.order, whole.transaction.bytes))
        )
        // The body of another order, at the revision that it had there.
        _ = try await shop.store.commit(
            Transition(writes: [.delete(key, expectedRevision: 1)])
        )
        _ = try await shop.store.commit(
            Transition(writes: [
                .put(key, expectedRevision: 0, body: other.body, isOpen: true)
            ])
        )
        await #expect(throws: OrderFailure.damaged) { try await shop.module.find(changed) }
        let late = Shop.noon.after(seconds: 90)
        let round = try await shop.module.settleOpen(now: late)
        #expect(round.failed == [changed.transaction: .damaged])
        #expect(round.stillOpen == 1)
        let lines = try await shop.module.orders(limit: 10)
        #expect(lines.map(\.transaction) == [whole.transaction, changed.transaction])
        #expect(lines.map { $0.order?.state } == [.open, nil])
    }

    @Test func `the console lists orders newest first, page by page`() async throws {
        let shop = try Shop()
        var made: [TransactionIdentifier] = []
        for second in 0..<7 {
            let now = Shop.noon.after(seconds: second)
            made.append(try await shop.module.order(Shop.article(), now: now).transaction)
        }
        var seen: [TransactionIdentifier] = []
        while true {
            let page = try await shop.module.orders(before: seen.last, limit: 3)
            if page.isEmpty { break }
            seen += page.map(\.transaction)
        }
        #expect(seen == made.reversed())
    }

    @Test func `rows and record of an order are one chain`() async throws {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let result = try await shop.result(of: shop.page(ticket))
        _ = try await shop.module.receive(result, of: ticket.transaction, now: Shop.noon)
        _ = try await shop.module.deliver(ticket)
        let stream = ticket.transaction.bytes
        var previous = [UInt8](repeating: 0, count: RecordLimits.hashBytes)
        for row in try await shop.store.history(stream, after: 0, limit: 10) {
            let expected = try await shop.recordSealer.chain(
                row.body,
                stream: stream,
                number: row.number,
                previous: previous
            )
            #expect(row.hash == expected.hash)
            previous = row.hash
        }
        let rows = try await shop.store.history(stream, after: 0, limit: 10)
        #expect(rows.map(\.number) == [1, 2, 3])
    }

    @Test func `no session key is in clear in the store, and none stays after the end`()
        async throws
    {
        let shop = try Shop()
        let ticket = try await shop.module.order(Shop.article(), now: Shop.noon)
        let page = try await shop.page(ticket)
        let text = page.sessionKey.reveal()
        let sessionKey = try #require(Base64URL.decode(text))
        let receiptKey = try #require(Base64URL.decode(ticket.receiptKey.reveal()))
        let open = try await record(of: ticket, in: shop)
        let rows = try await shop.store.history(ticket.transaction.bytes, after: 0, limit: 10)
        for bytes in [open.body, open.reply] + rows.map(\.body) {
            for secret in [sessionKey, receiptKey, Array(text.utf8)] {
                #expect(!bytes.contains(secret))
            }
        }
        #expect(try await opened(open, in: shop).contains(Array(text.utf8)))

        let result = try await shop.result(of: page)
        _ = try await shop.module.receive(result, of: ticket.transaction, now: Shop.noon)
        let paid = try await opened(record(of: ticket, in: shop), in: shop)
        #expect(!paid.contains(Array(text.utf8)) && !paid.contains(sessionKey))
    }

    private func record(of ticket: MerchantModule.Ticket, in shop: Shop) async throws -> Record {
        let key = RecordKey(MerchantRecords.order, ticket.transaction.bytes)
        return try #require(try await shop.store.read(key))
    }

    private func opened(_ record: Record, in shop: Shop) async throws -> [UInt8] {
        try await shop.recordSealer.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
    }
}
