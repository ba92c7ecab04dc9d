// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Kernel
import LoyaltyServer
import Merchant
import Simulation
import Sites
import Testing
import Wire

@Suite struct AirlineRedemptionTests {
    /// The first voucher code on a page.
    private func voucher(on page: Browser.Page) -> String? {
        page.text.firstMatch(of: /([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}/).map {
            String($0.output.0)
        }
    }

    // MARK: Points on the card

    @Test func `a benefit for points of the card is an order in points`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            let order = try await fixture.redeem(browser, "lounge")
            let page = try await fixture.page(browser, order.location)
            #expect(page.terms.amount.minorUnits == 300)
            #expect(page.terms.amount.currency.digits == "9001" && page.terms.otherHalf == nil)
            #expect(browser.page.text.contains("Pay 300\u{A0}points with your card"))
            #expect(try await fixture.left("lounge") == 4)
            let result = try await fixture.result(page)
            try await fixture.bring(result, browser)
            let receipt = try await browser.follow()
            let code = try #require(voucher(on: receipt))
            // Again, by whatever way: one benefit, one code.
            try await fixture.bring(result, browser)
            #expect(try await browser.follow().text.contains(code))
            #expect(try await browser.open("/member").text.contains(code))
            let view = try await fixture.benefits.find(try #require(BenefitCode("lounge")))
            #expect(view.fulfilled == 1 && view.reserved == 0)
        }
    }

