// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// A member's number comes onto the card that proved itself.
@Suite struct EnrolmentTests {
    @Test func `a number comes onto the card that proved itself, with a purse, once`()
        async throws
    {
        let points = try await PointsWorld()
        let proof = try await points.prove()
        let request = PointsMessage.enrol(proof, try points.membership())
        let first = try await points.desk.answer(request.bytes, from: PointsWorld.peer)
        #expect(try PointsMessage(first) == .enrolled(proof))
        #expect(try await points.desk.answer(request.bytes, from: PointsWorld.peer) == first)
        let card = try await points.describe()
        #expect(card.memberships == [try points.membership()])
        #expect(card.points(of: points.programme.code)?.purse.balanceMax == 1_000)
        let settings = try await points.history().filter { event in
            if case .setting(.membership, let who) = event { who == "Sky miles" } else { false }
        }
        #expect(settings.count == 1)
        // Who proves once more is the same member.
        let again = try await points.prove()
        #expect(
            try await points.ask(.enrol(again, points.membership())) == .enrolled(again)
        )
        try await points.expectSound()
    }

    @Test func `points in a database need no purse`() async throws {
        let points = try await PointsWorld(home: .database)
        let proof = try await points.prove()
        #expect(try await points.ask(.enrol(proof, points.membership())) == .enrolled(proof))
        #expect(try await points.describe().purses.count == 1)
    }

    @Test func `it is refused in the order of the reasons`() async throws {
        let points = try await PointsWorld()
        let desk = try points.desk
        #expect(
            try PointsMessage(await desk.answer([1, 2], from: PointsWorld.peer)).refusal
                == .malformed
        )
        let proof = try await points.prove()
        let enrol = PointsMessage.enrol(proof, try points.membership())
        #expect(try await points.ask(.enrolled(proof)).refusal == .unknownMessage)
        #expect(try await points.ask(enrol, as: "other.example").refusal == .unknownProgramme)
        let foreign = Membership(
            programme: try #require(Currency(bcd: 0x9002)),
            number: try points.membership().number
        )
        #expect(try await points.ask(.enrol(proof, foreign)).refusal == .unknownProgramme)
        // At a partner, in money, not known at all.
        for other in [
            try await points.prove(at: 1), try await points.prove(in: .euro),
            try await points.prove(.recovered), TransactionIdentifier(high: 1, low: 2),
        ] {
            #expect(
                try await points.ask(.enrol(other, points.membership())).refusal == .unknownProof
            )
        }
        let open = try await points.prove(.debited)
        #expect(try await points.ask(.enrol(open, points.membership())).refusal == .busy)
        #expect(try await points.ask(enrol) == .enrolled(proof))
        let other = try points.membership("SKY-8")
        #expect(try await points.ask(.enrol(proof, other)).refusal == .termsDiffer)
        let next = try await points.prove()
        #expect(try await points.ask(.enrol(next, other)).refusal == .alreadyEnrolled)
        let second = try await points.prove(card: 1)
        #expect(
            try await points.ask(.enrol(second, points.membership())).refusal == .numberTaken
        )
        #expect(try await points.ask(.enrol(second, other)).refusal == .termsDiffer)
        let (third, fourth) = (try await points.prove(card: 1), try await points.prove(card: 1))
        #expect(try await points.world.desk.setBlocked(true, points.world.cards[1]))
        #expect(try await points.ask(.enrol(third, other)).refusal == .cardBlocked)
        #expect(try await points.world.desk.setBlocked(false, points.world.cards[1]))
        points.world.clock.advance(by: .seconds(800 * 86_400))
        #expect(try await points.ask(.enrol(fourth, other)).refusal == .cardExpired)
        try await points.expectSound()
    }

    @Test func `a request that was refused for good is refused when a late copy of it comes`()
        async throws
    {
        let points = try await PointsWorld()
        let (world, membership) = (points.world, try points.membership())
        let proof = try await points.prove()
        let request = PointsMessage.enrol(proof, membership).bytes
        #expect(try await world.desk.setBlocked(true, world.cards[0]))
        let first = try await points.desk.answer(request, from: PointsWorld.peer)
        #expect(try PointsMessage(first).refusal == .cardBlocked)
        // Perhaps the member has got another card by now.
        #expect(try await world.desk.setBlocked(false, world.cards[0]))
        #expect(try await points.desk.answer(request, from: PointsWorld.peer) == first)
        #expect(try await points.describe().memberships.isEmpty)
        // Another proof is another request, and brings the same number.
        let next = try await points.prove()
        #expect(try await points.ask(.enrol(next, membership)) == .enrolled(next))
        #expect(try await points.desk.answer(request, from: PointsWorld.peer) == first)
        #expect(try await points.describe().memberships == [membership])
        try await points.expectSound()
    }

    @Test func `what was not refused for good is done with the same request`() async throws {
        let points = try await PointsWorld()
        let enrol = PointsMessage.enrol(try await points.prove(), try points.membership())
        #expect(try await points.ask(enrol, as: "other.example").refusal == .unknownProgramme)
        points.world.opalStore.commits.script(.refuse(.locked))
        #expect(try await points.ask(enrol).refusal == .storeUnavailable)
        // The commit was made, and nobody was told.
        points.world.opalStore.commits.script(.loseAnswer)
        #expect(try await points.ask(enrol).refusal == .storeUnavailable)
        #expect(try await points.ask(enrol).refusal == nil)
        try await points.expectSound()
    }

    @Test func `a refusal that could not be stored is not told`() async throws {
        let points = try await PointsWorld()
        let enrol = PointsMessage.enrol(.init(high: 1, low: 2), try points.membership())
        points.world.opalStore.commits.script(.refuse(.unavailable("away")))
        #expect(try await points.ask(enrol).refusal == .storeUnavailable)
        #expect(try await points.ask(enrol).refusal == .unknownProof)
    }

    @Test func `requests at once get one answer`() async throws {
        let points = try await PointsWorld()
        let (desk, proof) = (try points.desk, try await points.prove())
        let request = PointsMessage.enrol(proof, try points.membership()).bytes
        let answers = await withTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<8 {
                group.addTask { await desk.answer(request, from: PointsWorld.peer) }
            }
            return await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(try answers.map { try PointsMessage($0) } == [.enrolled(proof)])
        try await points.expectSound()
    }

    @Test func `one proof is shown for two programmes, and each has its own answer`()
        async throws
    {
        let points = try await PointsWorld()
        let old = points.programme
        let code = try #require(Currency(bcd: 0x9002))
        let other = try #require(
            Programme(
                code: code,
                exponent: old.exponent,
                name: "Sky club",
                home: .database,
                balanceMax: old.balanceMax,
                sites: old.sites,
                partners: old.partners
            )
        )
        try await points.programmes.put(.init(other, peer: PointsWorld.peer))
        try await points.member(number: "SKY-8")
        let proof = try await points.prove()
        #expect(
            try await points.ask(.enrol(proof, points.membership())).refusal == .alreadyEnrolled
        )
        let second = Membership(programme: other.code, number: try points.membership().number)
        #expect(try await points.ask(.enrol(proof, second)) == .enrolled(proof))
        #expect(
            try await points.ask(.enrol(proof, points.membership())).refusal == .alreadyEnrolled
        )
    }

    @Test func `an operator enters a number without a proof`() async throws {
        let points = try await PointsWorld()
        let cards = points.world.cards
        try await points.desk.enrol(cards[0], points.membership())
        try await points.desk.enrol(cards[0], points.membership())
        await #expect(throws: PointsRefusal.numberTaken) {
            try await points.desk.enrol(cards[1], points.membership())
        }
        await #expect(throws: PointsRefusal.alreadyEnrolled) {
            try await points.desk.enrol(cards[0], points.membership("SKY-8"))
        }
        try await points.expectSound()
    }

    @Test func `two who enrol at once on two cards do not share a number`() async throws {
        let points = try await PointsWorld()
        let desk = try points.desk
        let (cards, membership) = (points.world.cards, try points.membership())
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for card in cards {
                group.addTask { (try? await desk.enrol(card, membership)) != nil }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 } == 1)
        try await points.expectSound()
    }

    @Test func `an answer that could not be stored is not given`() async throws {
        let points = try await PointsWorld()
        let proof = try await points.prove()
        let enrol = PointsMessage.enrol(proof, try points.membership())
        points.world.opalStore.commits.script(.refuse(.unavailable("away")))
        #expect(try await points.ask(enrol).refusal == .storeUnavailable)
        #expect(try await points.ask(enrol) == .enrolled(proof))
    }
}
