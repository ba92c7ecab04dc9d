// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import OPALServer
import Records
import SecurityModule
import Synchronization
import Testing
import Wire

@testable import Simulation

/// Value that nobody uses, from the card to the issuer's account of expired value, and back.
@Suite struct SweepTests {
    /// A month without use makes value dormant, and an expired card has two to be renewed.
    private static func world(
        dormant: DormancyRule.Consequence = .moved,
        expired: DormancyRule.Consequence = .moved
    ) async throws -> RefundWorld {
        let world = try await RefundWorld()
        let rule = DormancyRule(
            months: 1,
            monthsExpired: 2,
            dormant: dormant,
            expired: expired
        )
        try await world.reporter.set(try #require(rule), of: world.world.issuer.identifier)
        return world
    }

    private static func days(_ count: Int64) -> Duration { .seconds(count * 86_400) }

    @Test func `what nobody uses leaves its card and stands as expired value, once`()
        async throws
    {
        let sweeps = try await Self.world()
        let sale = try await sweeps.buyAndClear()
        sweeps.world.clock.advance(by: Self.days(20))
        #expect(try await sweeps.sweep().swept.isEmpty)
        sweeps.world.clock.advance(by: Self.days(20))
        let due = try await sweeps.sweep(isTrial: true)
        #expect(due.swept.values.map(\.cards) == [2] && due.left.isEmpty)
        #expect(try await sweeps.balance() == 9_850)
        #expect(try await sweeps.sweep() == due)
        #expect(try await sweeps.balance() == 0)
        #expect(try await sweeps.balance(1) == 0)
        #expect(try await sweeps.sweep().swept.isEmpty)
        for _ in 0..<2 {
            try await sweeps.house.passSweeps { sweeps.world.now }
            #expect(try await sweeps.expiredBalance() == .cents(19_850))
            // The sale of 1.50 was taken before.
            #expect(try await sweeps.poolBalance() == .cents(-20_000))
        }
        #expect(try await sweeps.mails().filter { $0.hasSuffix("were not used") }.count == 2)
        try await sweeps.expectSound()
        // A refund still comes onto the card, and is used value then.
        #expect(try await sweeps.refund(sale, 100) == .refunded)
        #expect(try await sweeps.sweep().swept.isEmpty)
        try await sweeps.expectSound()
    }

    @Test func `value is given back once, and is no expired value then`() async throws {
        let sweeps = try await Self.world()
        sweeps.world.clock.advance(by: Self.days(40))
        _ = try await sweeps.sweep()
        try await sweeps.house.passSweeps { sweeps.world.now }
        let number = try await sweeps.number(of: 0)
        let back = try await sweeps.giveBack(number)
        guard case .success(let record) = back else {
            Issue.record("It is given back: \(back)")
            return
        }
        #expect(record.card == sweeps.world.cards[0] && record.amount.minorUnits == 10_000)
        #expect(try await sweeps.balance() == 10_000)
        #expect(try await sweeps.giveBack(number) == .failure(.givenBack))
        #expect(try await sweeps.giveBack(number + 5) == .failure(.unknownSweep))
        #expect(try await sweeps.giveBack(record.number) == .failure(.unknownSweep))
        let round = try await sweeps.house.passSweeps { sweeps.world.now }
        #expect(round.posted == 1 && round.waiting.isEmpty)
        #expect(try await sweeps.expiredBalance() == .cents(10_000))
        #expect(try await sweeps.poolBalance() == .cents(-10_000))
        #expect(try await sweeps.mails().contains { $0.hasSuffix("on your virtual card again") })
        try await sweeps.expectSound()
        // What came back is used like any load, and dormant by its own time.
        _ = try await sweeps.buyAndClear()
        sweeps.world.clock.advance(by: Self.days(40))
        #expect(try await sweeps.sweep().swept.values.map(\.value) == [9_850])
        try await sweeps.house.passSweeps { sweeps.world.now }
        try await sweeps.expectSound()
    }

    @Test func `an expired card has its time to be renewed, and after that a successor gets it`()
        async throws
    {
        let sweeps = try await Self.world(dormant: .reported)
        let described = try await sweeps.world.desk.describe(sweeps.world.cards[0])
        let expiry = try #require(described).expiry
        let left = expiry.civilDate.day + 1 - sweeps.world.now.day
        sweeps.world.clock.advance(by: Self.days(left))
        #expect(try await sweeps.sweep(isTrial: true).swept.isEmpty)
        sweeps.world.clock.advance(by: Self.days(70))
        #expect(try await sweeps.sweep().swept.keys.map(\.reason) == [.expired])
        let number = try await sweeps.number(of: 0)
        #expect(try await sweeps.giveBack(number) == .failure(.card(.cardExpired)))
        #expect(try await sweeps.balance() == 0)
        let successor = try await sweeps.renew()
        guard case .success(let back) = try await sweeps.giveBack(number) else {
            Issue.record("It comes onto the successor.")
            return
        }
        #expect(back.card == successor)
        try await sweeps.house.passSweeps { sweeps.world.now }
        #expect(try await sweeps.expiredBalance() == .cents(10_000))
        try await sweeps.expectSound()
    }

    @Test func `a blocked card keeps what is due, and gets nothing back`() async throws {
        let sweeps = try await Self.world()
        let card = sweeps.world.cards[0]
        sweeps.world.clock.advance(by: Self.days(40))
        _ = try await sweeps.world.desk.setBlocked(true, card, by: "operator")
        let report = try await sweeps.sweep()
        #expect(report.left[.blocked] == .init(cards: 1, value: 10_000))
        #expect(report.swept.values.map(\.cards) == [1])
        #expect(try await sweeps.balance() == 10_000)
        let other = try await sweeps.number(of: 1)
        _ = try await sweeps.world.desk.setBlocked(true, sweeps.world.cards[1], by: "operator")
        #expect(try await sweeps.giveBack(other) == .failure(.card(.cardBlocked)))
        try await sweeps.expectSound()
    }

    @Test func `a card that is used while others are looked at keeps its value`() async throws {
        let sweeps = try await Self.world()
        sweeps.world.clock.advance(by: Self.days(40))
        let store = LateReads(sweeps.world.opalStore) { _ = try? await sweeps.buy() }
        let report = try await sweeps.sweep(reading: store)
        #expect(report.left[.changed] == .init(cards: 1, value: 10_000))
        #expect(report.swept.values.map(\.cards) == [1])
        #expect(try await sweeps.balance() == 9_850)
        try await sweeps.expectSound()
    }

    /// What fails is a commit of the issuer (0) or of the clearing house (1).
    @Test(arguments: [(0, 1), (0, 2), (0, 3), (0, 4), (1, 1), (1, 2)])
    func `wherever it is broken off, nothing moves twice and nothing is lost`(
        store: Int,
        commit: Int
    ) async throws {
        for fault in [FaultyStore.Fault.refuse(.diskFull), .loseAnswer, .conflict] {
            let sweeps = try await Self.world()
            sweeps.world.clock.advance(by: Self.days(40))
            let faulty = store == 0 ? sweeps.world.opalStore : sweeps.clearing
            faulty.commits.script(fault, at: commit)
            for _ in 0..<2 {
                _ = try? await sweeps.sweep()
                _ = try? await sweeps.house.passSweeps { sweeps.world.now }
                if let number = try? await sweeps.number(of: 0) {
                    _ = try? await sweeps.giveBack(number)
                }
            }
            faulty.clear()
            _ = try await sweeps.sweep()
            _ = try await sweeps.giveBack(try await sweeps.number(of: 0))
            try await sweeps.house.passSweeps { sweeps.world.now }
            #expect(try await sweeps.balance() == 10_000)
            #expect(try await sweeps.balance(1) == 0)
            #expect(try await sweeps.expiredBalance() == .cents(10_000))
            #expect(try await sweeps.poolBalance() == .cents(-10_000))
            try await sweeps.expectSound()
        }
    }

    @Test func `sweeps of two operators become durable in the order of their numbers`()
        async throws
    {
        let sweeps = try await Self.world()
        sweeps.world.clock.advance(by: Self.days(40))
        // The second one sweeps a card, and the clearing house posts it, while the first one is
        // about to.
        let store = LateReads(sweeps.world.opalStore, on: SweepCounter.kind) {
            _ = try? await sweeps.sweep()
            _ = try? await sweeps.house.passSweeps { sweeps.world.now }
        }
        let first = sweeps.sweeps(counting: store)
        _ = try await first.sweep(of: nil, isTrial: false)
        try await sweeps.house.passSweeps { sweeps.world.now }
        #expect(try await sweeps.expiredBalance() == .cents(20_000))
        let number = try await sweeps.number(of: 0)
        let late = LateReads(sweeps.world.opalStore, on: SweepCounter.kind) {
            let other = try? await sweeps.number(of: 1)
            if let other { _ = try? await sweeps.giveBack(other) }
            _ = try? await sweeps.house.passSweeps { sweeps.world.now }
        }
        _ = try await sweeps.sweeps(counting: late).giveBack(
            number,
            of: sweeps.world.issuer.identifier
        )
        try await sweeps.house.passSweeps { sweeps.world.now }
        #expect(try await sweeps.expiredBalance() == .zero)
        #expect(try await sweeps.balance() == 10_000)
        #expect(try await sweeps.balance(1) == 10_000)
        try await sweeps.expectSound()
    }

    @Test func `a clearing house that is not known learns nothing`() async throws {
        let sweeps = try await Self.world()
        sweeps.world.clock.advance(by: Self.days(40))
        _ = try await sweeps.sweep()
        let question = IssuerMessage.sweepsQuestion(sweeps.world.issuer.identifier, after: 0)
        let book = sweeps.sweepBook
        let answer = try IssuerMessage(await book.answer(question.bytes, from: "somebody"))
        #expect(answer == .unavailable)
        let known = RefundWorld.clearingHouse
        let told = try IssuerMessage(await book.answer(question.bytes, from: known))
        guard case .sweeps(let notices, false) = told else {
            Issue.record("It is told: \(told)")
            return
        }
        #expect(notices.count == 2)
    }

    // MARK: The audit

    @Test func `a sweep without its record, and a record without its sweep, are named`()
        async throws
    {
        let sweeps = try await Self.world()
        sweeps.world.clock.advance(by: Self.days(40))
        _ = try await sweeps.sweep()
        let number = try await sweeps.number(of: 0)
        let key = SweepRecord.key(sweeps.world.issuer.identifier, number)
        let record = try #require(try await sweeps.world.opalStore.read(key))
        let gone = RecordWrite.delete(key, expectedRevision: record.revision)
        #expect(
            try await sweeps.world.opalStore.commit(Transition(writes: [gone])) == .committed
        )
        #expect(try await sweeps.audit().contains { $0.contains("was taken from card") })
    }
}

/// A store that lets something happen after cards were listed, or the first time that a record of a
/// kind was read.
private final class LateReads: RecordStoreLayer {
    let inner: any RecordStore
    private let kind: RecordKind?
    private let event: @Sendable () async -> Void
    private let hasHappened = Mutex(false)

    init(
        _ inner: any RecordStore,
        on kind: RecordKind? = nil,
        _ event: @escaping @Sendable () async -> Void
    ) {
        self.inner = inner
        self.kind = kind
        self.event = event
    }

    func read(_ key: RecordKey) async throws(StoreFailure) -> Record? {
        let record = try await inner.read(key)
        let isFirst = hasHappened.withLock { happened in
            defer { happened = happened || key.kind == kind }
            return !happened && key.kind == kind
        }
        if isFirst { await event() }
        return record
    }

    func list(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int,
        order: RecordOrder
    ) async throws(StoreFailure) -> [Record] {
        let page = try await inner.list(kind, after: cursor, limit: limit, order: order)
        if self.kind == nil { await event() }
        return page
    }
}
