// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Records
import Simulation
import Testing
import Wire

@Suite struct AuditTests {
    private let world: LoyaltyWorld
    private let member: Membership
    private let other: Membership
    private let now = LoyaltyWorld.now

    /// Every kind of record, and every row.
    init() async throws {
        world = try LoyaltyWorld()
        try await world.found()
        member = try await world.enrol()
        other = try await world.enrol(2, in: world.inDatabase)
        let module = world.module
        try await world.apply(
            ["R-1,\(member.number.text),100,2026-03-01", "bad"],
            to: world.onCards.code
        )
        try await world.earn(8, for: other, file: 2)
        for (number, state) in [(1, .sold), (2, .recovered)] as [(UInt64, PurchaseNotice.State)] {
            try await module.note(world.notice(number, member, .debited), now: now)
            try await module.note(world.notice(number, member, state), now: now)
        }
        try await world.enterNumbers()
        _ = try await module.makePostings(now: now)
        _ = try await module.sendPostings(now: now)
        _ = try await module.debit(300, of: other, for: LoyaltyWorld.transaction(3), now: now)
    }

    @Test func `nothing is found, and each programme is conserved`() async throws {
        let report = try await world.audit()
        #expect(report.findings == [])
        let cards = report.programmes[world.onCards.code]
        #expect(cards?.earned == 498 && cards?.pending == 199 && cards?.undone == 199)
        #expect(cards?.posted == 100 && cards?.isConserved == true && cards?.members == 1)
        let database = report.programmes[world.inDatabase.code]
        #expect(database?.earned == 800 && database?.redeemed == 300 && database?.here == 500)
        #expect(report.posted.values.map(\.amount.minorUnits) == [100] && report.inPostings.isEmpty)
    }

    @Test func `a changed body of any kind is found`() async throws {
        for kind in LoyaltyRecords.schema.kinds {
            let record = try await world.store.list(kind, after: nil, limit: 1, order: .ascending)
                .first
            let first = try #require(record, "\(kind.name)")
            var body = first.body
            body[body.count / 2] ^= 1
            try await replace(first, body: body)
            let findings = try await world.findings()
            #expect(findings.contains { $0.hasSuffix("does not open") }, "\(kind.name)")
            let changed = try #require(try await world.store.read(first.key))
            // Sealed for another revision, the old body does not open either.
            try await replace(changed, body: first.body)
            #expect(try await !world.findings().isEmpty, "\(kind.name)")
            try await reset(first)
        }
    }

    private func replace(_ record: Record, body: [UInt8]) async throws {
        let write = RecordWrite.put(
            record.key,
            expectedRevision: record.revision,
            body: body,
            isOpen: record.isOpen
        )
        #expect(try await world.store.inner.commit(Transition(writes: [write])) == .committed)
    }

    /// Puts a record back at its revision.
    private func reset(_ record: Record) async throws {
        let stored = try #require(try await world.store.read(record.key))
        let delete = RecordWrite.delete(record.key, expectedRevision: stored.revision)
        #expect(try await world.store.inner.commit(Transition(writes: [delete])) == .committed)
        for revision in 0..<record.revision {
            let write = RecordWrite.put(
                record.key,
                expectedRevision: revision,
                body: record.body,
                isOpen: record.isOpen
            )
            #expect(try await world.store.inner.commit(Transition(writes: [write])) == .committed)
        }
        #expect(try await world.findings() == [])
    }

    @Test func `a record that is taken away is missed`() async throws {
        for kind in [
            LoyaltyRecords.member, LoyaltyRecords.earn, LoyaltyRecords.purchase,
            LoyaltyRecords.posting, LoyaltyRecords.redemption, LoyaltyRecords.maturity,
        ] {
            let record = try await world.store.list(kind, after: nil, limit: 1, order: .ascending)
                .first
            let first = try #require(record)
            let delete = RecordWrite.delete(first.key, expectedRevision: first.revision)
            #expect(try await world.store.inner.commit(Transition(writes: [delete])) == .committed)
            #expect(try await !world.findings().isEmpty, "\(kind.name)")
            for revision in 0..<first.revision {
                let write = RecordWrite.put(
                    first.key,
                    expectedRevision: revision,
                    body: first.body,
                    isOpen: first.isOpen
                )
                _ = try await world.store.inner.commit(Transition(writes: [write]))
            }
            #expect(try await world.findings() == [], "\(kind.name)")
        }
    }

    @Test func `a row behind the last one is found`() async throws {
        let last = try await world.module.member(member).lastRow
        let row = HistoryRow(
            stream: member.stream,
            number: last + 1,
            hash: [UInt8](repeating: 0, count: 32),
            body: []
        )
        _ = try await world.store.inner.commit(Transition(writes: [], history: [row]))
        #expect(try await world.findings().count == 1)
    }

    @Test func `no finding names a whole member number`() async throws {
        let record = try #require(
            try await world.store.read(RecordKey(LoyaltyRecords.member, member.bytes))
        )
        try await replace(record, body: record.body)
        for finding in try await world.findings() {
            #expect(!finding.contains(member.number.text))
        }
    }
}

extension Membership {
    fileprivate var bytes: [UInt8] {
        [UInt8(truncatingIfNeeded: programme.bcd >> 8), UInt8(truncatingIfNeeded: programme.bcd)]
            + number.bytes
    }
}
