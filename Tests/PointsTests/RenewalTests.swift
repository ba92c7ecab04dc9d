// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Kernel
import OPALServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// What becomes of points and member's numbers when a card expires.
@Suite struct RenewalTests {
    /// After the cards, which are valid for two years.
    private static let later = Duration.seconds(800 * 86_400)

    private func revision(_ card: CardIdentifier, _ points: PointsWorld) async throws -> UInt64 {
        try #require(try await points.emulator.fetch(card)).revision
    }

    @Test func `number and points move with their days, in one revision of each card`()
        async throws
    {
        let points = try await PointsWorld()
        let (world, code) = (points.world, points.programme.code)
        try await points.member([(40, 10), (50, 900), (7, 1_000)])
        let days = try await points.tranches().dropFirst()
        let before = try await revision(world.cards[0], points)
        world.clock.advance(by: Self.later)
        let renewal = try await points.succession.renew(
            world.cards[0],
            by: "card holder",
            at: world.now
        )
        #expect(renewal.moved.minorUnits == 10_000)
        #expect(renewal.points == [points.programme.points(57)])
        let new = try #require(try await world.desk.describe(renewal.successor))
        #expect(new.memberships == [try points.membership()])
        #expect(new.points(of: code)?.tranches.all == Array(days))
        #expect(new.purses[0].balance.minorUnits == 10_000)
        #expect(try await revision(renewal.successor, points) == 1)
        #expect(try await revision(world.cards[0], points) == before + 1)
        #expect(try await points.tranches() == [])
        try await points.expectSound()
        // The programme finds its member on the new card.
        let credit = try points.credit(3)
        #expect(
            try await points.ask(.credit(credit)) == .credited(credit.transaction, balance: 60)
        )
        try await points.expectSound()
    }

    @Test func `a second time nothing is left to do`() async throws {
        let points = try await PointsWorld()
        let (world, code) = (points.world, points.programme.code)
        try await points.member([(50, 900)])
        world.clock.advance(by: Self.later)
        let card = world.cards[0]
        let first = try await points.succession.renew(card, by: "card holder", at: world.now)
        let second = try await points.succession.renew(card, by: "card holder", at: world.now)
        #expect(second.successor == first.successor && second.points.isEmpty)
        let new = try #require(try await world.desk.describe(first.successor))
        #expect(new.points(of: code)?.tranches.total == 50)
        #expect(try await revision(first.successor, points) == 1)
        try await points.expectSound()
    }

    @Test func `what comes back to the old card follows`() async throws {
        let points = try await PointsWorld()
        let (world, code) = (points.world, points.programme.code)
        try await points.member([(50, 900)])
        world.clock.advance(by: .seconds(700 * 86_400))
        world.link.plan.script(.dropRequest, at: 2)
        guard case .pending = await points.pay(try await points.offer(points: 20)) else {
            throw Unexpected()
        }
        world.clock.advance(by: .seconds(100 * 86_400))
        let card = world.cards[0]
        let first = try await points.succession.renew(card, by: "card holder", at: world.now)
        #expect(first.points == [points.programme.points(30)])
        await world.tidy()
        #expect(try await points.tranches().map(\.minorUnits) == [20])
        let second = try await points.succession.renew(card, by: "card holder", at: world.now)
        #expect(second.points == [points.programme.points(20)])
        let new = try #require(try await world.desk.describe(first.successor))
        #expect(new.points(of: code)?.tranches.all.map(\.minorUnits) == [50])
        try await points.expectSound()
    }

    @Test func `two who renew at once move nothing twice`() async throws {
        let points = try await PointsWorld()
        try await points.member([(50, 900), (7, 1_000)])
        points.world.clock.advance(by: Self.later)
        let (succession, card, now) = (
            try points.succession, points.world.cards[0], points.world.now
        )
        let moved = await withTaskGroup(of: UInt64.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let renewal = try? await succession.renew(card, by: "card holder", at: now)
                    return renewal?.points.first?.minorUnits ?? 0
                }
            }
            return await group.reduce(0, +)
        }
        #expect(moved == 57)
        try await points.expectSound()
    }
}
