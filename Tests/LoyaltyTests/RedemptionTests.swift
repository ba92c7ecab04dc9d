// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Simulation
import Testing

@Suite struct RedemptionTests {
    private let world: LoyaltyWorld
    private let member: Membership
    private let now = LoyaltyWorld.now

    init() async throws {
        world = try LoyaltyWorld()
        try await world.found()
        member = try await world.enrol(1, in: world.inDatabase)
        // 3.00 until the end of February 2027, 5.00 until the end of March.
        try await world.earn(5, for: member)
        try await world.earn(3, for: member, date: "2026-02-01", file: 2)
    }

    private func debit(
        _ points: UInt64,
        _ order: UInt64 = 1,
        at moment: Instant? = nil
    ) async throws -> UInt64 {
        try await world.module.debit(
            points,
            of: member,
            for: LoyaltyWorld.transaction(order),
            now: moment ?? now
        )
    }

    private func tranches() async throws -> [UInt64] {
        try await world.module.member(member).tranches.all.map(\.minorUnits)
    }

    @Test func `points that expire first are spent first`() async throws {
        #expect(try await debit(400) == 400)
        #expect(try await tranches() == [400])
        let redemption = try await world.module.redemption(LoyaltyWorld.transaction(1))
        #expect(redemption?.debit?.taken.map(\.minorUnits) == [300, 100])
        #expect(try await world.findings() == [])
    }

    @Test func `a debit that is asked for again is answered as before, and debits once`()
        async throws
    {
        #expect(try await debit(400) == 400)
        #expect(try await debit(100, 2) == 300)
        #expect(try await debit(400) == 400)
        let restarted = try world.restarted()
        let again = try await restarted.module.debit(
            400,
            of: member,
            for: LoyaltyWorld.transaction(1),
            now: now.after(days: 500)
        )
        #expect(again == 400)
        #expect(try await tranches() == [300])
    }

