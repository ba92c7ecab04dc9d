// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import HTTPTypes
import Kernel
import Records
import Testing
import Wire

@testable import Simulation
@testable import Sites

/// Issuers, acquirers and merchants see what is their own at the clearing house, and nothing else.
@Suite struct ConsoleClearingRoleTests {
    private struct Settled {
        let fixture: ConsoleFixture
        let day: String
        /// To the merchant, and its fee to the acquirer.
        let payouts: [Payout]

        var merchants: String { path(.merchant(fixture.world.shops[0].merchant)) }
        var acquirers: String { path(.acquirer(WorldKeys.acquirerNumber)) }

        private func path(_ owner: LedgerAccount.Owner) -> String {
            let payout = payouts.first { $0.account.owner == owner }
            return "/clearing/payouts/\(payout?.name.reference ?? "none")"
        }
    }

    /// A console beside a clearing house with a settled day of one sale.
    private func settled(acquirer: UInt32 = WorldKeys.acquirerNumber) async throws -> Settled {
        var plan = ClearingPlan()
        let fee = try #require(FeeRule(rate: 100_000, minimum: .zero, perBatch: .zero))
        plan.fee = fee
        plan.firstFee = fee
        let fixture = try await ConsoleFixture(clearing: plan, acquirer: acquirer)
        _ = try await fixture.pay()
        let house = try await fixture.credit().house
        let run = try #require(try await house.settle(fixture.world.now, isEarly: true))
        let payouts = try await house.payouts(of: run.day, limit: 10)
        #expect(payouts.count == 2)
        return Settled(fixture: fixture, day: "/clearing/days/\(run.day.digits)", payouts: payouts)
    }

    /// The reports of the merchant's payout; that of the acquirer has none.
    private func reports(
        _ settled: Settled,
        _ merchants: HTTPResponse.Status,
        _ browser: Browser
    ) async throws {
        for kind in ["csv", "pdf"] {
            let merchant = try await browser.open("\(settled.merchants)/report.\(kind)")
            let acquirer = try await browser.open("\(settled.acquirers)/report.\(kind)")
            #expect(merchant.status == merchants && acquirer.status == .notFound, "\(kind)")
        }
    }

    /// Acts of the clearing house, which are not there for a part.
    private func actsOnNothing(_ settled: Settled, _ browser: Browser) async throws {
        let paths = [
            "/clearing/close", "\(settled.merchants)/return",
        ]
        for path in paths {
            try await browser.open("/clearing")
            let answer = try await browser.send(path, ["reason": "closed"])
            #expect(answer.status == .notFound, "\(path)")
        }
        #expect(try await settled.fixture.clearingActs() == 0)
    }

    @Test func `an acquirer sees its merchants' accounts and payouts, and decides nothing`()
        async throws
    {
        let settled = try await settled()
        let merchant = settled.fixture.world.shops[0].merchant.text
        try await settled.fixture.work(as: .acquirer) { browser async throws in
            try await browser.answers([
                settled.day: .ok, settled.merchants: .ok, settled.acquirers: .ok,
                "/clearing/suspense": .ok, "/clearing/disputes": .notFound,
            ])
            let books = try await browser.open("/clearing")
            try expectWhole(books)
            for text in ["Acquirer ", "Merchant \(merchant)", "Fees", "A day ends at"] {
                #expect(books.text.contains(text), "\(text)")
            }
            #expect(!books.text.contains("Pool of issuer") && !books.text.contains("Close the day"))
            let day = try await browser.open(settled.day)
            #expect(day.text.contains(merchant) && !day.text.contains("owes"))
            try await reports(settled, .ok, browser)
            try await actsOnNothing(settled, browser)
        }
    }

