// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Simulation
import Testing
import Wire

@Suite struct PostingTests {
    private let world: LoyaltyWorld
    private let member: Membership
    private let now = LoyaltyWorld.now

    init() async throws {
        world = try LoyaltyWorld()
        try await world.found()
        member = try await world.enrol()
        try await world.enterNumbers()
    }

    /// Here, in postings, posted.
    private func sums(_ world: LoyaltyWorld? = nil) async throws -> [UInt64] {
        let member = try await (world ?? self.world).module.member(member)
        return [member.tranches.total, member.inPostings, member.posted]
    }

    @Test func `one posting for each day of expiry brings what is due onto the card`() async throws
    {
        try await world.earn(100, 50, for: member)
        try await world.earn(7, for: member, date: "2026-02-01", file: 2)
        let made = try await world.module.makePostings(now: now)
        #expect(made.made == 2 && made.next == nil)
        #expect(try await sums() == [0, 157, 0])
        let sent = try await world.module.sendPostings(now: now)
        #expect(sent.done == 2)
        #expect(try await sums() == [0, 0, 157])
        let credits = world.opalServer.credits.sorted { $0.expiry.bcd < $1.expiry.bcd }
        #expect(credits.map(\.amount.minorUnits) == [7, 150])
        #expect(credits.map(\.expiry.bcd) == [0x27_0228, 0x27_0331])
        #expect(credits.allSatisfy { $0.membership == member && $0.note == "Harbour Air" })
        #expect(try await world.module.makePostings(now: now).made == 0)
        #expect(try await world.findings() == [])
    }

    @Test func `points wait until the number is on the card`() async throws {
        let late = try await world.enrol(2)
        try await world.earn(100, for: late)
        func waits() async throws -> Bool {
            let round = try await world.module.makePostings(now: now)
            return round.waiting == 1 && round.made == 0 && round.held == 0
        }
        #expect(try await waits())
        world.opalServer.change { $0.refusal = .cardBlocked }
        #expect(try await world.module.sendEnrolments(now: now).refused == 1)
        #expect(try await waits())
        #expect(try await world.module.sendPostings(now: now) == SendRound())
        // They are neither lost nor held for a day.
        world.opalServer.change { $0.refusal = nil }
        let proof = LoyaltyWorld.transaction(9)
        _ = try await world.module.enrol(
            LoyaltyWorld.card(2),
            proof: proof,
            in: world.onCards.code,
            now: now
        )
        #expect(try await waits())
        #expect(try await world.module.sendEnrolments(now: now).done == 1)
        #expect(try await world.module.makePostings(now: now).made == 1)
        #expect(try await world.module.sendPostings(now: now).done == 1)
        #expect(try await world.module.member(late).posted == 100)
        #expect(try await world.findings() == [])
    }

    @Test func `points in the database are not posted`() async throws {
        let other = try await world.enrol(2, in: world.inDatabase)
        try await world.earn(1, for: other)
        #expect(try await world.module.makePostings(now: now).made == 0)
    }

    @Test func `a posting whose answer was lost is sent again under the same transaction`()
        async throws
    {
        try await world.earn(100, for: member)
        _ = try await world.module.makePostings(now: now)
        world.opalServer.change { $0.losesAnswers = true }
        #expect(try await world.module.sendPostings(now: now).unanswered == 1)
        #expect(try await sums() == [0, 100, 0])
        world.opalServer.change { $0.losesAnswers = false }
        #expect(try await world.module.sendPostings(now: now).done == 1)
        #expect(world.opalServer.credits.count == 1 && world.opalServer.requests.count == 2)
        #expect(Set(world.opalServer.requests.map(\.bytes)).count == 1)
        let posting = try await world.module.postings(limit: 1).first
        #expect(posting?.state == .posted(balance: 100))
        #expect(try await world.findings() == [])
    }

    @Test(arguments: [
        PointsRefusal.busy, .storeUnavailable, .cardChanged, .malformed, .termsDiffer,
    ])
    func `a refusal that says nothing for good leaves the posting open`(
        refusal: PointsRefusal
    ) async throws {
        try await world.earn(100, for: member)
        _ = try await world.module.makePostings(now: now)
        world.opalServer.change { $0.refusal = refusal }
        #expect(try await world.module.sendPostings(now: now).refused == 1)
        #expect(try await sums() == [0, 100, 0])
        world.opalServer.change { $0.refusal = nil }
        #expect(try await world.module.sendPostings(now: now).done == 1)
        #expect(try await sums() == [0, 0, 100])
    }

    @Test func `refused points go back to the member, and wait with the reason`() async throws {
        try await world.earn(100, for: member)
        _ = try await world.module.makePostings(now: now)
        world.opalServer.change { $0.refusal = .cardBlocked }
        #expect(try await world.module.sendPostings(now: now).refused == 1)
        #expect(try await sums() == [100, 0, 0])
        let hold = try await world.module.member(member).hold
        #expect(hold?.reason == .cardBlocked && hold?.since == now)
        let waiting = try await world.module.makePostings(now: now.adding(.seconds(3_600)))
        #expect(waiting.held == 1 && waiting.made == 0)
        world.opalServer.change { $0.refusal = nil }
        let later = now.after(days: 1)
        #expect(try await world.module.makePostings(now: later).made == 1)
        #expect(try await world.module.sendPostings(now: later).done == 1)
        #expect(try await sums() == [0, 0, 100])
        #expect(try await world.module.member(member).hold == nil)
        #expect(world.opalServer.credits.count == 1)
        let events = try await world.module.statement(of: member, limit: 9).map(\.entry.event)
        #expect(events == [.posted, .posting, .putBack, .posting, .earned, .enrolled])
        #expect(try await world.findings() == [])
    }

