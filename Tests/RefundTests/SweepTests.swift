// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClearingHouse
import Kernel
import PaymentServer
import Records
import SecurityModule
import Synchronization
import Testing
import Wire

@testable import OPALServer
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
        #expect(report.left[.blocked] == 1)
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
        let store = LateReads(sweeps.world.opalStore, listing: Emulator.cardKind) {
            _ = try? await sweeps.buy()
        }
        let report = try await sweeps.sweep(reading: store)
        #expect(report.left[.changed] == 1)
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

    @Test func `what is put back after a sweep is on the card, and has its time`() async throws {
        let sweeps = try await Self.world()
        let world = sweeps.world
        let page = try await world.page(try await world.order())
        world.link.plan.script(.dropRequest, at: 2)
        guard case .pending = await world.pay(page) else { throw Unexpected() }
        world.clock.advance(by: Self.days(40))
        _ = try await sweeps.sweep(of: nil)
        #expect(try await sweeps.balance() == 0)
        _ = await world.payments.giveUpLateSales()
        #expect(await world.settleAll())
        #expect(try await sweeps.balance() == 150)
        #expect(try await sweeps.sweep().swept.isEmpty)
        try await sweeps.house.passSweeps { sweeps.world.now }
        #expect(try await sweeps.expiredBalance() == .cents(19_850))
        try await sweeps.expectSound()
    }

    @Test func `cards of another issuer than the one that is named keep their value`()
        async throws
    {
        let sweeps = try await Self.world()
        sweeps.world.clock.advance(by: Self.days(40))
        let other = try #require(IssuerIdentifier("123456"))
        #expect(try await sweeps.sweep(of: other).swept.isEmpty)
        #expect(try await sweeps.sweep(of: sweeps.world.issuer.identifier).swept.count == 1)
    }

    @Test func `a return that a set-back issuer makes once more is on record and not posted`()
        async throws
    {
        let (sweeps, number, _) = try await Self.swept()
        try await sweeps.house.passSweeps { sweeps.world.now }
        // As after a restore to the moment before the return.
        let key = SweepRecord.key(sweeps.world.issuer.identifier, number)
        let records = SealedRecords(store: sweeps.world.opalStore, sealing: sweeps.cardSeals)
        let found = try #require(try await records.read(key))
        var sweep = try SweepRecord(found.body, key: key.bytes)
        sweep.event = .swept(.dormant, return: nil)
        let write = try await records.put(key, expectedRevision: found.revision, sweep.bytes)
        #expect(try await records.commit(Transition(writes: [write])))
        guard case .success = try await sweeps.giveBack(number) else {
            Issue.record("The issuer does not know better.")
            return
        }
        let round = try await sweeps.house.passSweeps { sweeps.world.now }
        #expect(round.posted == 0 && round.refused == 1 && round.waiting.isEmpty)
        #expect(try await sweeps.expiredBalance() == .cents(10_000))
        // Those behind it go on.
        let other = try await sweeps.number(of: 1)
        _ = try await sweeps.giveBack(other)
        #expect(try await sweeps.house.passSweeps { sweeps.world.now }.posted == 1)
        #expect(try await sweeps.audit().contains { $0.contains("it is not posted") })
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

    private func delete(_ key: RecordKey, _ sweeps: RefundWorld) async throws {
        let record = try #require(try await sweeps.world.opalStore.read(key))
        let write = RecordWrite.delete(key, expectedRevision: record.revision)
        let outcome = try await sweeps.world.opalStore.commit(Transition(writes: [write]))
        #expect(outcome == .committed)
    }

    /// A world with a sweep of each card, of which the first one was given back.
    private static func swept() async throws -> (RefundWorld, number: UInt64, back: UInt64) {
        let sweeps = try await world()
        sweeps.world.clock.advance(by: days(40))
        _ = try await sweeps.sweep()
        let number = try await sweeps.number(of: 0)
        guard case .success(let back) = try await sweeps.giveBack(number) else {
            throw Unexpected()
        }
        return (sweeps, number, back.number)
    }

    @Test func `a sweep whose record is gone is named`() async throws {
        let (sweeps, number, _) = try await Self.swept()
        try await delete(SweepRecord.key(sweeps.world.issuer.identifier, number), sweeps)
        #expect(try await sweeps.audit().contains { $0.contains("was taken from card") })
    }

    @Test func `a return whose record is gone is named, and what it gives back`() async throws {
        let (sweeps, _, back) = try await Self.swept()
        try await delete(SweepRecord.key(sweeps.world.issuer.identifier, back), sweeps)
        let findings = try await sweeps.audit()
        #expect(findings.contains { $0.contains("is given back to card") })
        #expect(findings.contains { $0.contains("does not fit") })
    }

    @Test func `a record of what no card has given is named`() async throws {
        let (sweeps, number, _) = try await Self.swept()
        let records = SealedRecords(store: sweeps.world.opalStore, sealing: sweeps.cardSeals)
        let card = sweeps.world.cards[0]
        let amount = Money(minorUnits: 5, currency: .euro, exponent: .cents)
        let sweep = SweepRecord(
            number + 100,
            card,
            TransactionIdentifier(high: 1, low: 1),
            amount,
            at: sweeps.world.now,
            .swept(.expired, return: nil)
        )
        let key = SweepRecord.key(card.issuer, sweep.number)
        let write = try await records.put(key, expectedRevision: 0, sweep.bytes)
        #expect(try await records.commit(Transition(writes: [write])))
        let findings = try await sweeps.audit()
        #expect(findings.contains { $0.contains("is on record, but not on its card") })
        #expect(findings.contains { $0.contains("has not given this number") })
    }

    @Test func `an audit beside a return finds nothing`() async throws {
        let (sweeps, _, _) = try await Self.swept()
        let other = try await sweeps.number(of: 1)
        let during = LateReads(sweeps.world.opalStore, listing: SweepRecord.kind) {
            _ = try? await sweeps.giveBack(other)
        }
        let auditor = CardAuditor(
            store: during,
            module: sweeps.world.cardModule,
            seals: sweeps.cardSeals
        )
        #expect(try await auditor.run {}.findings.map(\.description) == [])
        #expect(try await sweeps.balance(1) == 10_000)
    }
}

/// A store that lets something happen the first time that a record of a kind was read, or that some
/// of a kind were listed.
private final class LateReads: RecordStoreLayer {
    let inner: any RecordStore
    private let readKind: RecordKind?
    private let listedKind: RecordKind?
    private let event: @Sendable () async -> Void
    private let hasHappened = Mutex(false)

    init(
        _ inner: any RecordStore,
        on readKind: RecordKind? = nil,
        listing listedKind: RecordKind? = nil,
        _ event: @escaping @Sendable () async -> Void
    ) {
        self.inner = inner
        self.readKind = readKind
        self.listedKind = listedKind
        self.event = event
    }

    private func happen() async {
        let isFirst = hasHappened.withLock { happened in
            defer { happened = true }
            return !happened
        }
        if isFirst { await event() }
    }

    func read(_ key: RecordKey) async throws(StoreFailure) -> Record? {
        let record = try await inner.read(key)
        if key.kind == readKind { await happen() }
        return record
    }

    func list(
        _ kind: RecordKind,
        after cursor: [UInt8]?,
        limit: Int,
        order: RecordOrder
    ) async throws(StoreFailure) -> [Record] {
        let page = try await inner.list(kind, after: cursor, limit: limit, order: order)
        if kind == listedKind { await happen() }
        return page
    }
}
