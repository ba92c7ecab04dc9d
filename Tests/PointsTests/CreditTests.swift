// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import OPALServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// Points come onto the cards of members, once.
@Suite struct CreditTests {
    @Test func `points come onto the member's card under their day, once`() async throws {
        let points = try await PointsWorld()
        try await points.member()
        let credit = try points.credit(40, until: 10)
        let request = PointsMessage.credit(credit).bytes
        let first = try await points.desk.answer(request, from: PointsWorld.peer)
        #expect(try PointsMessage(first) == .credited(credit.transaction, balance: 40))
        _ = try await points.ask(.credit(points.credit(5, until: 20)))
        // The same bytes, though the balance is another one by now.
        #expect(try await points.desk.answer(request, from: PointsWorld.peer) == first)
        #expect(
            try await points.tranches() == [points.tranche(40, 10), points.tranche(5, 20)]
        )
        try await points.expectSound()
    }

    @Test func `it is refused in the order of the reasons`() async throws {
        let points = try await PointsWorld()
        let (world, code) = (points.world, points.programme.code)
        try await points.member()
        let good = try points.credit(40)
        #expect(
            try await points.ask(.credit(good), as: "other.example").refusal == .unknownProgramme
        )
        #expect(try await points.ask(.credit(good)).refusal == nil)
        #expect(
            try await points.ask(.credit(points.credit(41, good.transaction))).refusal
                == .termsDiffer
        )
        #expect(try await points.ask(.credit(points.credit(0))).refusal == .malformed)
        let decimals = PointsCredit(
            transaction: TransactionIdentifier(high: 9, low: 9),
            membership: good.membership,
            amount: Money(minorUnits: 1, currency: code, exponent: .cents),
            expiry: good.expiry,
            note: ""
        )
        #expect(try await points.ask(.credit(decimals)).refusal == .malformed)
        let past = try points.credit(1, until: -1, number: "NOBODY")
        #expect(try await points.ask(.credit(past)).refusal == .pointsExpired)
        let nobody = try points.credit(1, number: "NOBODY")
        #expect(try await points.ask(.credit(nobody)).refusal == .unknownMember)
        #expect(try await world.desk.setBlocked(true, world.cards[0]))
        #expect(try await points.ask(.credit(points.credit(961))).refusal == .cardBlocked)
        #expect(try await world.desk.setBlocked(false, world.cards[0]))
        #expect(try await points.ask(.credit(points.credit(961))).refusal == .aboveMaximum)
        #expect(try await points.ask(.credit(points.credit(960))).refusal == nil)
        world.clock.advance(by: .seconds(800 * 86_400))
        #expect(try await points.ask(.credit(points.credit(1))).refusal == .cardExpired)
    }

    @Test func `what was not refused for good comes on with the same request`() async throws {
        let points = try await PointsWorld()
        try await points.member()
        let credit = PointsMessage.credit(try points.credit(40))
        points.world.opalStore.commits.script(.refuse(.locked))
        #expect(try await points.ask(credit).refusal == .storeUnavailable)
        #expect(try await points.tranches() == [])
        // The commit was made, and nobody was told.
        points.world.opalStore.commits.script(.loseAnswer)
        #expect(try await points.ask(credit).refusal == .storeUnavailable)
        #expect(try await points.ask(credit).refusal == nil)
        #expect(try await points.describe().points(of: points.programme.code)?.tranches.total == 40)
        // Somebody was first at the card, and it is loaded all the same.
        let next = PointsMessage.credit(try points.credit(2))
        points.world.opalStore.commits.script(.conflict)
        #expect(try await points.ask(next).refusal == nil)
        try await points.expectSound()
    }

    @Test func `a request that was refused for good is refused when a late copy of it comes`()
        async throws
    {
        let points = try await PointsWorld()
        let world = points.world
        try await points.member()
        let request = PointsMessage.credit(try points.credit(40)).bytes
        #expect(try await world.desk.setBlocked(true, world.cards[0]))
        let first = try await points.desk.answer(request, from: PointsWorld.peer)
        #expect(try PointsMessage(first).refusal == .cardBlocked)
        // The loyalty server has given the points back to its member by now.
        #expect(try await world.desk.setBlocked(false, world.cards[0]))
        #expect(try await points.desk.answer(request, from: PointsWorld.peer) == first)
        #expect(try await points.tranches() == [])
        #expect(try await points.ask(.credit(points.credit(40))).refusal == nil)
        try await points.expectSound()
    }

    @Test func `requests at once are one load`() async throws {
        let points = try await PointsWorld()
        try await points.member()
        let (desk, request) = (
            try points.desk, PointsMessage.credit(try points.credit(40)).bytes
        )
        let answers = await withTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<8 {
                group.addTask { await desk.answer(request, from: PointsWorld.peer) }
            }
            return await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(answers.count == 1)
        #expect(try await points.tranches().map(\.minorUnits) == [40])
        try await points.expectSound()
    }

    @Test func `what has expired makes room first`() async throws {
        let points = try await PointsWorld()
        try await points.member([(1_000, 10)])
        points.world.clock.advance(by: .seconds(11 * 86_400))
        #expect(try await points.ask(.credit(points.credit(1_000))).refusal == nil)
        #expect(try await points.tranches().map(\.minorUnits) == [1_000])
        try await points.expectSound()
    }

    @Test func `a programme that moves its points to cards opens the purse with the first ones`()
        async throws
    {
        let points = try await PointsWorld(home: .database)
        try await points.member()
        #expect(try await points.ask(.credit(points.credit(1))).refusal == .unknownProgramme)
        let old = points.programme
        let new = try #require(
            Programme(
                code: old.code,
                exponent: old.exponent,
                name: old.name,
                home: .card,
                balanceMax: 10,
                sites: old.sites,
                partners: old.partners
            )
        )
        try await points.programmes.put(.init(new, peer: PointsWorld.peer))
        #expect(try await points.ask(.credit(points.credit(7))).refusal == nil)
        #expect(try await points.tranches().map(\.minorUnits) == [7])
        try await points.expectSound()
    }

    // MARK: Holdings

    @Test func `holdings are the points on all members' cards, by day`() async throws {
        let points = try await PointsWorld()
        let code = points.programme.code
        #expect(try await points.ask(.holdingsQuestion(code)) == .holdings(code, cards: 0, []))
        try await points.member([(40, 10), (7, 20)])
        try await points.member([(3, 20)], card: 1, number: "SKY-8")
        #expect(
            try await points.ask(.holdingsQuestion(code))
                == .holdings(code, cards: 2, [points.tranche(40, 10), points.tranche(10, 20)])
        )
        #expect(
            try await points.ask(.holdingsQuestion(code), as: "other.example").refusal
                == .unknownProgramme
        )
    }

    // MARK: Expiry

    @Test func `a round takes what has expired out of all members' cards`() async throws {
        let points = try await PointsWorld()
        try await points.member([(40, 10), (7, 20)])
        try await points.member([(3, 10)], card: 1, number: "SKY-8")
        #expect(try await points.expiry.sweep() == 0)
        points.world.clock.advance(by: .seconds(11 * 86_400))
        points.world.opalStore.commits.script(.conflict)
        #expect(try await points.expiry.sweep() == 2)
        #expect(try await points.expiry.sweep() == 0)
        #expect(try await points.tranches().map(\.minorUnits) == [7])
        #expect(try await points.tranches(1) == [])
        let report = try await points.auditor.run {}
        #expect(report.expired == [points.programme.points(0): 43])
        try await points.expectSound()
    }

    // MARK: Audit

    @Test func `the audit finds points that no load says, and a load without its points`()
        async throws
    {
        let points = try await PointsWorld()
        try await points.member([(40, 10)])
        let page = try await points.world.opalStore.list(
            PointsLoadRecord.kind,
            after: nil,
            limit: 1,
            order: .ascending
        )
        let record = try #require(page.first)
        let delete = RecordWrite.delete(record.key, expectedRevision: 1)
        #expect(try await points.world.opalStore.commit(Transition(writes: [delete])) == .committed)
        let missing = try await points.auditor.run {}.findings
        #expect(missing.count == 1 && missing[0].problem.contains("no load says so"))
        // A record of another transaction, sealed as it should be.
        let body = try await points.seals.open(record.body, name: record.sealName, revision: 1)
        let loaded = try PointsLoadRecord(body)
        let transaction = TransactionIdentifier(high: 1, low: 1)
        let request = PointsMessage.credit(
            PointsCredit(
                transaction: transaction,
                membership: loaded.request.membership,
                amount: loaded.request.amount,
                expiry: loaded.request.expiry,
                note: ""
            )
        ).bytes
        var writer = ByteWriter(capacity: 128)
        writer.append(body.prefix(21))
        writer.counted(request)
        let key = PointsLoadRecord.key(transaction)
        let sealed = try await points.seals.seal(writer.bytes, name: key.sealName(), revision: 1)
        let put = RecordWrite.put(key, expectedRevision: 0, body: sealed)
        #expect(try await points.world.opalStore.commit(Transition(writes: [put])) == .committed)
        let problems = try await points.auditor.run {}.findings.map(\.problem)
        #expect(problems.count == 2)
        #expect(problems.contains { $0.contains("not on the card") })
    }

    #if PLANTED_BUGS
        @Test func `points that are loaded twice are found`() async throws {
            let points = try await PointsWorld()
            try await points.member()
            let credit = PointsMessage.credit(try points.credit(40))
            for _ in 0..<2 {
                _ = try await PlantedBug.$planted.withValue(.creditedTwice) {
                    try await points.ask(credit)
                }
            }
            #expect(try await points.tranches().map(\.minorUnits) == [80])
            #expect(try await points.auditor.run {}.findings.count == 1)
        }
    #endif
}
