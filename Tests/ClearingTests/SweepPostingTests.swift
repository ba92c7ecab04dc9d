// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Records
import Synchronization
import Testing
import Wire

/// What issuers say that they have swept, in the books.
@Suite struct SweepPostingTests {
    private static func notice(
        _ number: UInt64,
        _ event: SweepNotice.Event = .swept(.expired),
        _ minorUnits: UInt64 = 500,
        _ currency: Currency = .euro,
        transaction: UInt64? = nil
    ) throws -> SweepNotice {
        try #require(
            SweepNotice(
                number: number,
                transaction: TransactionIdentifier(high: 1, low: transaction ?? number),
                amount: Money(minorUnits: minorUnits, currency: currency, exponent: .cents),
                event: event
            )
        )
    }

    private func pass(_ clearing: ClearingWorld) async throws -> ClearingHouse.SweepRound {
        try await clearing.house.passSweeps { ClearingWorld.noon }
    }

    @Test func `sweeps are posted once, page by page, and returns undo them`() async throws {
        let clearing = try await ClearingWorld()
        let count = UInt64(IssuerMessage.sweepsMax) + 5
        for number in 1...count { clearing.issuer.sweep(try Self.notice(10 * number)) }
        #expect(try await pass(clearing).posted == Int(count))
        #expect(try await pass(clearing).posted == 0)
        let all = Int64(count) * 500
        #expect(try await clearing.balance(.expired(clearing.bin)) == .cents(all))
        #expect(try await clearing.balance(.pool(clearing.bin)) == .cents(-all))
        let last = 10 * count
        clearing.issuer.sweep(try Self.notice(last + 1, .givenBack(20), transaction: 20))
        #expect(try await pass(clearing).posted == 1)
        #expect(try await clearing.balance(.expired(clearing.bin)) == .cents(all - 500))
        try await clearing.expectSound()
    }

    @Test func `a sweep and its return may come together`() async throws {
        let clearing = try await ClearingWorld()
        clearing.issuer.sweep(try Self.notice(10))
        clearing.issuer.sweep(try Self.notice(11, .givenBack(10), transaction: 10))
        #expect(try await pass(clearing).posted == 2)
        #expect(try await clearing.balance(.expired(clearing.bin)) == .zero)
        try await clearing.expectSound()
    }

    @Test(arguments: 0..<4) func `a return that does not fit is on record, and moves nothing`(
        case number: Int
    ) async throws {
        let clearing = try await ClearingWorld()
        clearing.issuer.sweep(try Self.notice(10))
        clearing.issuer.sweep(try Self.notice(11, .givenBack(10), transaction: 10))
        clearing.issuer.sweep(try Self.notice(12))
        _ = try await pass(clearing)
        let wrong = [
            // Nothing was swept under this number.
            try Self.notice(13, .givenBack(9), transaction: 9),
            // Another amount.
            try Self.notice(13, .givenBack(12), 400, transaction: 12),
            // Another transaction.
            try Self.notice(13, .givenBack(12), transaction: 13),
            // A return is not given back.
            try Self.notice(13, .givenBack(11), transaction: 10),
        ]
        clearing.issuer.sweep(wrong[number])
        clearing.issuer.sweep(try Self.notice(20))
        let round = try await pass(clearing)
        #expect(round.posted == 1 && round.refused == 1 && round.waiting.isEmpty)
        #expect(try await clearing.balance(.expired(clearing.bin)) == .cents(1_000))
        let findings = try await clearing.audit().findings.map(\.description)
        #expect(findings.count == 1 && findings[0].contains("sweep 13 of issuer 999001"))
    }

    @Test func `a currency without a pool waits until there is one`() async throws {
        let clearing = try await ClearingWorld()
        clearing.issuer.sweep(try Self.notice(10, .swept(.dormant), 500, .franc))
        clearing.issuer.sweep(try Self.notice(20))
        let round = try await pass(clearing)
        #expect(round.posted == 0 && round.waiting == [clearing.bin: .unknownCurrency(.franc)])
        #expect(try await clearing.balance(.expired(clearing.bin)) == .zero)
        try await clearing.expectSound()
    }

    @Test func `an issuer whose record does not open keeps no other from being posted`()
        async throws
    {
        let clearing = try await ClearingWorld()
        let other = try #require(IssuerIdentifier("100000"))
        try await clearing.house.set(
            ClearedIssuer(other, name: "Other", payee: clearing.payee("Other"), pools: [.euro])
        )
        let key = RecordKey(RecordKind("issuer", keyBytes: 3...3), [0x10, 0x00, 0x00])
        let record = try #require(try await clearing.store.read(key))
        let write = RecordWrite.put(key, expectedRevision: record.revision, body: [1, 2, 3])
        _ = try await clearing.store.commit(Transition(writes: [write]))
        clearing.issuer.sweep(try Self.notice(10))
        let round = try await pass(clearing)
        #expect(round.posted == 1 && round.waiting.keys.contains(other))
    }

    @Test func `what was swept is the issuer's own, and makes it owe nothing`() async throws {
        let clearing = try await ClearingWorld()
        var own = try #require(try await clearing.house.acquirer(acquirer))
        own.payee = try clearing.payee("City")
        try await clearing.house.set(own)
        try await clearing.clear(try PlayedBatch(1, count: 2))
        clearing.issuer.sweep(try Self.notice(10, .swept(.expired), 5_000))
        _ = try await pass(clearing)
        let sold = try await clearing.merchantBalance()
        let pool = try #require((-sold).adding(.cents(-5_000)))
        #expect(try await clearing.balance(.pool(clearing.bin)) == pool)
        let night = ClearingWorld.noon.adding(.seconds(12 * 3_600))
        let run = try #require(try await clearing.house.settle(night))
        #expect(run.positions.map(\.amount) == [-sold])
        try await clearing.expectSound()
    }

    @Test func `an audit of a clearing house that never rests still knows what was posted`()
        async throws
    {
        let clearing = try await ClearingWorld()
        let busy = BusyStore(clearing.store)
        busy.work {
            guard let notice = try? Self.notice(busy.count) else { return }
            clearing.issuer.sweep(notice)
            _ = try? await clearing.house.passSweeps { ClearingWorld.noon }
        }
        let audit = ClearingAudit(
            store: busy,
            sealing: clearing.sealing,
            batches: ClearingWorld.keys
        )
        let report = try await audit.run {}
        #expect(report.sweeps[clearing.bin]?.isEmpty == false && report.findings.isEmpty)
    }

    @Test func `an issuer that repeats numbers that were posted gets nothing posted`()
        async throws
    {
        let clearing = try await ClearingWorld()
        clearing.issuer.sweep(try Self.notice(10))
        _ = try await pass(clearing)
        clearing.issuer.ignoresPlace()
        let round = try await pass(clearing)
        #expect(round.posted == 0 && round.waiting.count == 1)
        #expect(try await clearing.balance(.expired(clearing.bin)) == .cents(500))
        try await clearing.expectSound()
    }

    @Test func `an issuer that is away is asked again`() async throws {
        let clearing = try await ClearingWorld()
        clearing.issuer.sweep(try Self.notice(10))
        clearing.issuer.set(isAway: true)
        #expect(try await pass(clearing).silent == [clearing.bin])
        clearing.issuer.set(isAway: false)
        #expect(try await pass(clearing).posted == 1)
    }

    @Test func `a sweep without what gives it back is named`() async throws {
        let clearing = try await ClearingWorld()
        clearing.issuer.sweep(try Self.notice(10))
        clearing.issuer.sweep(try Self.notice(11, .givenBack(10), transaction: 10))
        _ = try await pass(clearing)
        let kind = RecordKind("sweep", keyBytes: 11...11)
        let record = try #require(
            try await clearing.store.list(kind, after: nil, limit: 1, order: .descending).first
        )
        let write = RecordWrite.delete(record.key, expectedRevision: record.revision)
        _ = try await clearing.store.commit(Transition(writes: [write]))
        let findings = try await clearing.audit().findings.map(\.description)
        #expect(findings.contains { $0.contains("sweep 10 of issuer 999001: what gives it back") })
    }

    @Test func `expired value without its sweep is named`() async throws {
        let clearing = try await ClearingWorld()
        clearing.issuer.sweep(try Self.notice(10))
        _ = try await pass(clearing)
        let kind = RecordKind("sweep", keyBytes: 11...11)
        let record = try #require(
            try await clearing.store.list(kind, after: nil, limit: 1, order: .ascending).first
        )
        let write = RecordWrite.delete(record.key, expectedRevision: record.revision)
        _ = try await clearing.store.commit(Transition(writes: [write]))
        let findings = try await clearing.audit().findings.map(\.description)
        #expect(findings.contains { $0.contains("expired value of 999001") })
    }
}

/// A store in which something is done whenever payouts are listed.
private final class BusyStore: RecordStoreLayer {
    let inner: any RecordStore
    private let event = Mutex<(@Sendable () async -> Void)?>(nil)
    private let times = Mutex<UInt64>(0)

    init(_ inner: any RecordStore) {
        self.inner = inner
    }

    func work(_ event: @escaping @Sendable () async -> Void) {
        self.event.withLock { $0 = event }
    }

    /// How often, with this time.
    var count: UInt64 { times.withLock { $0 } }

    func list(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int,
        order: RecordOrder
    ) async throws(StoreFailure) -> [Record] {
        if kind == RecordKind("payout", keyBytes: 8...8), let event = event.withLock({ $0 }) {
            times.withLock { $0 += 1 }
            await event()
        }
        return try await inner.list(kind, after: cursor, limit: limit, order: order)
    }
}
