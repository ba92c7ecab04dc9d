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

        /// Who is not paid.
        func waits(_ world: ClearingWorld) throws -> LedgerAccount {
            switch self {
            case .account, .merchant:
                LedgerAccount(.merchant(try world.identifier("SHOP")), .euro)
            case .acquirer, .issuer, .acquirerAccount:
                LedgerAccount(.acquirer(ClearingTests.acquirer), .euro)
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
        #expect(run.waiting.map(\.account) == [try damage.waits(world)])
        #expect(run.waiting.map(\.place) == run.leftOut)
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

    /// The issuer pays into its pool.
    private func payIn(_ units: UInt64, _ world: ClearingWorld) async throws {
        let digest = [UInt8](repeating: 7, count: 32)
        _ = try await world.house.begin(
            BankStatementRecord(
                digest: digest,
                name: "2026/1",
                currency: .euro,
                opening: .zero,
                closing: .zero,
                lines: 1,
                begunAt: night
            )
        )
        let line = BankStatementLine(
            reference: world.bin.payInReference,
            bankReference: "1",
            amount: Money(minorUnits: units, currency: .euro, exponent: .cents),
            isCredit: true
        )
        _ = try await world.house.apply([line], of: digest, from: 0, now: night)
    }

    /// What the issuer owes, and what of the 60 of the acquirer waits for that.
    @Test(arguments: [(0, 0), (10, 10), (60, 60), (600, 60)])
    func `what an acquirer is owed waits as far as an issuer owes whose record does not open`(
        _ owed: UInt64,
        waits: UInt64
    ) async throws {
        let store = MemoryStore()
        let world = try await world(store)
        if owed < 600 { try await payIn(600 - owed, world) }
        let key: [UInt8] = [0x99, 0x90, 0x01]
        try await alter(ClearingRecords.issuer, key, in: store)
        let run = try #require(try await world.house.settle(night))
        #expect(run.totals.map(\.sum) == [600 - waits])
        #expect(run.leftOut == ["issuer 999001"])
        let account = LedgerAccount(.acquirer(acquirer), .euro)
        #expect(run.waiting.map(\.account) == (waits == 0 ? [] : [account]))
        #expect(run.waiting.allSatisfy { $0.amount == .cents(Int64(waits)) })
        #expect(run.waiting.allSatisfy { $0.place == "issuer 999001" })
        #expect(try await world.balance(account.owner) == .cents(Int64(waits)))
        try await alter(ClearingRecords.issuer, key, in: store)
        try await world.expectSound()
        let next = try #require(try await world.house.settle(night.adding(Self.day)))
        #expect(next.totals.map(\.sum) == (waits == 0 ? [] : [waits]))
        try await world.expectSound()
    }

    @Test(arguments: ["SHOP", "CAFE"])
    func `the statement of an account is its own, whatever that of its neighbour is`(
        _ seller: String
    ) async throws {
        let store = MemoryStore()
        let world = try await ClearingWorld(store: store)
        try await world.clear(try PlayedBatch(1, count: 1) { $0.merchant = "CAFE" })
        let first = try #require(try await world.house.settle(night))
        let cafe = LedgerAccount(.merchant(try world.identifier("CAFE")), .euro)
        let key = cafe.key + first.day.number.bigEndianBytes
        try await alter(ClearingRecords.accountDay, key, in: store)
        try await world.clear(try PlayedBatch(2, count: 1, from: 20) { $0.merchant = seller })
        let next = try #require(try await world.house.settle(night.adding(Self.day)))
        // A payment does not wait for a statement, either.
        #expect(next.totals.map(\.sum) == [150])
        let days = try await world.house.accountDays(of: next.day, after: nil, limit: 100).days
        let own = LedgerAccount(.merchant(try world.identifier(seller)), .euro)
        #expect(days.contains { $0.account == own } == (seller == "SHOP"))
        try await alter(ClearingRecords.accountDay, key, in: store)
        try await world.expectSound()
    }

    @Test func `an acquirer that is an issuer waits while that one's pool does not open`()
        async throws
    {
        let store = MemoryStore()
        let world = try await world(store)
        var own = try #require(try await world.house.acquirer(acquirer))
        own.payee = try world.payee("City")
        try await world.house.set(own)
        let key = LedgerAccount(.pool(world.bin), .euro).key
        try await alter(ClearingRecords.account, key, in: store)
        let run = try #require(try await world.house.settle(night))
        #expect(run.totals.map(\.sum) == [540])
        let account = LedgerAccount(.acquirer(acquirer), .euro)
        #expect(run.waiting.map(\.account) == [account])
        #expect(run.waiting.map(\.place) == ["account \(Hex.text(key))"])
        #expect(run.waiting.map(\.amount) == [nil])
        try await alter(ClearingRecords.account, key, in: store)
        // What it has goes against what it owes, as it does where all opens.
        let next = try #require(try await world.house.settle(night.adding(Self.day)))
        #expect(next.totals.isEmpty && next.waiting.isEmpty)
        #expect(next.positions.map(\.amount) == [.cents(-540)])
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
