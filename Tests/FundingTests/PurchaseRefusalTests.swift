// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import Simulation
import Testing
import Wire

/// What limits of a child's card have refused: kept, told, allowed once.
@Suite struct PurchaseRefusalTests {
    private struct Family {
        let world: FundingWorld
        let anna: FundingWorld.Person
        let emma: FundingWorld.Person
        let refusals: PurchaseRefusals

        func note(
            _ minorUnits: UInt64 = 450,
            at merchant: String = "PRESS-1",
            _ reason: SpendingRefusal = .purchase(most: 100)
        ) async throws -> Bool {
            let terms = OrderTerms(
                transaction: TransactionIdentifier(at: world.now, random: world.random.pair()),
                merchant: try #require(MerchantIdentifier(merchant)),
                amount: FundingWorld.euros(minorUnits),
                policy: .securityCard,
                madeAt: world.now,
                statusURL: "https://press.example/status"
            )
            return await refusals.note(
                reason,
                of: terms,
                "An article",
                by: emma.card,
                at: world.now
            )
        }

        func list() async throws -> [RefusedPurchase] {
            try await refusals.list(of: emma.key, by: anna.key, at: world.now)
        }

        func mails() async throws -> Int {
            try await world.mails(to: anna.email).count {
                $0.subject == "A purchase of your child was refused"
            }
        }

        func allow(_ number: UInt32) async throws -> Instant {
            try await refusals.allowOnce(
                number,
                of: emma.key,
                by: anna.key,
                named: "guardian",
                at: world.now
            )
        }

        func exceptions() async throws -> [SpendingException] {
            try await world.server.desk.policy(of: emma.card).get()?.policy.exceptions ?? []
        }

        func limit() async throws {
            var limits = SpendingLimits(currency: .euro, exponent: .cents)
            limits.purchaseMax = 100
            _ = try await world.server.desk.setLimits(limits, of: emma.card, by: "guardian").get()
        }
    }

    private func family() async throws -> Family {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let emma = try await world.child(of: anna)
        let server = world.server
        let refusals = PurchaseRefusals(users: server.users, desk: server.desk)
        let family = Family(world: world, anna: anna, emma: emma, refusals: refusals)
        try await family.limit()
        return family
    }

    @Test func `Each reason is kept as it was, over a restart`() async throws {
        let family = try await family()
        let moment = Instant(milliseconds: 1_795_000_000_000)
        let shop = try #require(MerchantIdentifier("SHOP"))
        let reasons: [SpendingRefusal] = [
            .frozen, .otherCurrency, .merchant(shop), .category(nil),
            .category(MerchantCategory("7995")), .hour(opens: nil), .hour(opens: moment),
            .purchase(most: .max), .count(.week, most: .max, renews: moment),
            .amount(.month, most: 900, left: 20, renews: moment),
        ]
        for (number, reason) in reasons.enumerated() {
            #expect(try await family.note(UInt64(number + 1), reason))
        }
        let server = family.world.restart()
        let again = PurchaseRefusals(users: server.users, desk: server.desk)
        let list = try await again.list(
            of: family.emma.key,
            by: family.anna.key,
            at: family.world.now
        )
        #expect(list.reversed().map(\.reason) == reasons)
        #expect(list.allSatisfy { $0.article == "An article" && $0.state == .waiting })
        #expect(try await family.world.auditor.run {}.findings == [])
    }

    @Test func `The card of who is no child is left alone`() async throws {
        let family = try await family()
        let terms = OrderTerms(
            transaction: TransactionIdentifier(at: family.world.now, random: (1, 2)),
            merchant: try #require(MerchantIdentifier("PRESS-1")),
            amount: FundingWorld.euros(450),
            policy: .securityCard,
            madeAt: family.world.now,
            statusURL: "https://press.example/status"
        )
        let isKept = await family.refusals.note(
            .frozen,
            of: terms,
            "",
            by: family.anna.card,
            at: family.world.now
        )
        #expect(!isKept)
        #expect(try await family.mails() == 0)
    }

    @Test func `A mailbox is not filled, and the list stays short`() async throws {
        let family = try await family()
        for minorUnits in UInt64(1)...60 {
            #expect(try await family.note(minorUnits))
            #expect(try await family.note(minorUnits))
        }
        #expect(try await family.mails() == FundingLimits.refusalMailsMax)
        let list = try await family.list()
        #expect(list.count == FundingLimits.refusedPurchasesMax)
        #expect(list.first?.amount.minorUnits == 60)
        family.world.clock.advance(by: FundingLimits.refusalMailTime)
        #expect(try await family.note(61))
        #expect(try await family.mails() == FundingLimits.refusalMailsMax + 1)
    }

    @Test func `What is too old is not shown any more`() async throws {
        let family = try await family()
        _ = try await family.note()
        family.world.clock.advance(by: FundingLimits.refusedPurchaseKeepTime)
        #expect(try await family.list().isEmpty)
    }

