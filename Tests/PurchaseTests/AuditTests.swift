// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// What each party's audit says after somebody has changed its database.
@Suite struct AuditTests {
    private func buy(in world: World) async throws -> TransactionIdentifier {
        let (ticket, page) = try await world.offer()
        let receipt = try #require(await world.pay(page).receipt)
        _ = try await world.fetch(receipt.resultForMerchant, ticket)
        return ticket.transaction
    }

    private func problems(in world: World) async throws -> [String] {
        var found = try await world.orderAudit().run {}.findings
        found += try await world.saleAudit.run {}.findings
        found += try await world.cardAuditor.run {}.findings
        return found.map(\.description)
    }

    /// The first record of a kind.
    private func first(_ kind: RecordKind, in store: any RecordStore) async throws -> Record {
        let page = try await store.list(kind, after: nil, limit: 1, order: .ascending)
        return try #require(page.first)
    }

    private func delete(_ key: RecordKey, in store: any RecordStore) async throws {
        let present = try #require(try await store.read(key))
        let delete = RecordWrite.delete(key, expectedRevision: present.revision)
        #expect(try await store.commit(Transition(writes: [delete])) == .committed)
    }

    /// Puts a record back to its first revision.
    private func rollBack(_ record: Record, in store: any RecordStore) async throws {
        #expect(record.revision == 1)
        try await delete(record.key, in: store)
        let put = RecordWrite.put(
            record.key,
            expectedRevision: 0,
            body: record.body,
            reply: record.reply,
            isOpen: record.isOpen
        )
        #expect(try await store.commit(Transition(writes: [put])) == .committed)
    }

    @Test func `nothing is found where all is well`() async throws {
        let world = try await World()
        let transaction = try await buy(in: world)
        #expect(try await problems(in: world) == [])
        #expect(try await world.saleAudit.state(of: transaction) == .sold)
        #expect(try await world.orderAudit().hasOrder(transaction))
    }

    @Test func `nothing is found beside purchases that go on`() async throws {
        let world = try await World()
        async let bought: Void = {
            for _ in 0..<20 { _ = try await buy(in: world) }
        }()
        for _ in 0..<10 { #expect(try await problems(in: world) == []) }
        try await bought
        #expect(try await problems(in: world) == [])
    }

    @Test func `a card that is put back to an older record is named and blocked`() async throws {
        let world = try await World()
        let store = world.opalStore.inner
        let card = world.cards[0]
        let before = try #require(try await store.read(Emulator.key(card)))
        _ = try await buy(in: world)
        try await rollBack(before, in: store)
        let place = CardAuditor.cardPlace(card.bytes)
        let finding = "\(place): history row 2 is behind the last one of its record"
        #expect(try await problems(in: world) == [finding])
        #expect(try await world.cardAuditor.watch(world.desk).map(\.description) == [finding])
        let (_, page) = try await world.offer()
        #expect(await world.pay(page) == .refused(.cardBlocked))
        #expect(await world.pay(page, with: 1).isPaid, "the other card goes on")
    }

    @Test func `a sale that is put back to an older record is named`() async throws {
        let world = try await World()
        let store = world.paymentStore.inner
        let (_, page) = try await world.offer()
        let seen = Seen()
        world.link.plan.script(
            .alterRequest { bytes in
                await seen.note(
                    try? await store.list(
                        SaleRecord.kind,
                        after: nil,
                        limit: 1,
                        order: .ascending
                    ).first
                )
                return bytes
            },
            at: 2
        )
        #expect(await world.pay(page).isPaid)
        try await rollBack(try #require(await seen.record), in: store)
        let sale = Hex.text(page.terms.transaction.bytes)
        let findings = try await world.saleAudit.run {}.findings.map(\.description)
        #expect(
            findings.contains(
                "payment server, sale \(sale), journal row 3: is behind the last one of its record"
            )
        )
    }

    @Test func `a security card that is put back to an older memory is named`() async throws {
        var plan = WorldPlan()
        plan.terminals = 1
        let world = try await World(plan)
        let store = world.paymentStore.inner
        let before = try await first(Terminal.memoryKind, in: store)
        _ = try await buy(in: world)
        try await rollBack(before, in: store)
        #expect(
            try await problems(in: world) == [
                "security card \(Hex.text(before.key.bytes)): its memory is older than its sales"
            ]
        )
    }

    @Test func `an order that is put back to an older record is named`() async throws {
        let world = try await World()
        let store = world.shops[0].store.inner
        let (ticket, page) = try await world.offer()
        let before = try await first(MerchantRecords.order, in: store)
        let receipt = try #require(await world.pay(page).receipt)
        _ = try await world.fetch(receipt.resultForMerchant, ticket)
        try await rollBack(before, in: store)
        let order = Hex.text(ticket.transaction.bytes)
        #expect(
            try await problems(in: world) == [
                "merchant, order \(order), journal row 2: is behind the last one of its record"
            ]
        )
    }

    @Test func `a sale or an order that is deleted is not there any more`() async throws {
        let world = try await World()
        let transaction = try await buy(in: world)
        try await delete(SaleRecord.key(transaction), in: world.paymentStore.inner)
        #expect(try await world.saleAudit.state(of: transaction) == nil)
        let found = try await world.saleAudit.run {}.findings.map(\.description)
        #expect(found.contains { $0.contains("counted 1 sales") })
        let order = RecordKey(MerchantRecords.order, transaction.bytes)
        try await delete(order, in: world.shops[0].store.inner)
        #expect(try await !world.orderAudit().hasOrder(transaction))
    }
}

/// A record as it was for a moment.
private actor Seen {
    private(set) var record: Record?

    func note(_ record: Record?) {
        self.record = record
    }
}
