// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import Simulation
import Testing
import Wire

/// Loyalty servers are told of their members' purchases at partners.
@Suite struct EarningTests {
    /// A member who has paid at the partner.
    private func paid() async throws -> (PointsWorld, OrderPage) {
        let points = try await PointsWorld()
        try await points.member()
        let page = try await points.offer(at: 1)
        #expect(await points.pay(page).isPaid)
        return (points, page)
    }

    @Test func `a member's purchase at a partner is told with its end, once`() async throws {
        let (points, page) = try await paid()
        #expect(try await points.notices.openCount() == 1)
        #expect(await points.notices.tell() == 1)
        #expect(await points.notices.tell() == 0)
        let notice = try #require(points.loyalty.notices.first)
        #expect(points.loyalty.notices.count == 1)
        #expect(notice.transaction == page.terms.transaction && notice.state == .sold)
        #expect(notice.membership == (try points.membership()))
        #expect(notice.merchant == page.terms.merchant && notice.amount == page.terms.amount)
        try await points.expectSound()
    }

    @Test func `a purchase elsewhere, by nobody's card, or in points, is told nobody`()
        async throws
    {
        let points = try await PointsWorld()
        try await points.member([(40, 10)])
        #expect(await points.pay(try await points.offer(at: 0)).isPaid)
        #expect(await points.pay(try await points.offer(at: 1), card: 1).isPaid)
        #expect(await points.pay(try await points.offer(points: 5)).isPaid)
        #expect(try await points.notices.openCount() == 0)
    }

    @Test func `a purchase that is pending is told as debited, and then as it ends`()
        async throws
    {
        let points = try await PointsWorld()
        try await points.member()
        let page = try await points.offer(at: 1)
        points.world.link.plan.script(.dropRequest, at: 2)
        guard case .pending = await points.pay(page) else { throw Unexpected() }
        for _ in 0..<2 { #expect(await points.notices.tell() == 0) }
        #expect(points.loyalty.notices.map(\.state) == [.debited])
        points.world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        await points.world.tidy()
        #expect(await points.notices.tell() == 1)
        #expect(points.loyalty.notices.map(\.state) == [.debited, .recovered])
        #expect(try await points.notices.openCount() == 0)
        try await points.expectSound()
    }

    @Test func `a loyalty server that is silent, or cannot, is told again`() async throws {
        let (points, _) = try await paid()
        points.link.plan.script(.refuse(.notSent))
        #expect(await points.notices.tell() == 0)
        points.link.plan.script(.dropResponse)
        #expect(await points.notices.tell() == 0)
        points.loyalty.refuse(.busy)
        #expect(await points.notices.tell() == 0)
        points.loyalty.refuse(nil)
        points.world.clock.advance(by: PointsLimits.noticePauses.lowerBound)
        #expect(await points.notices.tell() == 1)
        #expect(points.loyalty.notices.count == 3)
    }

    @Test func `a notice that is refused waits, each time twice as long, up to a bound`()
        async throws
    {
        let (points, _) = try await paid()
        points.loyalty.refuse(.aboveMaximum)
        var (expected, count) = (PointsLimits.noticePauses.lowerBound, 0)
        for _ in 0..<12 {
            // Each time another server on the same database: the pause is durable.
            for _ in 0..<2 { #expect(await points.notices.tell() == 0) }
            count += 1
            #expect(points.loyalty.notices.count == count)
            points.world.clock.advance(by: expected - .milliseconds(1))
            #expect(await points.notices.tell() == 0)
            #expect(points.loyalty.notices.count == count)
            points.world.clock.advance(by: .milliseconds(1))
            expected = min(expected * 2, PointsLimits.noticePauses.upperBound)
        }
        #expect(expected == PointsLimits.noticePauses.upperBound)
        points.loyalty.refuse(nil)
        #expect(await points.notices.tell() == 1)
        #expect(try await points.notices.openCount() == 0)
        try await points.expectSound()
    }

    @Test func `a notice that waits holds up no other one`() async throws {
        let (points, first) = try await paid()
        points.loyalty.refuse(.termsDiffer)
        #expect(await points.notices.tell() == 0)
        points.loyalty.refuse(nil)
        let second = try await points.offer(at: 1)
        #expect(await points.pay(second).isPaid)
        #expect(await points.notices.tell() == 1)
        #expect(
            points.loyalty.notices.map(\.transaction)
                == [first.terms.transaction, second.terms.transaction]
        )
    }

    @Test func `a pause from before the record had one is none`() async throws {
        let (points, page) = try await paid()
        let record = try #require(
            try await points.world.opalStore.listOpen(EarnNoticeRecord.kind, after: nil, limit: 1)
                .first
        )
        var old = ByteWriter(capacity: 32)
        old.byte(1)
        old.text(try points.membership().number.text)
        // Noted as debited, and not refused.
        for byte: UInt8 in [1, 0] { old.byte(byte) }
        let notice = try EarnNoticeRecord(old.bytes, key: record.key.bytes)
        #expect(notice.transaction == page.terms.transaction && notice.noted == .debited)
        #expect(notice.pause == nil && notice.isOpen)
        #expect(try EarnNoticeRecord(notice.bytes, key: record.key.bytes) == notice)
    }

    @Test func `a loyalty server that does not know the member any more is left alone`()
        async throws
    {
        let (points, _) = try await paid()
        points.loyalty.refuse(.unknownMember)
        #expect(await points.notices.tell() == 1)
        #expect(await points.notices.tell() == 0)
        #expect(points.loyalty.notices.count == 1)
        try await points.expectSound()
    }

    @Test func `a debit that was not stored leaves no notice`() async throws {
        let points = try await PointsWorld()
        try await points.member()
        let page = try await points.offer(at: 1)
        points.world.opalStore.commits.script(.refuse(.diskFull))
        #expect(await points.pay(page).refusal != nil)
        #expect(try await points.notices.openCount() == 0)
    }

    #if PLANTED_BUGS
        @Test func `a notice that is lost is one that nobody has noted`() async throws {
            let (points, _) = try await paid()
            points.link.plan.script(.refuse(.notSent))
            let notices = points.notices
            await PlantedBug.$planted.withValue(.noticeLost) { _ = await notices.tell() }
            #expect(try await points.notices.openCount() == 0 && points.loyalty.notices.isEmpty)
        }
    #endif
}