    @Test func `Entry and mail are durable together or not at all`() async throws {
        let faults: [FaultyStore.Fault] = [
            .refuse(.unavailable("away")), .conflict, .loseAnswer,
        ]
        for fault in faults {
            let family = try await family()
            family.world.store.commits.script(fault)
            let isKept = try await family.note()
            if case .conflict = fault { #expect(isKept) } else { #expect(!isKept) }
            let mails = try await family.mails()
            #expect(try await family.list().count == mails)
            #expect(try await family.note())
            #expect(try await family.mails() == 1)
        }
    }

    @Test func `Ten at the same time are one entry and one mail`() async throws {
        let family = try await family()
        try await withThrowingTaskGroup { group in
            for _ in 0..<10 { group.addTask { try await family.note() } }
            for try await isKept in group { #expect(isKept) }
        }
        #expect(try await family.list().count == 1)
        #expect(try await family.mails() == 1)
    }

    @Test func `It is allowed once, for this merchant and amount, by two clicks as by one`()
        async throws
    {
        let family = try await family()
        _ = try await family.note()
        let until = try await family.allow(1)
        #expect(until == family.world.now.adding(FundingLimits.allowOnceTime))
        family.world.clock.advance(by: .seconds(5))
        #expect(try await family.allow(1) == until)
        let exceptions = try await family.exceptions()
        #expect(exceptions.map(\.merchant.text) == ["PRESS-1"])
        #expect(exceptions.map(\.minorUnitsMax) == [450] && exceptions.map(\.end) == [until])
        #expect(try await family.list().map(\.state) == [.allowed(until: until)])
    }

    @Test func `Two clicks at the same time make one exception`() async throws {
        let family = try await family()
        _ = try await family.note()
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 { group.addTask { try await family.allow(1) } }
            try await group.waitForAll()
        }
        #expect(try await family.exceptions().count == 1)
    }

    @Test func `Refused again after it was allowed, it is asked for anew`() async throws {
        let family = try await family()
        _ = try await family.note()
        _ = try await family.allow(1)
        #expect(try await family.note())
        #expect(try await family.list().map(\.number) == [2])
        #expect(try await family.mails() == 2)
        _ = try await family.allow(2)
        #expect(try await family.exceptions().count == 2)
    }

    @Test func `Nobody but the guardian sees or allows`() async throws {
        let family = try await family()
        let otto = try await family.world.person("otto")
        _ = try await family.note()
        for stranger in [otto.key, family.emma.key] {
            await #expect(throws: GuardianRefusal.notYourChild) {
                try await family.refusals.list(
                    of: family.emma.key,
                    by: stranger,
                    at: family.world.now
                )
            }
            await #expect(throws: AllowOnceRefusal.notYourChild) {
                try await family.refusals.allowOnce(
                    1,
                    of: family.emma.key,
                    by: stranger,
                    named: "guardian",
                    at: family.world.now
                )
            }
        }
        #expect(try await family.exceptions().isEmpty)
    }

    @Test func `What no exception would help against is refused in its order`() async throws {
        let family = try await family()
        let desk = family.world.server.desk
        _ = try await family.note()
        await #expect(throws: AllowOnceRefusal.notKnown) { try await family.allow(7) }
        _ = try await desk.setLimits(nil, of: family.emma.card, by: "guardian").get()
        await #expect(throws: AllowOnceRefusal.nothingLimited) { try await family.allow(1) }
        _ = try await desk.freeze(true, family.emma.card, by: "guardian").get()
        await #expect(throws: AllowOnceRefusal.frozen) { try await family.allow(1) }
        _ = try await desk.freeze(false, family.emma.card, by: "guardian").get()
        try await family.limit()
        for number in UInt64(1)...UInt64(SpendingPolicy.exceptionsMax) {
            #expect(try await family.note(number, at: "OTHER"))
            _ = try await family.allow(UInt32(number) + 1)
        }
        await #expect(throws: AllowOnceRefusal.tooMany) { try await family.allow(1) }
        // It was surely not made, and may be allowed later.
        #expect(try await family.list().last?.state == .waiting)
    }

    @Test func `A server that stops between answer and exception allows nothing twice`()
        async throws
    {
        let family = try await family()
        _ = try await family.note()
        // The answer is durable; the commit of the card fails.
        family.world.store.commits.script(.refuse(.unavailable("away")), at: 2)
        await #expect(throws: AllowOnceRefusal.unavailable) { try await family.allow(1) }
        _ = try await family.allow(1)
        #expect(try await family.exceptions().isEmpty)
        // The child is refused once more, and the guardian is asked anew.
        #expect(try await family.note())
        #expect(try await family.list().map(\.state) == [.waiting])
        _ = try await family.allow(2)
        #expect(try await family.exceptions().count == 1)
    }
}
