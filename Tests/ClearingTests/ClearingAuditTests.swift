// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Records
import Simulation
import Testing
import Wire

/// Who can write to the database changes nothing without being seen.
@Suite struct ClearingAuditTests {
    private let night = Instant(milliseconds: 1_795_912_200_000)

    /// A world with something of everything.
    private func world(_ store: MemoryStore) async throws -> ClearingWorld {
        let fee = try #require(FeeRule(rate: 12_345, minimum: .zero, perBatch: .cents(1)))
        let world = try await ClearingWorld(store: store, fee: fee)
        world.issuer.say(.forged, of: 3)
        try await world.clear(
            try PlayedBatch(1, count: 9) { if $0.transaction == 5 { $0.merchant = "NEW" } }
        )
        _ = try await world.house.settle(night)
        var shop = try world.merchant("SHOP")
        shop.isCleared = false
        try await world.house.set(shop)
        _ = try await world.house.passBlocks()
        return world
    }

    @Test func `books that nobody has touched are sound, and all is counted`() async throws {
        let world = try await world(MemoryStore())
        try await world.expectSound()
        let report = try await world.audit()
        let books = try #require(report.books[.euro])
        #expect(books.pools == .cents(-8 * 150))
        #expect(books.suspense == .cents(150))
        #expect(books.inTransit > .zero && books.sum == .zero)
        #expect(report.whole.count == 1)
    }

    @Test(arguments: ClearingRecords.schema.kinds.map(\.name))
    func `a record of any kind that was altered is found`(_ name: String) async throws {
        let store = MemoryStore()
        let world = try await world(store)
        let kind = try #require(ClearingRecords.schema.kinds.first { $0.name == name })
        let record = try await store.list(kind, after: nil, limit: 1, order: .ascending).first
        guard let record else { return }
        var body = record.body
        body[body.count / 2] ^= 1
        let write = RecordWrite.put(
            record.key,
            expectedRevision: record.revision,
            body: body,
            isOpen: record.isOpen
        )
        #expect(try await store.commit(Transition(writes: [write])) == .committed)
        let findings = try await world.audit().findings
        #expect(!findings.isEmpty, "\(name)")
    }

    @Test func `a payout, a sale or a sale in suspense that was removed is missed`() async throws {
        for kind in [
            ClearingRecords.payout, ClearingRecords.sale, ClearingRecords.suspended,
            ClearingRecords.outcomes,
        ] {
            let store = MemoryStore()
            let world = try await world(store)
            let page = try await store.list(kind, after: nil, limit: 1, order: .ascending)
            let record = try #require(page.first)
            let write = RecordWrite.delete(record.key, expectedRevision: record.revision)
            #expect(try await store.commit(Transition(writes: [write])) == .committed)
            #expect(try await !world.audit().findings.isEmpty, "\(kind.name)")
        }
    }
}