    @Test(arguments: 0..<3, [CrashingStore.Fault.before, .after])
    func `a crash neither loses points nor posts them twice`(
        commits: Int,
        fault: CrashingStore.Fault
    ) async throws {
        try await world.earn(100, for: member)
        world.store.crash(after: commits, fault)
        _ = try? await world.module.makePostings(now: now)
        _ = try? await world.module.sendPostings(now: now)
        let restarted = try world.restarted()
        // The OPAL server lives on.
        let credits = world.opalServer.creditsByTransaction
        restarted.opalServer.change { $0.credits = credits }
        _ = try await restarted.module.makePostings(now: now)
        _ = try await restarted.module.sendPostings(now: now)
        #expect(restarted.opalServer.credits.map(\.amount.minorUnits) == [100])
        #expect(try await sums(restarted) == [0, 0, 100])
        #expect(try await restarted.findings() == [])
    }

    @Test func `more than a card can hold goes in parts, round by round`() async throws {
        try await world.earn(1_000_000, 1_000_000, 500_000, for: member)
        for _ in 0..<3 {
            #expect(try await world.module.makePostings(now: now).made == 1)
        }
        #expect(try await world.module.makePostings(now: now).made == 0)
        #expect(try await sums() == [0, 2_500_000, 0])
        let amounts = try await world.module.postings(limit: 9).map(\.amount).sorted()
        #expect(amounts == [500_000, 1_000_000, 1_000_000])
    }

    @Test func `what expires before it is posted expires here`() async throws {
        try await world.earn(100, for: member)
        let late = now.after(days: 400)
        #expect(try await world.module.makePostings(now: late).made == 0)
        let round = try await world.module.expireDue(now: late)
        #expect(round.members == 1 && round.points == 100)
        #expect(try await world.module.member(member).expired == 100)
        #expect(try await world.findings() == [])
    }

    @Test func `points that the OPAL server finds expired come back and expire here`()
        async throws
    {
        try await world.earn(100, for: member)
        _ = try await world.module.makePostings(now: now)
        let late = now.after(days: 400)
        world.opalServer.change { $0.refusal = .pointsExpired }
        #expect(try await world.module.sendPostings(now: late).refused == 1)
        #expect(try await world.module.expireDue(now: late).points == 100)
        #expect(try await sums() == [0, 0, 0])
        #expect(try await world.findings() == [])
    }

    @Test func `rounds over many members are bounded and reach each of them`() async throws {
        var lines: [String] = []
        for number in 2...1_300 {
            let member = try await world.enrol(UInt64(number), as: "N-\(number)")
            lines.append("R-\(number),\(member.number.text),1,2026-03-01")
        }
        try await world.enterNumbers()
        try await world.apply(lines, to: world.onCards.code)
        let first = try await world.module.makePostings(now: now)
        #expect(first.made == LoyaltyLimits.roundMax && first.next != nil)
        let second = try await world.module.makePostings(now: now, after: first.next)
        #expect(second.made == 299 && second.next == nil)
        let sent = try await world.module.sendPostings(now: now)
        #expect(sent.done == LoyaltyLimits.roundMax)
        #expect(try await world.module.sendPostings(now: now, after: sent.next).done == 299)
        #expect(world.opalServer.credits.count == 1_299)
        #expect(try await world.findings() == [])
    }

    @Test func `the liability tells months, postings and cards apart`() async throws {
        try await world.earn(100, for: member)
        try await world.earn(7, for: member, date: "2026-02-01", file: 2)
        try await world.module.note(world.notice(1, member, .debited), now: now)
        _ = try await world.module.makePostings(now: now)
        try await world.earn(5, for: member, file: 3)
        let day = try #require(CardDate(bcd: 0x27_0331))
        world.opalServer.change {
            $0.holdings = [
                PointsTranche(expiry: day, minorUnits: 30),
                PointsTranche(expiry: .init(day.civilDate), minorUnits: 3),
                PointsTranche(expiry: PointsTranche.never, minorUnits: 2),
            ]
        }
        let liability = try await world.module.liability(
            of: world.onCards.code,
            asksForCards: true
        )
        #expect(liability.memberCount == 1 && liability.earned == 311 && liability.pending == 199)
        let months = liability.months
        #expect(months.map(\.lastDay.bcd) == [0x27_0228, 0x27_0331, 0x99_1231])
        #expect(months.map(\.part.here) == [0, 5, 0])
        #expect(months.map(\.part.inPostings) == [7, 100, 0])
        #expect(months.map(\.part.onCards) == [0, 33, 2])
        world.opalServer.change { $0.isSilent = true }
        await #expect(throws: LoyaltyFailure.opalServerSilent(.timedOut)) {
            try await world.module.liability(of: world.onCards.code, asksForCards: true)
        }
        let here = try await world.module.liability(
            of: world.onCards.code,
            asksForCards: false
        )
        #expect(here.months.map(\.part.onCards) == [0, 0])
    }
}
