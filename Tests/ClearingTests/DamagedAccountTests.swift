// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// A record that somebody has changed keeps nobody else from being paid.
@Suite struct DamagedAccountTests {
    private let night = Instant(milliseconds: 1_795_912_200_000)
    private static let day = Duration.seconds(24 * 3600)

    /// Changes a byte of a record; the same again changes it back.
    private func alter(
        _ kind: RecordKind,
        _ key: [UInt8],
        in store: any RecordStore,
        _ place: SourceLocation = #_sourceLocation
    ) async throws {
        let record = try #require(
            try await store.read(RecordKey(kind, key)),
            sourceLocation: place
        )
        var body = record.body
        body[body.count / 2] ^= 1
        try await put(record, body, in: store)
    }

    /// Puts bytes over a record as somebody does who writes to the database: its revision stays.
    private func put(_ record: Record, _ body: [UInt8], in store: any RecordStore) async throws {
        // The store counts revisions by itself: it is made anew, and counted up again.
        let delete = RecordWrite.delete(record.key, expectedRevision: record.revision)
        #expect(try await store.commit(Transition(writes: [delete])) == .committed)
        for revision in 0..<record.revision {
            let write = RecordWrite.put(
                record.key,
                expectedRevision: revision,
                body: body,
                isOpen: record.isOpen
            )
            #expect(try await store.commit(Transition(writes: [write])) == .committed)
        }
    }

    private func world(_ store: MemoryStore) async throws -> ClearingWorld {
        let fee = try #require(FeeRule(rate: 100_000, minimum: .zero, perBatch: .zero))
        let world = try await ClearingWorld(store: store, fee: fee)
        try await world.clear(
            try PlayedBatch(1, count: 4) { if $0.transaction == 4 { $0.merchant = "CAFE" } }
        )
        return world
    }

    private enum Damage: CaseIterable {
        case account, merchant, acquirer, issuer, acquirerAccount

        func key(_ world: ClearingWorld) throws -> (RecordKind, [UInt8]) {
            switch self {
            case .account:
                let owner = LedgerAccount.Owner.merchant(try world.identifier("SHOP"))
                return (ClearingRecords.account, LedgerAccount(owner, .euro).key)
            case .merchant: return (ClearingRecords.merchant, try world.identifier("SHOP").bytes)
            case .acquirer: return (ClearingRecords.acquirer, ClearingTests.acquirer.bigEndianBytes)
            case .issuer: return (ClearingRecords.issuer, [0x99, 0x90, 0x01])
            case .acquirerAccount:
                return (
                    ClearingRecords.account,
                    LedgerAccount(.acquirer(ClearingTests.acquirer), .euro).key
                )
            }
        }

        /// What is paid though the record does not open: SHOP, CAFE and the acquirer are owed 405,
        /// 135 and 60.
        var paid: UInt64 {
            switch self {
            case .account, .merchant: 135 + 60
            case .acquirer, .issuer, .acquirerAccount: 405 + 135
            }
        }
    }

    @Test(arguments: Damage.allCases)
    private func `who does not open is left out and named, and paid when restored`(
        _ damage: Damage
    ) async throws {
        let store = MemoryStore()
        let world = try await world(store)
        let (kind, key) = try damage.key(world)
        try await alter(kind, key, in: store)
        let run = try #require(try await world.house.settle(night))
        #expect(run.endedAt != nil && run.totals.map(\.sum) == [damage.paid])
        #expect(run.leftOut == ["\(kind.name) \(Hex.text(key))"])
        #expect(try await world.house.run(run.day) == run)
        try await alter(kind, key, in: store)
        let next = try #require(try await world.house.settle(night.adding(Self.day)))
        #expect(next.totals.map(\.sum) == [600 - damage.paid] && next.leftOut.isEmpty)
        try await world.expectSound()
    }

    @Test func `a pool that does not open is named, and all are paid`() async throws {
        let store = MemoryStore()
        let world = try await world(store)
        let key = LedgerAccount(.pool(world.bin), .euro).key
        try await alter(ClearingRecords.account, key, in: store)
        let run = try #require(try await world.house.settle(night))
        #expect(run.totals.map(\.sum) == [600] && run.positions.isEmpty)
        #expect(run.leftOut == ["account \(Hex.text(key))"])
        try await alter(ClearingRecords.account, key, in: store)
        try await world.expectSound()
    }

    @Test func `nobody is paid while the account of payouts in transit does not open`()
        async throws
    {
        let store = MemoryStore()
        let world = try await world(store)
        _ = try await world.house.settle(night)
        try await world.clear(try PlayedBatch(2, count: 1, from: 20))
        let key = LedgerAccount(.inTransit, .euro).key
        try await alter(ClearingRecords.account, key, in: store)
        let tomorrow = night.adding(Self.day)
        await #expect(throws: ClearingFailure.damaged("account \(Hex.text(key))")) {
            try await world.house.settle(tomorrow)
        }
        try await alter(ClearingRecords.account, key, in: store)
        #expect(try await world.house.settle(tomorrow)?.totals.map(\.sum) == [150])
        try await world.expectSound()
    }
}
