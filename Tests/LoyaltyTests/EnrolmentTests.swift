// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Testing
import Wire

@Suite struct EnrolmentTests {
    private let world: LoyaltyWorld
    private let now = LoyaltyWorld.now

    init() async throws {
        world = try LoyaltyWorld()
        try await world.found()
    }

    @Test func `a programme is founded once, and the same again changes nothing`() async throws {
        let rule = try LoyaltyWorld.rule()
        let first = try await world.module.programme(world.onCards.code)
        let again = try await world.module.create(world.onCards, rule, now: now.after(days: 1))
        #expect(first == again && again.programme == world.onCards && again.rule == rule)
        let other = try LoyaltyWorld.rule(pendingDays: 0)
        await #expect(throws: LoyaltyFailure.programmeExists) {
            try await world.module.create(world.onCards, other, now: now)
        }
        let codes = try await world.module.programmes().map(\.programme.code.digits)
        #expect(codes == ["9001", "9002"])
    }

    @Test func `a programme changes its rule, and never its home or its decimals`() async throws {
        let rule = try LoyaltyWorld.rule(pendingDays: 3, expiry: .never)
        let changed = try await world.module.change(world.onCards, rule, now: now)
        #expect(changed.rule == rule && changed.lastRow == 2)
        #expect(try await world.module.programme(world.onCards.code) == changed)
        for other in [
            try LoyaltyWorld.programme(0x9001, .units, .database),
            try LoyaltyWorld.programme(0x9001, .cents, .card),
        ] {
            await #expect(throws: LoyaltyFailure.programmeFixed) {
                try await world.module.change(other, rule, now: now)
            }
        }
        let unknown = try LoyaltyWorld.programme(0x9003, .units, .card)
        await #expect(throws: LoyaltyFailure.unknownProgramme) {
            try await world.module.change(unknown, rule, now: now)
        }
    }

    @Test func `a card that enrols twice has one number`() async throws {
        let first = try await world.enrol()
        let again = try await world.module.enrol(
            LoyaltyWorld.card(1),
            proof: LoyaltyWorld.transaction(7),
            in: world.onCards.code,
            now: now.after(days: 2)
        )
        #expect(again.membership == first && again.transaction != LoyaltyWorld.transaction(7))
        #expect(try await world.module.members(of: world.onCards.code, limit: 10).count == 1)
        #expect(first.number.text.wholeMatch(of: /[A-Z]{2}-\d{4}-\d{4}/) != nil)
    }

    @Test func `a card is a member of two programmes under two numbers`() async throws {
        let first = try await world.enrol()
        let second = try await world.enrol(in: world.inDatabase)
        #expect(first.programme != second.programme && first.number != second.number)
        let found = try await world.module.membership(
            of: LoyaltyWorld.card(1),
            in: world.inDatabase.code
        )
        #expect(found == second)
    }

    @Test func `refusals come in the order of their precedence`() async throws {
        func enrol(
            _ card: UInt64,
            proof: UInt64,
            _ number: String? = nil,
            in code: Currency? = nil
        ) async throws {
            _ = try await world.module.enrol(
                LoyaltyWorld.card(card),
                proof: LoyaltyWorld.transaction(proof),
                in: code ?? world.onCards.code,
                as: number.flatMap { MemberNumber($0) },
                now: now
            )
        }
        try await enrol(1, proof: 1, "GOLD-1")
        let unknown = try #require(Currency(bcd: 0x9007))
        await #expect(throws: LoyaltyFailure.unknownProgramme) {
            try await enrol(2, proof: 1, in: unknown)
        }
        await #expect(throws: LoyaltyFailure.transactionMismatch) {
            try await enrol(2, proof: 1, "GOLD-1")
        }
        let number = try #require(MemberNumber("GOLD-1"))
        await #expect(throws: LoyaltyFailure.alreadyEnrolled(number)) {
            try await enrol(1, proof: 2, "GOLD-2")
        }
        await #expect(throws: LoyaltyFailure.numberTaken) { try await enrol(2, proof: 2, "GOLD-1") }
        let rule = try LoyaltyWorld.rule()
        try await world.module.change(world.onCards, rule, isClosed: true, now: now)
        await #expect(throws: LoyaltyFailure.programmeClosed) {
            try await enrol(2, proof: 2, "GOLD-1")
        }
        // Who is a member stays one.
        try await enrol(1, proof: 2, "GOLD-1")
        #expect(try await world.findings() == [])
    }

    @Test func `the OPAL server is told until it has answered`() async throws {
        let membership = try await world.enrol()
        world.opalServer.change { $0.losesAnswers = true }
        let lost = try await world.module.sendEnrolments(now: now)
        #expect(lost.unanswered == 1 && lost.done == 0)
        let restarted = try world.restarted()
        let round = try await restarted.module.sendEnrolments(now: now)
        #expect(round.done == 1)
        let message = PointsMessage.enrol(LoyaltyWorld.transaction(1_001), membership)
        #expect(world.opalServer.requests == [message])
        #expect(restarted.opalServer.requests == [message])
        #expect(try await restarted.module.sendEnrolments(now: now) == SendRound())
        let line = try await restarted.module.members(of: world.onCards.code, limit: 1).first
        #expect(line?.enrolment?.state == .entered)
    }

    @Test(arguments: [PointsRefusal.busy, .storeUnavailable, .malformed, .termsDiffer])
    func `what says nothing of the enrolment for good leaves it open`(
        refusal: PointsRefusal
    ) async throws {
        try await world.enrol()
        world.opalServer.change { $0.refusal = refusal }
        #expect(try await world.module.sendEnrolments(now: now).refused == 1)
        world.opalServer.change { $0.refusal = nil }
        #expect(try await world.module.sendEnrolments(now: now).done == 1)
    }

    @Test func `a refused enrolment is kept with its reason until a new proof comes`() async throws
    {
        let membership = try await world.enrol()
        world.opalServer.change { $0.refusal = .unknownProof }
        #expect(try await world.module.sendEnrolments(now: now).refused == 1)
        var line = try await world.module.members(of: world.onCards.code, limit: 5).first
        #expect(line?.enrolment?.state == .refused(.unknownProof))
        world.opalServer.change { $0.refusal = nil }
        #expect(try await world.module.sendEnrolments(now: now) == SendRound())
        let again = try await world.module.enrol(
            LoyaltyWorld.card(1),
            proof: LoyaltyWorld.transaction(2),
            in: world.onCards.code,
            now: now
        )
        #expect(again.membership == membership && again.state == .open)
        #expect(try await world.module.sendEnrolments(now: now).done == 1)
        let lines = try await world.module.members(of: world.onCards.code, limit: 5)
        line = lines.first
        #expect(lines.count == 1 && line?.enrolment?.transaction == LoyaltyWorld.transaction(2))
        let member = try await world.module.member(membership)
        #expect(try await world.module.enrolment(of: member) == line?.enrolment)
        let events = try await world.module.statement(of: membership, limit: 9).map(\.entry.event)
        #expect(events == [.rejoined, .enrolled])
        #expect(try await world.findings() == [])
    }

    @Test func `the same proof again asks nobody again`() async throws {
        try await world.enrol()
        world.opalServer.change { $0.refusal = .cardBlocked }
        _ = try await world.module.sendEnrolments(now: now)
        world.opalServer.change { $0.refusal = nil }
        try await world.enrol()
        let card = LoyaltyWorld.card(1)
        let found = try await world.module.enrolment(of: card, in: world.onCards.code)
        #expect(found?.state == .refused(.cardBlocked))
        #expect(try await world.module.sendEnrolments(now: now) == SendRound())
    }

    @Test func `a card that has a number gets no second one`() async throws {
        let membership = try await world.enrol()
        try await world.enterNumbers()
        func join(
            _ card: UInt64,
            proof: UInt64,
            proved number: MemberNumber
        ) async throws -> Enrolment {
            try await world.module.enrol(
                LoyaltyWorld.card(card),
                proof: LoyaltyWorld.transaction(proof),
                in: world.onCards.code,
                proved: number,
                now: now
            )
        }
        // A renewed card has another name, and one of another programme's making may have a number
        // that nobody has here.
        let unknown = try #require(MemberNumber("ELSE-1"))
        let cards: [(UInt64, MemberNumber)] = [
            (2, membership.number), (2, unknown), (1, unknown),
        ]
        for (card, number) in cards {
            await #expect(throws: LoyaltyFailure.alreadyEnrolled(number)) {
                _ = try await join(card, proof: 5, proved: number)
            }
        }
        let again = try await join(1, proof: 5, proved: membership.number)
        #expect(again.membership == membership && again.state == .entered)
        #expect(try await world.module.members(of: world.onCards.code, limit: 9).count == 1)
        let renewed = LoyaltyWorld.card(2)
        #expect(try await world.module.enrolment(of: renewed, in: world.onCards.code) == nil)
        #expect(try await world.findings() == [])
    }

    @Test func `a round ends where the OPAL server is silent, and the next goes on behind it`()
        async throws
    {
        for number in 1...40 { try await world.enrol(UInt64(number)) }
        world.opalServer.change { $0.isSilent = true }
        let silent = try await world.module.sendEnrolments(now: now)
        #expect(silent.unanswered < 40 && silent.unanswered >= LoyaltyLimits.silencesMax)
        world.opalServer.change { $0.isSilent = false }
        var (done, cursor) = (0, silent.next)
        #expect(cursor != nil)
        for _ in 0..<3 {
            let round = try await world.module.sendEnrolments(now: now, after: cursor)
            done += round.done
            cursor = round.next
        }
        #expect(done == 40)
    }

    @Test func `members are listed newest first, page by page, each programme by itself`()
        async throws
    {
        for number in 1...5 { try await world.enrol(UInt64(number), as: "M-\(number)") }
        try await world.enrol(9, in: world.inDatabase)
        let code = world.onCards.code
        let first = try await world.module.members(of: code, limit: 3)
        #expect(first.map(\.enrolment?.membership.number.text) == ["M-5", "M-4", "M-3"])
        let second = try await world.module.members(
            of: code,
            before: first.last?.proof,
            limit: 3
        )
        #expect(second.map(\.enrolment?.membership.number.text) == ["M-2", "M-1"])
        #expect(second.allSatisfy { $0.member != nil })
    }
}
