// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer
import Simulation
import Testing
import Wire

@Suite struct PurchaseTests {
    private let world: LoyaltyWorld
    private let member: Membership
    private let now = LoyaltyWorld.now

    init() async throws {
        world = try LoyaltyWorld()
        try await world.found()
        member = try await world.enrol()
    }

    private func note(_ number: UInt64, _ states: PurchaseNotice.State...) async throws {
        for state in states {
            try await world.module.note(world.notice(number, member, state), now: now)
        }
    }

    /// Pending, here, undone.
    private func sums() async throws -> [UInt64] {
        let member = try await world.module.member(member)
        return [member.pending, member.tranches.total, member.undone]
    }

    @Test func `points are pending until the purchase is sold and the period is over`()
        async throws
    {
        try await note(1, .debited)
        #expect(try await sums() == [199, 0, 0])
        try await world.module.mature(now: now.after(days: 15))
        #expect(try await sums() == [199, 0, 0])
        try await note(1, .sold)
        try await world.module.mature(now: now.after(days: 13))
        #expect(try await sums() == [199, 0, 0])
        let round = try await world.module.mature(now: now.after(days: 14))
        #expect(round.matured == 1)
        #expect(try await sums() == [0, 199, 0])
        #expect(try await world.module.mature(now: now.after(days: 20)) == MatureRound())
        let tranche = try await world.module.member(member).tranches.all.first
        #expect(tranche?.expiry.bcd == 0x27_0331)
        #expect(try await world.findings() == [])
    }

    @Test func `points of a recovered purchase are undone`() async throws {
        try await note(1, .debited, .recovered)
        #expect(try await sums() == [0, 0, 199])
        #expect(try await world.findings() == [])
    }

    @Test(arguments: [
        [PurchaseNotice.State.sold, .debited, .sold, .debited],
        [.debited, .debited, .sold, .sold, .sold],
        [.sold],
    ])
    func `notices that come twice or late count once`(states: [PurchaseNotice.State]) async throws {
        for state in states { try await note(1, state) }
        #expect(try await sums() == [199, 0, 0])
        try await world.module.mature(now: now.after(days: 14))
        try await note(1, .sold, .debited)
        #expect(try await sums() == [0, 199, 0])
        #expect(try await world.findings() == [])
    }

    @Test func `a recovery that comes first undoes what comes later`() async throws {
        try await note(1, .recovered, .debited, .recovered)
        #expect(try await sums() == [0, 0, 199])
        #expect(try await world.findings() == [])
    }

    @Test func `without a pending period points are due with the sale`() async throws {
        try await world.module.change(
            world.onCards,
            LoyaltyWorld.rule(pendingDays: 0),
            now: now
        )
        try await note(1, .debited)
        #expect(try await sums() == [199, 0, 0])
        try await note(1, .sold)
        #expect(try await sums() == [0, 199, 0])
        #expect(try await world.findings() == [])
    }

    @Test func `a later rule changes nothing of what was earned`() async throws {
        try await note(1, .debited)
        try await world.module.change(
            world.onCards,
            LoyaltyWorld.rule(pendingDays: 0, expiry: .never),
            now: now
        )
        try await note(1, .sold)
        #expect(try await sums() == [199, 0, 0])
        try await note(2, .sold)
        #expect(try await sums() == [199, 199, 0])
    }

    @Test func `what is no purchase at a partner in the currency of the rule earns nothing`()
        async throws
    {
        let notice = try world.notice(1, member, .sold)
        func noted(
            _ merchant: MerchantIdentifier,
            _ amount: Money,
            _ number: UInt64
        ) async throws {
            let other = PurchaseNotice(
                transaction: LoyaltyWorld.transaction(number),
                membership: member,
                merchant: merchant,
                amount: amount,
                debitedAt: now,
                state: .sold
            )
            try await world.module.note(other, now: now)
        }
        try await noted(try #require(MerchantIdentifier("OTHER")), notice.amount, 2)
        let dollars = Money(minorUnits: 1_999, currency: .dollar, exponent: .cents)
        try await noted(notice.merchant, dollars, 3)
        try await noted(
            notice.merchant,
            Money(minorUnits: 9, currency: .euro, exponent: .cents),
            4
        )
        #expect(try await sums() == [0, 0, 0])
        try await world.module.change(
            world.onCards,
            LoyaltyWorld.rule(),
            isClosed: true,
            now: now
        )
        try await noted(notice.merchant, notice.amount, 5)
        #expect(try await sums() == [0, 0, 0])
        #expect(
            try await world.module.purchase(LoyaltyWorld.transaction(5), in: world.onCards.code)?
                .state == .due
        )
        #expect(try await world.findings() == [])
    }

