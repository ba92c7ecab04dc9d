// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import Simulation
import Testing
import Wire

/// Purchases in points, from the card through payment server and signatures.
@Suite struct SpendingPointsTests {
    @Test func `a benefit is paid with what expires first`() async throws {
        let points = try await PointsWorld()
        try await points.member([(40, 10), (50, 20)])
        #expect(await points.pay(try await points.offer(points: 60)).isPaid)
        #expect(try await points.tranches() == [points.tranche(30, 20)])
        #expect(try await points.world.balance() == 10_000)
        try await points.expectSound()
    }

    @Test func `points are taken by sites of their programme alone`() async throws {
        let points = try await PointsWorld()
        try await points.member([(40, 10)])
        let page = try await points.offer(points: 5, at: 1)
        #expect(await points.pay(page).refusal == .programmeNotTaken)
        #expect(try await points.purchases.pointsRefusal(of: page.terms) == .programmeNotTaken)
        // Without a programme nobody takes points.
        let mine = try await points.offer(points: 5)
        let outcome = await points.world.purchases.pay(mine, with: points.world.cards[0])
        #expect(outcome.refusal == .programmeNotTaken)
        #expect(try await points.tranches().map(\.minorUnits) == [40])
        #expect(await points.pay(mine).isPaid)
    }

    @Test func `more than is on the card is refused`() async throws {
        let points = try await PointsWorld()
        try await points.member([(40, 10)])
        #expect(await points.pay(try await points.offer(points: 41)).refusal == .insufficientValue)
        #expect(
            await points.pay(try await points.offer(points: 1), card: 1).refusal
                == .currencyNotHeld
        )
    }

    @Test func `what has expired is not spent, and what has not is`() async throws {
        let points = try await PointsWorld()
        try await points.member([(40, 10), (50, 20)])
        points.world.clock.advance(by: .seconds(11 * 86_400))
        #expect(await points.pay(try await points.offer(points: 51)).refusal == .insufficientValue)
        #expect(await points.pay(try await points.offer(points: 50)).isPaid)
        #expect(try await points.tranches() == [])
        try await points.expectSound()
    }

    @Test func `a purchase that comes to nothing gives back the points with their days`()
        async throws
    {
        let points = try await PointsWorld()
        try await points.member([(40, 10), (50, 20)])
        points.world.link.plan.script(.dropRequest, at: 2)
        guard case .pending = await points.pay(try await points.offer(points: 60)) else {
            throw Unexpected()
        }
        #expect(try await points.tranches() == [points.tranche(30, 20)])
        points.world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        await points.world.tidy()
        #expect(try await points.tranches() == [points.tranche(40, 10), points.tranche(50, 20)])
        try await points.expectSound()
    }
}
