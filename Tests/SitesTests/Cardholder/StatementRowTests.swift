// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import PaymentServer
import Simulation
import Sites
import Testing

/// Every way in which a balance changes has a row with its name and the balance after it, in the
/// statement and in the file; also on a card that was renewed.
struct StatementRowTests {
    @Test func `loads, purchases and what is put back are named, with a running balance`()
        async throws
    {
        let world = try await CardWorld(isFunded: true)
        try await Loader.run(world) { loader in
            let browser = loader.card
            try await fill(loader)
            try await browser.open("/statement")
            let month = try #require(browser.page.headers[.location])
            try expectWhole(try await browser.follow())
            let rows = [
                "Value loaded €50.00", "Loaded from the bank €75.00",
                "Loaded from the account €85.00", "Standing top-up €110.00", "PRESS-1 €108.50",
                "PRESS-1 €107.00", "Value put back €108.50",
            ]
            #expect(browser.page.rows == rows)
            for text in ["Quay Bank", "From account •••• 1111", "from account •••• 1111"] {
                #expect(browser.page.text.contains(text), "\(text)")
            }
            #expect(
                browser.page.sum == [
                    "opening €0.00", "loaded +€110.00", "putBack +€1.50", "paid −€3.00",
                    "closing €108.50",
                ]
            )
            let files = try #require(
                browser.page.text.firstMatch(of: /href="([^"]*history\.csv[^"]*)"/)
            )
            let file = try await browser.open(
                String(files.output.1).replacing("&amp;", with: "&")
            )
            #expect(
                file.lines == [
                    "load,Value loaded,Harbour Bank,50.00,EUR,50.00",
                    "load,Loaded from the bank,Quay Bank,25.00,EUR,75.00",
                    "load,Loaded from the account,From account •••• 1111,10.00,EUR,85.00",
                    "load,Standing top-up,from account •••• 1111,25.00,EUR,110.00",
                    "payment,PRESS-1,A short story,-1.50,EUR,108.50",
                    "payment,PRESS-1,A short story,-1.50,EUR,107.00",
                    "recovery,Value put back,A short story,1.50,EUR,108.50",
                ]
            )
            #expect(month.hasPrefix("/statement/"))
        }
    }

    @Test func `a child's gift and allowance are named to child and guardian`() async throws {
        try await Family.meet { family in
            let world = family.world
            try await family.give("20")
            let (hour, weekday) = (
                Int(world.world.now.milliseconds / 3_600_000 % 24),
                Weekday(day: world.world.now.day)
            )
            try #require(hour < 23)
            try await confirmOrder(
                family.guardian,
                family.path + "/allowance",
                [
                    "amount": "5", "weekday": String(weekday.rawValue),
                    "hour": String(hour + 1), "clock": "0",
                ]
            )
            world.world.clock.advance(by: .seconds(3_600))
            await world.family.orders.run(at: world.world.now)
            let (guardian, child) = (family.guardian, family.child)
            try await world.signIn(child, as: Family.child)
            try await child.open("/statement")
            let month = try #require(child.page.headers[.location])
            try expectWhole(try await child.follow())
            #expect(child.page.rows == ["From your guardian €20.00", "Weekly allowance €25.00"])
            try await child.open("/history.csv")
            let lines = [
                "load,From your guardian,,20.00,EUR,20.00",
                "allowance,Weekly allowance,,5.00,EUR,25.00",
            ]
            #expect(child.page.lines == lines)
            // The guardian has the statement, too.
            try await world.signIn(guardian)
            try await guardian.open(family.path + "/history")
            #expect(guardian.page.text.contains("href=\"\(family.path)\(month)\""))
            try expectWhole(try await guardian.open(family.path + month))
            #expect(guardian.page.rows == ["From you €20.00", "Weekly allowance €25.00"])
            #expect(guardian.page.text.contains("<dd>Emma</dd>"))
            try await guardian.open(family.path + "/history.csv")
            #expect(guardian.page.lines == lines)
        }
    }

    @Test func `the history of the card before the present one can still be looked at`()
        async throws
    {
        let world = try await CardWorld(isFunded: true)
        try await Loader.run(world) { loader in
            let browser = loader.card
            try await fill(loader)
            let path = "/before/history"
            #expect(try await browser.open(path).status == .notFound)
            try await browser.open("/history")
            #expect(!browser.page.text.contains("Card before"))
            let profile = try await world.users.profile(ofIdentifier: CardWorld.identifier)
            let old = try #require(profile?.card)
            world.world.clock.advance(by: CardWorld.expiryTime)
            try await world.signIn(browser)
            try await browser.send("/renew", [:])
            try expectWhole(try await browser.open("/history"))
            #expect(browser.page.rows == ["Value moved from the old card €108.50"])
            #expect(browser.page.text.contains("href=\"\(path)\""))
            #expect(browser.page.text.contains(old.masked))
            try expectWhole(try await browser.open(path))
            let rows = browser.page.rows
            #expect(rows.count == 8 && rows.first == "Value moved to the new card €0.00")
            #expect(rows.last == "Value loaded €50.00")
            #expect(browser.page.text.contains("href=\"/history\""))
            #expect(!browser.page.text.contains("method=\"post\" action=\"/before"))
            try expectWhole(try await browser.open(path + "?kind=recovery"))
            #expect(browser.page.rows == ["Value put back €108.50"])
            try await browser.open(path + ".csv")
            #expect(browser.page.lines.count == 8)
            #expect(
                browser.page.lines.last?.hasPrefix("moved,Value moved to the new card,") == true
            )
            try await browser.open("/before/statement")
            try expectWhole(try await browser.follow())
            #expect(browser.page.rows == ["Value moved to the new card €0.00"])
            #expect(
                browser.page.sum == [
                    "opening €108.50", "moved −€108.50", "closing €0.00",
                ]
            )
        }
    }

    @Test func `what nobody used leaves and comes back with rows that say so`() async throws {
        let world = try await CardWorld(isFunded: true)
        try await Loader.run(world) { loader in
            let browser = loader.card
            world.world.clock.advance(by: .seconds(40 * 86_400))
            _ = try await world.sweeps.sweep(of: nil, isTrial: false)
            let issuer = world.world.issuer.identifier
            let all = try await world.sweeps.book.sweeps(of: issuer, after: 0, limit: 10)
            let own = try #require(all.first { $0.amount.minorUnits == CardWorld.value })
            _ = try await world.sweeps.giveBack(own.number, of: issuer)
            try await world.signIn(browser)
            try await browser.open("/statement")
            try expectWhole(try await browser.follow())
            #expect(
                browser.page.rows == [
                    "Unused value moved to the issuer €0.00", "Unused value given back €50.00",
                ]
            )
            #expect(
                browser.page.sum == [
                    "opening €50.00", "loaded +€50.00", "swept −€50.00", "closing €50.00",
                ]
            )
            try await browser.open("/history.csv")
            #expect(
                browser.page.lines.suffix(2) == [
                    "swept,Unused value moved to the issuer,"
                        + "The card was not used; ask its issuer to have it back,-50.00,EUR,0.00",
                    "load,Unused value given back,,50.00,EUR,50.00",
                ]
            )
            try expectWhole(try await browser.open("/history?kind=swept"))
            #expect(browser.page.rows == ["Unused value moved to the issuer €0.00"])
        }
    }

    @Test func `a guardian looks at the card that a child had before, and the child does`()
        async throws
    {
        try await Family.meet { family in
            let (guardian, child) = (family.guardian, family.child)
            let other = guardian.stranger()
            try await family.world.enter(other, as: "otto.k")
            try await family.give("20")
            family.world.world.clock.advance(by: CardWorld.expiryTime)
            try await family.world.signIn(guardian)
            try await guardian.open(family.path)
            try await guardian.send(family.path + "/renew", [:])
            try expectWhole(try await guardian.open(family.path + "/history"))
            let path = family.path + "/before/history"
            #expect(guardian.page.text.contains("href=\"\(path)\""))
            try expectWhole(try await guardian.open(path))
            #expect(guardian.page.rows == ["Value moved to the new card €0.00", "From you €20.00"])
            try expectWhole(try await guardian.open(family.path + "/before/statement/2026-11"))
            try await guardian.open(path + ".csv")
            #expect(guardian.page.lines.count == 2)
            #expect(try await guardian.open("/before/history").status == .notFound)
            try await family.world.signIn(child, as: Family.child)
            try expectWhole(try await child.open("/before/history"))
            #expect(
                child.page.rows == [
                    "Value moved to the new card €0.00", "From your guardian €20.00",
                ]
            )
            // Nobody else's.
            try await family.world.signIn(other, as: "otto.k")
            for place in [path, path + ".csv", family.path + "/before/statement/2026-11"] {
                #expect(try await other.open(place).status == .notFound)
            }
        }
    }

    /// One row of each kind that an own card can have.
    private func fill(_ loader: Loader) async throws {
        let (world, browser) = (loader.world, loader.card)
        let (_, consent) = try await loader.begin("25")
        try await browser.send(consent, ["decision": "load"])
        try await browser.open("/add-value/confirm?amount=10")
        try await confirm(browser, "/add-value/confirm")
        try await confirmOrder(
            browser,
            "/top-up",
            ["threshold": "100", "amount": "25", "monthMax": "25"]
        )
        await world.family.orders.run(at: world.world.now)
        let path = try await world.checkout(browser)
        try await browser.send(path, ["decision": "pay"])
        let lost = try await world.checkout(browser)
        world.world.link.plan.script(.dropRequest, at: 2)
        try await browser.send(lost, ["decision": "pay"])
        world.world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        #expect(await world.world.payments.giveUpLateSales() == 1)
        #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 1)
    }
}

extension Browser.Page {
    /// Of the table of transactions: name and balance of each.
    fileprivate var rows: [String] {
        let names = text.matches(of: /<span class="name">(?:<a [^>]*>)?([^<]*)</)
        let balances = text.matches(of: /class="number balance">([^<]*)</)
        return zip(names, balances).map { "\($0.output.1) \($1.output.1)" }
    }

    /// Of a statement: what it adds up.
    fileprivate var sum: [String] {
        let fact = /data-fact="(\w+)"><dt>[^<]*<\/dt><dd class="number">([^<]*)</
        return text.matches(of: fact).map { "\($0.output.1) \($0.output.2)" }
    }

    /// Of a file, oldest first: all but time and transaction.
    fileprivate var lines: [String] {
        text.split(separator: "\r\n").dropFirst().reversed().map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).dropFirst().dropLast()
                .joined(separator: ",")
        }
    }
}