    @Test func `points and money of the card are one order`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            let order = try await fixture.redeem(browser, "window")
            let page = try await fixture.page(browser, order.location)
            #expect(page.terms.amount.minorUnits == 250 && page.terms.amount.currency == .euro)
            let half = try #require(page.terms.otherHalf)
            #expect(half.amount.minorUnits == 50 && half.amount.currency.digits == "9001")
            #expect(browser.page.text.contains("Pay 50\u{A0}points + €2.50 with your card"))
            try await fixture.bring(try await fixture.result(page), browser)
            #expect(voucher(on: try await browser.follow()) != nil)
        }
    }

    @Test func `a file is given to who redeemed it and to nobody else`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            let order = try await fixture.redeem(browser, "routes")
            let page = try await fixture.page(browser, order.location)
            let file = order.location.replacing("/order/", with: "/files/")
            #expect(try await browser.open(file).status == .seeOther)
            try await fixture.bring(try await fixture.result(page), browser)
            let receipt = try await browser.follow()
            #expect(receipt.text.contains("Download skylark-routes.svg"))
            let answer = try await browser.open(file)
            #expect(answer.headers[.contentType] == "image/svg+xml")
            #expect(answer.text.contains("Varn Harbour"))
            let wrong = file.prefix { $0 != "=" } + "=" + String(repeating: "A", count: 22)
            #expect(try await browser.open(String(wrong)).status == .notFound)
        }
    }

    @Test func `a payment that the card refuses puts the benefit back`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            let order = try await fixture.redeem(browser, "lounge")
            let page = try await fixture.page(browser, order.location)
            try await fixture.bring(try await fixture.result(page, .refused), browser)
            let answer = try await browser.follow()
            #expect(answer.text.contains("Not redeemed"))
            #expect(answer.text.contains("No points and no money were taken."))
            #expect(try await fixture.left("lounge") == 5)
            #expect(try await browser.open(order.location).status == .seeOther)
        }
    }

    // MARK: Points in the database

    @Test func `points of the database are debited once, after the proof`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            try await fixture.give(150)
            let order = try await fixture.redeem(browser, "wings")
            let page = try await fixture.page(browser, order.location)
            #expect(page.terms.amount == .proof)
            #expect(browser.page.text.contains("Prove it is you with your card"))
            #expect(try await fixture.available() == 150)
            let result = try await fixture.result(page)
            for _ in 0..<2 {
                try await fixture.bring(result, browser)
                #expect(voucher(on: try await browser.follow()) != nil)
                #expect(try await fixture.available() == 50)
            }
            #expect(try await browser.open("/member").text.contains("Redeemed"))
        }
    }

    @Test func `who has not enough points is told so and no order is made`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            try await fixture.give(99)
            let page = try await browser.open("/benefits/wings")
            #expect(page.text.contains("You have not enough points"))
            #expect(page.text.contains("99\u{A0}points") && !page.text.contains("/redeem"))
            let answer = try await fixture.redeem(browser, "wings")
            #expect(answer.status == .conflict)
            #expect(try await fixture.left("wings") == 1)
        }
    }

    @Test func `the proof of another card takes nobody's points`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser.stranger(), card: AirlineFixture.otherCard)
            try await fixture.join(browser)
            try await fixture.give(150)
            try await fixture.give(150, card: AirlineFixture.otherCard)
            let order = try await fixture.redeem(browser, "wings")
            let page = try await fixture.page(browser, order.location)
            let result = try await fixture.result(page, card: AirlineFixture.otherCard)
            try await fixture.bring(result, browser)
            #expect(try await browser.follow().text.contains("Another card answered"))
            #expect(try await fixture.available() == 150)
            #expect(try await fixture.available(card: AirlineFixture.otherCard) == 150)
            #expect(try await fixture.left("wings") == 1)
        }
    }

    @Test func `points that were spent between order and proof give nothing`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            try await fixture.give(150)
            let order = try await fixture.redeem(browser, "wings")
            let page = try await fixture.page(browser, order.location)
            let member = try await fixture.member(AirlineFixture.club)
            _ = try await fixture.loyalty.debit(
                100,
                of: member,
                for: TransactionIdentifier(high: 7, low: 7),
                now: fixture.world.now
            )
            let result = try await fixture.result(page)
            try await fixture.bring(result, browser)
            let gone = "Your points were not enough any more"
            #expect(try await browser.follow().text.contains(gone))
            #expect(try await fixture.left("wings") == 1)
            // Also with more points the same proof takes nothing later.
            try await fixture.give(500)
            try await fixture.bring(result, browser)
            #expect(try await browser.follow().text.contains(gone))
            #expect(try await fixture.available() == 550)
        }
    }

    @Test func `points of the database beside money are both taken or neither`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            try await fixture.give(200)
            for (outcome, left) in [(SaleOutcome.refused, UInt64(200)), (.sold, 120)] {
                let order = try await fixture.redeem(browser, "bag")
                let page = try await fixture.page(browser, order.location)
                #expect(page.terms.amount.minorUnits == 400 && page.terms.otherHalf == nil)
                #expect(browser.page.text.contains("We have put 80\u{A0}points of yours aside"))
                #expect(try await fixture.available() == 120)
                try await fixture.bring(try await fixture.result(page, outcome), browser)
                let answer = try await browser.follow()
                #expect(answer.text.contains("It is yours") == (outcome == .sold))
                #expect(try await fixture.available() == left)
            }
        }
    }

    @Test func `a server that dies between piece and points gives the points back later`()
        async throws
    {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            try await fixture.give(80)
            let order = try await fixture.redeem(browser, "bag")
            let page = try await fixture.page(browser, order.location)
            // The piece is back, and the points are not.
            try await fixture.benefits.release(page.terms.transaction, now: fixture.world.now)
            #expect(try await fixture.available() == 0)
            fixture.world.clock.advance(by: BenefitLimits.reservationTime + .seconds(1))
            #expect(try await fixture.desk.settle(now: fixture.world.now).released == 1)
            #expect(try await fixture.available() == 80)
            #expect(try await fixture.desk.settle(now: fixture.world.now) == RedemptionDesk.Round())
        }
    }

    @Test(arguments: [true, false])
    func `money that is paid after all takes the points again, where they are there`(
        areThere: Bool
    ) async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            try await fixture.give(80)
            let order = try await fixture.redeem(browser, "bag")
            let page = try await fixture.page(browser, order.location)
            let result = try await fixture.result(page)
            fixture.world.clock.advance(by: BenefitLimits.reservationTime + .seconds(1))
            #expect(try await fixture.desk.settle(now: fixture.world.now).released == 1)
            #expect(try await fixture.available() == 80)
            // They are spent elsewhere; the member may have earned others.
            _ = try await fixture.loyalty.debit(
                80,
                of: try await fixture.member(AirlineFixture.club),
                for: TransactionIdentifier(high: 7, low: 7),
                now: fixture.world.now
            )
            if areThere { try await fixture.give(120) }
            for _ in 0..<2 {
                try await fixture.bring(result, browser)
                #expect(try await browser.follow().text.contains("It is yours"))
                #expect(try await fixture.available() == (areThere ? 40 : 0))
            }
            let end = try await fixture.benefits.redemption(page.terms.transaction)
            #expect(end.points == (areThere ? .settled : .areMissing))
            #expect(try await fixture.desk.settle(now: fixture.world.now) == RedemptionDesk.Round())
        }
    }

    // MARK: Stock

    @Test func `the last one is kept for who orders first`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            let other = browser.stranger()
            try await fixture.join(browser)
            try await fixture.join(other, card: AirlineFixture.otherCard)
            try await fixture.give(150)
            try await fixture.give(150, card: AirlineFixture.otherCard)
            let late = try await other.open("/benefits/wings")
            #expect(try await fixture.redeem(browser, "wings").status == .seeOther)
            let answer = try await other.submit(
                "/redeem",
                ["benefit": "wings", "csrf": late.csrf]
            )
            #expect(answer.status == .conflict)
            #expect(answer.text.contains("Nothing is left of it"))
            #expect(answer.text.contains("Your points and your money are where they were"))
            #expect(try await fixture.available(card: AirlineFixture.otherCard) == 150)
        }
    }

    @Test func `nobody keeps more than a few that are not paid for`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            for _ in 0..<AirlineLimits.openPerMember {
                #expect(try await fixture.redeem(browser, "lounge").status == .seeOther)
            }
            let answer = try await fixture.redeem(browser, "lounge")
            #expect(answer.status == .conflict)
            #expect(answer.text.contains("Finish what you began first"))
            #expect(try await fixture.left("lounge") == 2)
        }
    }

    @Test func `what nobody paid for goes back, with the points that were put aside`()
        async throws
    {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            try await fixture.give(80)
            let order = try await fixture.redeem(browser, "bag")
            let now = fixture.world.now
            #expect(try await fixture.desk.settle(now: now) == RedemptionDesk.Round())
            fixture.world.clock.advance(by: BenefitLimits.reservationTime + .seconds(1))
            let round = try await fixture.desk.settle(now: fixture.world.now)
            #expect(round.released == 1 && round.given == 0 && round.failed == 0)
            #expect(try await fixture.left("bag") == 5)
            #expect(try await fixture.available() == 80)
            let behind = order.location.replacing("/order/", with: "/redemptions/")
            #expect(try await browser.open(behind).text.contains("Not redeemed"))
        }
    }

    @Test func `a browser closed after the payment costs nobody the benefit`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            try await fixture.give(150)
            let order = try await fixture.redeem(browser, "wings")
            let page = try await fixture.page(browser, order.location)
            // The result reaches the site, and its answer nobody.
            _ = try await fixture.world.merchant().receive(
                Array((try await fixture.result(page)["result"] ?? "").utf8),
                of: page.terms.transaction,
                now: fixture.world.now
            )
            fixture.world.clock.advance(by: BenefitLimits.reservationTime + .seconds(1))
            let round = try await fixture.desk.settle(now: fixture.world.now)
            #expect(round.given == 1)
            #expect(try await fixture.available() == 50)
        }
    }

    @Test func `a store that fails between debit and benefit is asked again`() async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            try await fixture.give(150)
            let order = try await fixture.redeem(browser, "wings")
            let page = try await fixture.page(browser, order.location)
            // The debit is durable, and what comes behind it is not.
            _ = try await fixture.loyalty.debit(
                100,
                of: try await fixture.member(AirlineFixture.club),
                for: page.terms.transaction,
                now: fixture.world.now
            )
            try await fixture.bring(try await fixture.result(page), browser)
            #expect(voucher(on: try await browser.follow()) != nil)
            #expect(try await fixture.available() == 50)
        }
    }
}