    @Test func `an acquirer sees nothing of another one`() async throws {
        let settled = try await settled(acquirer: 99)
        let merchant = settled.fixture.world.shops[0].merchant.text
        try await settled.fixture.work(as: .acquirer) { browser async throws in
            try await browser.answers([
                settled.merchants: .notFound, settled.acquirers: .notFound,
            ])
            for path in ["/clearing", settled.day, "/clearing/suspense"] {
                let page = try await browser.open(path)
                try expectWhole(page)
                for text in [merchant, "Acquirer ", "Merchant ", "Paid"] {
                    #expect(!page.text.contains(text), "\(path): \(text)")
                }
            }
            #expect(try await browser.open(settled.day).text.contains("Nothing was paid out."))
            try await reports(settled, .notFound, browser)
        }
    }

    @Test func `an issuer sees its pool and what it owes, and no merchant's account`()
        async throws
    {
        let settled = try await settled()
        let issuer = settled.fixture.world.cards[0].issuer
        let merchant = settled.fixture.world.shops[0].merchant.text
        try await settled.fixture.work(as: .issuer(issuer)) { browser async throws in
            try await browser.answers([
                settled.merchants: .notFound, settled.acquirers: .notFound,
                "/clearing/suspense": .ok, "/clearing/disputes": .notFound,
            ])
            let books = try await browser.open("/clearing")
            try expectWhole(books)
            #expect(books.text.contains("Pool of issuer \(issuer.digits)"))
            for text in [merchant, "Acquirer ", "Fees", "Payouts", "Close the day"] {
                #expect(!books.text.contains(text), "\(text)")
            }
            let day = try await browser.open(settled.day)
            try expectWhole(day)
            #expect(day.text.contains("Issuer \(issuer.digits) owes"))
            #expect(!day.text.contains(merchant) && !day.text.contains("paid out"))
            try await reports(settled, .notFound, browser)
            try await actsOnNothing(settled, browser)
        }
    }

    @Test func `an issuer sees nothing of another one`() async throws {
        let settled = try await settled()
        let issuer = settled.fixture.world.cards[0].issuer.digits
        let other = try #require(IssuerIdentifier("111111"))
        try await settled.fixture.work(as: .issuer(other)) { browser async throws in
            for path in ["/clearing", settled.day, "/clearing/suspense"] {
                let page = try await browser.open(path)
                try expectWhole(page)
                for text in [issuer, "Pool", "Merchant ", "Paid"] {
                    #expect(!page.text.contains(text), "\(path): \(text)")
                }
            }
            let day = try await browser.open(settled.day)
            #expect(day.text.contains("Issuer 111111 owes") && day.text.contains("nothing"))
        }
    }

    @Test func `a merchant sees its own payout, and no day`() async throws {
        let settled = try await settled()
        let merchant = settled.fixture.world.shops[0].merchant
        try await settled.fixture.work(as: .merchant(merchant)) { browser async throws in
            try await browser.answers([
                "/clearing": .ok, settled.merchants: .ok, settled.acquirers: .notFound,
                settled.day: .notFound, "/clearing/suspense": .notFound,
                "/clearing/disputes": .ok,
            ])
            try await reports(settled, .ok, browser)
            try await actsOnNothing(settled, browser)
        }
    }

    @Test func `a merchant sees no payout of another one, and an auditor each of them`()
        async throws
    {
        let settled = try await settled()
        let other = try #require(MerchantIdentifier("HARBOUR-9"))
        try await settled.fixture.work(as: .merchant(other)) { browser async throws in
            try await browser.answers([settled.merchants: .notFound])
            try await reports(settled, .notFound, browser)
        }
        let second = try await self.settled()
        try await second.fixture.work(as: .auditor) { browser async throws in
            try await browser.answers([
                second.day: .ok, second.merchants: .ok, second.acquirers: .ok,
                "/clearing/suspense": .ok,
            ])
            try await reports(second, .ok, browser)
            #expect(try await !browser.open("/clearing").text.contains("Close the day"))
        }
    }