    @Test func `refusals come in the order of their precedence`() async throws {
        _ = try await debit(400)
        let onCard = try await world.enrol(2)
        await #expect(throws: LoyaltyFailure.transactionMismatch) { try await debit(401) }
        await #expect(throws: LoyaltyFailure.transactionMismatch) {
            try await world.module.debit(
                400,
                of: onCard,
                for: LoyaltyWorld.transaction(1),
                now: now
            )
        }
        let nobody = Membership(
            programme: member.programme,
            number: try #require(MemberNumber("NOBODY"))
        )
        for (who, failure) in [(nobody, LoyaltyFailure.unknownMember), (onCard, .pointsOnCard)] {
            await #expect(throws: failure) {
                try await world.module.debit(
                    0,
                    of: who,
                    for: LoyaltyWorld.transaction(2),
                    now: now
                )
            }
        }
        await #expect(throws: LoyaltyFailure.nothingAsked) { try await debit(0, 2) }
        await #expect(throws: LoyaltyFailure.notEnough(400)) { try await debit(401, 2) }
        #expect(try await tranches() == [400])
    }

    @Test func `expired points are not spent`() async throws {
        // 2027-03-01: what was good until the end of February has expired.
        let march = now.after(days: 362)
        await #expect(throws: LoyaltyFailure.pointsExpired(500)) {
            try await debit(501, at: march)
        }
        await #expect(throws: LoyaltyFailure.notEnough(500)) { try await debit(801, at: march) }
        #expect(try await debit(200, at: march) == 300)
        let sums = try await world.module.member(member)
        #expect(sums.expired == 300 && sums.redeemed == 200)
        let events = try await world.module.statement(of: member, limit: 2).map(\.entry.event)
        #expect(events == [.debited, .expired])
        #expect(try await world.findings() == [])
    }

    @Test func `the day of expiry itself is good`() async throws {
        let last = now.after(days: 361)
        #expect(try await world.module.expireDue(now: last).points == 0)
        #expect(try await debit(800, at: last) == 0)
    }

    @Test func `expiry takes out what has expired, once`() async throws {
        let march = now.after(days: 362)
        #expect(try await world.module.expireDue(now: march).points == 300)
        #expect(try await world.module.expireDue(now: march).points == 0)
        #expect(try await tranches() == [500])
        #expect(try await world.findings() == [])
    }

    @Test func `points that never expire stay`() async throws {
        try await world.module.change(
            world.inDatabase,
            LoyaltyWorld.rule(expiry: .never),
            now: now
        )
        try await world.earn(9, for: member, file: 3)
        let late = now.after(days: 20_000)
        #expect(try await world.module.expireDue(now: late).points == 800)
        #expect(try await tranches() == [900])
    }

    @Test func `what is given back returns to its days, once`() async throws {
        _ = try await debit(400)
        let order = LoyaltyWorld.transaction(1)
        #expect(try await world.module.giveBack(order, now: now) == 800)
        #expect(try await tranches() == [300, 500])
        #expect(try await world.module.giveBack(order, now: now) == 800)
        #expect(try await tranches() == [300, 500])
        await #expect(throws: LoyaltyFailure.transactionEnded) { try await debit(400) }
        #expect(try await world.module.redemption(order)?.state == .givenBack)
        #expect(try await world.findings() == [])
    }

    @Test func `what expired while an order held it can be spent for as long again`() async throws {
        // The last day of 3.00.
        let february = now.after(days: 361)
        _ = try await debit(400, at: february)
        let march = february.after(days: 2)
        _ = try await world.module.giveBack(LoyaltyWorld.transaction(1), now: march)
        #expect(try await debit(100, 2, at: march) == 700)
        await #expect(throws: LoyaltyFailure.pointsExpired(500)) {
            try await debit(700, 3, at: march.after(days: 1))
        }
        #expect(try await world.findings() == [])
    }

    @Test func `what is kept is not given back any more`() async throws {
        let order = LoyaltyWorld.transaction(1)
        _ = try await debit(400)
        #expect(try await world.module.keep(order, now: now))
        #expect(try await world.module.keep(order, now: now))
        #expect(try await world.module.giveBack(order, now: now) == 400)
        #expect(try await debit(400) == 400)
        #expect(try await world.findings() == [])
    }

    @Test func `what was given back is taken again once, if it is there`() async throws {
        let order = LoyaltyWorld.transaction(1)
        #expect(try await world.module.keep(order, now: now) == false)
        _ = try await debit(400)
        _ = try await world.module.giveBack(order, now: now)
        _ = try await debit(500, 2)
        #expect(try await world.module.keep(order, now: now) == false)
        try await world.earn(1, for: member, file: 3)
        for _ in 0..<2 {
            #expect(try await world.module.keep(order, now: now))
            #expect(try await world.module.member(member).tranches.total == 0)
        }
        #expect(try await world.module.giveBack(order, now: now) == 0)
        #expect(try await world.findings() == [])
    }

    @Test func `an order that is given up before its debit comes is never debited`() async throws {
        let order = LoyaltyWorld.transaction(1)
        #expect(try await world.module.giveBack(order, now: now) == nil)
        #expect(try await world.module.giveBack(order, now: now) == nil)
        await #expect(throws: LoyaltyFailure.transactionEnded) { try await debit(400) }
        #expect(try await tranches() == [300, 500])
        #expect(try await world.findings() == [])
    }

    @Test(arguments: [CrashingStore.Fault.before, .after])
    func `a crash debits once and gives back once`(fault: CrashingStore.Fault) async throws {
        world.store.crash(after: 0, fault)
        _ = try? await debit(400)
        let restarted = try world.restarted()
        let order = LoyaltyWorld.transaction(1)
        let balance = try await restarted.module.debit(400, of: member, for: order, now: now)
        #expect(balance == 400)
        restarted.store.crash(after: 0, fault)
        _ = try? await restarted.module.giveBack(order, now: now)
        let last = try restarted.restarted()
        #expect(try await last.module.giveBack(order, now: now) == 800)
        #expect(try await last.findings() == [])
    }

    @Test func `debits at the same moment never overdraw`() async throws {
        let debited = await withTaskGroup(of: Bool.self) { group in
            for order in 1...20 {
                group.addTask { (try? await debit(100, UInt64(order))) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(debited == 8)
        #expect(try await tranches() == [])
        #expect(try await world.findings() == [])
        let page = try await world.module.redemptions(limit: 100)
        #expect(page.count == 8)
    }
}