    @Test func `refusals come in the order of their precedence`() async throws {
        let stranger = Membership(
            programme: try #require(Currency(bcd: 0x9007)),
            number: member.number
        )
        await #expect(throws: LoyaltyFailure.unknownProgramme) {
            try await world.module.note(world.notice(1, stranger, .debited), now: now)
        }
        try await note(1, .debited)
        await #expect(throws: LoyaltyFailure.transactionMismatch) {
            let notice = try world.notice(1, member, .recovered, cents: 2_000)
            try await world.module.note(notice, now: now)
        }
        try await note(1, .sold)
        await #expect(throws: LoyaltyFailure.transactionContradicts) {
            try await note(1, .recovered)
        }
        try await note(2, .recovered)
        await #expect(throws: LoyaltyFailure.transactionContradicts) { try await note(2, .sold) }
        let nobody = Membership(
            programme: member.programme,
            number: try #require(MemberNumber("NOBODY"))
        )
        await #expect(throws: LoyaltyFailure.unknownMember) {
            try await world.module.note(world.notice(3, nobody, .debited), now: now)
        }
        await #expect(throws: LoyaltyFailure.amountTooLarge) {
            let notice = try world.notice(3, member, .debited, cents: .max)
            try await world.module.note(notice, now: now)
        }
        #expect(try await sums() == [199, 0, 199])
    }

    @Test(arguments: 0..<2, [CrashingStore.Fault.before, .after])
    func `a crash leaves nothing half done`(commits: Int, fault: CrashingStore.Fault) async throws {
        world.store.crash(after: commits, fault)
        for state in [PurchaseNotice.State.debited, .sold] {
            try? await world.module.note(world.notice(1, member, state), now: now)
        }
        let restarted = try world.restarted()
        for state in [PurchaseNotice.State.debited, .sold] {
            try await restarted.module.note(world.notice(1, member, state), now: now)
        }
        try await restarted.module.mature(now: now.after(days: 14))
        #expect(try await restarted.module.member(member).tranches.total == 199)
        #expect(try await restarted.findings() == [])
    }

    @Test func `a thousand purchases mature in bounded rounds`() async throws {
        for number in 1...1_100 { try await note(UInt64(number), .sold) }
        let first = try await world.module.mature(now: now.after(days: 14))
        #expect(first.matured == LoyaltyLimits.roundMax && first.isMore)
        let second = try await world.module.mature(now: now.after(days: 14))
        #expect(second.matured == 100 && !second.isMore)
        #expect(try await sums() == [0, 1_100 * 199, 0])
        #expect(try await world.findings() == [])
    }

    // MARK: The desk

    @Test func `the desk notes for OPAL servers that it knows, and for nobody else`() async throws {
        let notice = try world.notice(1, member, .sold)
        let bytes = PointsMessage.purchase(notice).bytes
        let stranger = try await PointsMessage(world.desk.answer(bytes, from: "stranger"))
        #expect(stranger == .refusal(notice.transaction, .unknownProgramme))
        #expect(try await sums() == [0, 0, 0])
        let name = LoyaltyWorld.opalServerName
        let first = await world.desk.answer(bytes, from: name)
        #expect(try PointsMessage(first) == .noted(notice.transaction))
        #expect(await world.desk.answer(bytes, from: name) == first)
        #expect(try await sums() == [199, 0, 0])
    }

    @Test func `the desk says why it does not note`() async throws {
        func answer(_ bytes: [UInt8]) async throws -> PointsMessage {
            try await PointsMessage(world.desk.answer(bytes, from: LoyaltyWorld.opalServerName))
        }
        let notice = try world.notice(1, member, .sold)
        #expect(try await answer([]) == .refusal(.unknown, .malformed))
        let cut = Array(PointsMessage.purchase(notice).bytes.dropLast())
        #expect(try await answer(cut) == .refusal(notice.transaction, .malformed))
        let other = PointsMessage.noted(notice.transaction)
        #expect(try await answer(other.bytes) == .refusal(notice.transaction, .unknownMessage))
        let nobody = Membership(
            programme: member.programme,
            number: try #require(MemberNumber("NOBODY"))
        )
        let unknown = try PointsMessage.purchase(world.notice(1, nobody, .sold))
        #expect(
            try await answer(unknown.bytes) == .refusal(notice.transaction, .unknownMember)
        )
        try await note(1, .sold)
        let undone = try PointsMessage.purchase(world.notice(1, member, .recovered))
        #expect(try await answer(undone.bytes) == .refusal(notice.transaction, .termsDiffer))
        world.store.crash(after: 0, .before)
        let late = try PointsMessage.purchase(world.notice(2, member, .sold))
        #expect(
            try await answer(late.bytes)
                == .refusal(LoyaltyWorld.transaction(2), .storeUnavailable)
        )
    }
}