    @Test func `a sale that was set aside is shown to its issuer and its acquirer alone`()
        async throws
    {
        var plan = ClearingPlan()
        plan.isLastMerchantLate = true
        let strange = try #require(IssuerIdentifier("111111"))
        let own = WorldKeys.acquirerNumber
        for (acquirer, isIssuers, isSeen) in [
            (own, false, true), (99, false, false), (own, true, true), (own, nil, false),
        ] as [(UInt32, Bool?, Bool)] {
            let fixture = try await ConsoleFixture(clearing: plan, acquirer: acquirer)
            let transaction = try await fixture.pay().terms.transaction.text
            let house = try await fixture.credit().house
            let sales = try await house.suspended(after: nil, limit: 2)
            let place = try #require(sales.first).place.reference
            let issuer = fixture.world.cards[0].issuer
            let role: OperatorRole =
                switch isIssuers {
                case false: .acquirer
                case true: .issuer(issuer)
                default: .issuer(strange)
                }
            try await fixture.work(as: role) { browser async throws in
                let page = try await browser.open("/clearing/suspense")
                try expectWhole(page)
                #expect(page.text.contains(transaction) == isSeen)
                #expect(!page.text.contains("Give up"))
                let books = try await browser.open("/clearing")
                #expect(books.text.contains("Set aside: \(isSeen ? 1 : 0)"))
                for decision in ["release", "reject"] {
                    try await browser.open("/clearing")
                    let path = "/clearing/suspense/\(place)/\(decision)"
                    #expect(try await browser.send(path, [:]).status == .notFound)
                }
                guard isSeen else { return }
                let story = try await browser.open("/transactions/\(transaction)")
                try expectWhole(story)
                #expect(story.text.contains("the clearing house has set the sale aside"))
            }
            #expect(try await fixture.clearingActs() == 0)
        }
    }

    /// The numbers from 1 to a last one, as a list that gives pages.
    private func page(
        of last: Int,
        after: Int?,
        limit: Int,
        isNarrowed: Bool = true,
        isSeen: (Int) -> Bool
    ) async -> SeenPage<Int, Int> {
        await SeenPage(
            after: after,
            limit: limit,
            isNarrowed: isNarrowed,
            of: { $0 },
            isSeen: { number async throws(Never) in isSeen(number) },
            page: { after, limit async throws(Never) in
                let first = (after ?? 0) + 1
                return first > last ? [] : Array(first...min(last, first + limit - 1))
            }
        )
    }

    @Test func `a list is narrowed before it is cut, and goes on where it ended`() async {
        let first = await page(of: 2_000, after: nil, limit: 2) { $0 % 700 == 0 }
        #expect(first.items == [700, 1_400] && first.next == 1_400)
        let second = await page(of: 2_000, after: first.next, limit: 2) { $0 % 700 == 0 }
        #expect(second.items.isEmpty && second.next == nil)
        let max = ConsoleLimits.narrowedSearchedMax
        let far = await page(of: max + 3_000, after: nil, limit: 2) { $0 == max + 2_000 }
        let goesOn = far.next ?? 0
        #expect(far.items.isEmpty && goesOn >= max)
        let found = await page(of: max + 3_000, after: goesOn, limit: 2) { $0 == max + 2_000 }
        #expect(found.items == [max + 2_000] && found.next == nil)
    }

    @Test func `a list that is not narrowed is read as far as it is wanted`() async {
        let few = await page(of: 10, after: 3, limit: 4, isNarrowed: false) { _ in true }
        #expect(few.items == [4, 5, 6, 7] && few.next == 7)
        let last = await page(of: 10, after: few.next, limit: 4, isNarrowed: false) { _ in true }
        #expect(last.items == [8, 9, 10] && last.next == nil)
        // More than a store gives at once.
        let max = RecordLimits.pageMax
        let many = await page(of: 3 * max, after: nil, limit: 2 * max, isNarrowed: false) { _ in
            true
        }
        #expect(many.items == Array(1...2 * max) && many.next == 2 * max)
    }
}
