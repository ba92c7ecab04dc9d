// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Kernel
import LoyaltyServer
import Sites
import Testing
import Wire

@Suite struct ProgrammePageTests {
    private static let form = [
        "code": "9003", "name": "Ferry Points", "home": "card", "exponent": "1",
        "balanceMax": "5000.5", "points": "1.5", "per": "0.10", "currency": "0978",
        "currencyExponent": "2", "rounding": "nearest",
        "bonus": "sunday=2 friday/2026-12-01:2026-12-24=1.5", "pendingDays": "14",
        "expiryMonths": "12", "partners": "BOOKSHOP  PRESS-1", "sites": "FERRY",
    ]

    @Test func `a console without a loyalty server has no programmes`() async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.work { browser async throws in
            #expect(try await !browser.open("/").text.contains("/programmes"))
            for path in ["/programmes", "/benefits", "/redemptions", "/programmes/9001"] {
                #expect(try await browser.open(path).status == .notFound)
            }
        }
    }

    @Test func `programmes are listed with their rule, members and what is outstanding`()
        async throws
    {
        let fixture = try await ProgrammeFixture()
        try await fixture.enrol("AB-1234-5678", in: fixture.onCards)
        fixture.opalServer.set([PointsTranche(expiry: PointsTranche.never, minorUnits: 1_250)])
        try await fixture.work { browser async throws in
            #expect(try await browser.open("/").text.contains("Loyalty server"))
            let page = try await browser.open("/programmes")
            try expectWhole(page)
            for text in [
                "href=\"/programmes/9001\">Skylark Miles<", "1,250 Skylark Miles", "on cards",
                "1 Skylark Miles for each €0.10, rounded down; pending for 14 days; expire after "
                    + "12 months",
                "in the database", "0.00 Harbour Stars",
            ] {
                #expect(page.text.contains(text), "\(text)")
            }
        }
    }

    @Test func `a programme is created, entered at the OPAL server, and written down`()
        async throws
    {
        let fixture = try await ProgrammeFixture(isFounded: false)
        try await fixture.work { browser async throws in
            let empty = try await browser.open("/programmes")
            try expectWhole(empty)
            #expect(empty.text.contains("No programme yet."))
            let answer = try await browser.send("/programmes", Self.form)
            #expect(answer.status == .seeOther)
            try expectWhole(try await browser.follow())
            let record = try #require(try await fixture.module.programmes().first)
            let programme = record.programme
            #expect(programme.name == "Ferry Points" && programme.balanceMax == 50_005)
            #expect(programme.partners.map(\.text) == ["BOOKSHOP", "PRESS-1"])
            #expect(record.rule.points == 15 && record.rule.per.minorUnits == 10)
            #expect(record.rule.bonus.map(\.tenths) == [20, 15])
            #expect(record.rule.expiry == .months(12) && record.rule.pendingDays == 14)
            #expect(fixture.directory.programmes == [programme])
            let acts = try await fixture.acts(programme)
            #expect(acts.map(\.kind) == [.programmeCreated])
            #expect(acts.map(\.operatorName) == [ConsoleFixture.name])
            // The same again.
            try await browser.open("/programmes")
            #expect(try await browser.send("/programmes", Self.form).status == .seeOther)
            #expect(try await fixture.module.programmes() == [record])
        }
    }

    @Test(arguments: [
        ("code", "8999", "9001 to 9999"), ("code", "9000", "9001 to 9999"),
        ("name", "", "1 to 60 bytes"), ("home", "purse", "on the card or in the database"),
        ("exponent", "7", "0 to 6 decimals"), ("balanceMax", "0", "more than zero"),
        ("balanceMax", "1.55", "at most one decimal"), ("points", "0", "at least one minor unit"),
        ("points", "", "an amount of points with at most one decimal"),
        ("per", "1.005", "at most 2 decimals"),
        ("per", "0", "more than zero"), ("currency", "EUR", "four digits"),
        ("currency", "9001", "the first of them 0"),
        ("currencyExponent", "x", "0 to 6 decimals"), ("rounding", "sideways", "nearest or up"),
        ("bonus", "sunday=1.0", "from 1.1 to 100.0"), ("bonus", "someday=2", "someday=2"),
        ("pendingDays", "367", "at most 366 days"), ("pendingDays", "-1", "number of days"),
        ("expiryMonths", "61", "60 months, or never"), ("expiryMonths", "soon", "or nothing"),
        ("partners", "SIXTEEN-LETTERS-", "1 to 15 visible"),
        ("points", "900000000000", "more points than can be counted"),
    ])
    func `a wrong entry is told beside it, and nothing is created`(
        _ field: String,
        _ typed: String,
        _ words: String
    ) async throws {
        let fixture = try await ProgrammeFixture(isFounded: false)
        var form = Self.form
        form[field] = typed
        try await fixture.work { [form] browser async throws in
            try await browser.open("/programmes")
            let page = try await browser.send("/programmes", form)
            #expect(page.status == .unprocessableContent)
            try expectWhole(page)
            let error = page.text.firstMatch(of: #/id="(\w+)-error">([^<]*)</#)
            #expect(error.map { String($0.1) } == field)
            #expect(error?.2.contains(words) == true, "\(error?.2 ?? "")")
            // What was typed is kept.
            #expect(page.text.contains("value=\"Ferry Points\"") || field == "name")
            #expect(try await fixture.module.programmes().isEmpty)
            #expect(fixture.directory.programmes.isEmpty)
        }
    }

    @Test func `another programme with the same code is refused and not written down`()
        async throws
    {
        let fixture = try await ProgrammeFixture()
        var form = Self.form
        form["code"] = "9001"
        try await fixture.work { [form] browser async throws in
            try await browser.open("/programmes")
            let page = try await browser.send("/programmes", form)
            #expect(page.status == .unprocessableContent)
            #expect(page.text.contains("id=\"code-error\">There is another programme"))
            #expect(try await fixture.acts(fixture.onCards).isEmpty)
            #expect(fixture.directory.programmes.isEmpty)
        }
    }

    @Test func `where the OPAL server cannot be told, the same form enters it later`()
        async throws
    {
        let fixture = try await ProgrammeFixture(isFounded: false)
        fixture.directory.set(isClosed: true)
        try await fixture.work { browser async throws in
            try await browser.open("/programmes")
            let page = try await browser.send("/programmes", Self.form)
            #expect(page.text.contains("could not be told of it"))
            #expect(try await fixture.module.programmes().count == 1)
            fixture.directory.set(isClosed: false)
            #expect(try await browser.send("/programmes", Self.form).status == .seeOther)
            #expect(fixture.directory.programmes.count == 1)
        }
    }

    @Test func `a form without the token of the session creates nothing`() async throws {
        let fixture = try await ProgrammeFixture(isFounded: false)
        try await fixture.work { browser async throws in
            let answer = try await browser.send(
                "/programmes",
                Array(Self.form),
                fromElsewhere: false
            )
            #expect(answer.status == .forbidden)
            #expect(try await fixture.module.programmes().isEmpty)
        }
    }

    @Test func `what a programme owes is drawn, told in words, and listed`() async throws {
        let fixture = try await ProgrammeFixture()
        let may = try #require(CivilDate(year: 2026, month: 5, dayOfMonth: 31))
        let june = try #require(CivilDate(year: 2026, month: 6, dayOfMonth: 30))
        fixture.opalServer.set([
            PointsTranche(expiry: CardDate(may), minorUnits: 500),
            PointsTranche(expiry: CardDate(june), minorUnits: 1_000),
            PointsTranche(expiry: PointsTranche.never, minorUnits: 250),
        ])
        try await fixture.work { browser async throws in
            let page = try await browser.open("/programmes/9001")
            try expectWhole(page)
            let bars = page.text.matches(
                of: #/<rect class="chart-cards"[^>]* height="(\d+)"><title>([^<]*)</#
            )
            #expect(bars.map { String($0.1) } == ["500", "1000", "250"])
            #expect(bars.first.map { String($0.2) } == "May 2026: 500 on cards")
            for text in [
                "aria-labelledby=\"liability-text\"", "1,750 Skylark Miles outstanding",
                "The most, 1,000, expire in Jun 2026.", ">No expiry<", "BOOKSHOP",
            ] {
                #expect(page.text.contains(text), "\(text)")
            }
            #expect(try await browser.open("/programmes/9002").text.contains("Nothing is outst"))
            for path in ["/programmes/9003", "/programmes/0978", "/programmes/x"] {
                #expect(try await browser.open(path).status == .notFound)
            }
        }
    }

    @Test func `the largest amounts are drawn as well`() async throws {
        let fixture = try await ProgrammeFixture()
        fixture.opalServer.set([PointsTranche(expiry: PointsTranche.never, minorUnits: .max)])
        try await fixture.work { browser async throws in
            let page = try await browser.open("/programmes/9001")
            try expectWhole(page)
            #expect(page.text.contains("y=\"0\" width=\"7\" height=\"1000\""))
        }
    }

    @Test func `where the OPAL server is silent, the page says what is missing`() async throws {
        let fixture = try await ProgrammeFixture()
        fixture.opalServer.set(isSilent: true)
        try await fixture.work { browser async throws in
            let page = try await browser.open("/programmes/9001")
            try expectWhole(page)
            #expect(page.text.contains("what is on cards is not in these figures"))
            #expect(try await browser.open("/programmes").text.contains("without what is on cards"))
        }
    }

    @Test func `a figure that took long is shown again for a while, with its time`() async throws {
        let fixture = try await ProgrammeFixture()
        fixture.opalServer.set([PointsTranche(expiry: PointsTranche.never, minorUnits: 500)])
        try await fixture.work { browser async throws in
            // Quick ones are always new.
            #expect(try await browser.open("/programmes").text.contains("500 Skylark Miles"))
            fixture.opalServer.set([PointsTranche(expiry: PointsTranche.never, minorUnits: 600)])
            fixture.clock.set(stepSeconds: 1)
            #expect(try await browser.open("/programmes/9001").text.contains("600 Skylark Miles"))
            fixture.opalServer.set([PointsTranche(expiry: PointsTranche.never, minorUnits: 700)])
            for path in ["/programmes", "/programmes/9001"] {
                #expect(try await browser.open(path).text.contains("600 Skylark Miles"))
            }
            fixture.clock.set(stepSeconds: 60)
            _ = fixture.clock.next()
            #expect(try await browser.open("/programmes/9001").text.contains("700 Skylark Miles"))
        }
    }

    @Test func `acts of operators are listed newest first, page by page`() async throws {
        let fixture = try await ProgrammeFixture()
        try await fixture.enrol("AB-1234-5678")
        try await fixture.work { browser async throws in
            let empty = try await browser.open("/programmes/9002/journal")
            try expectWhole(empty)
            #expect(empty.text.contains("Nothing yet."))
            try await browser.open("/programmes/9002/issue")
            try await browser.upload(
                "/programmes/9002/issue",
                "reference,member,points,date\nA,AB-1234-5678,1.00,2026-03-01\n",
                name: "march.csv"
            )
            await fixture.works.settle()
            for _ in 0..<ConsoleLimits.pageRows {
                try await browser.open("/programmes/9002/members")
                try await browser.send("/programmes/9002/members/find", ["text": "AB-1234-5678"])
            }
            let page = try await browser.open("/programmes/9002/journal")
            try expectWhole(page)
            let looks = page.text.matches(of: #/>Looked up a member</#).count
            #expect(looks == ConsoleLimits.pageRows && !page.text.contains("AB-1234"))
            #expect(page.text.contains("••••••••5678"))
            #expect(page.text.contains(">\(ConsoleFixture.name)<"))
            let next = try #require(page.text.firstMatch(of: #/rel="next" href="([^"]+)"/#))
            let rest = try await browser.open(String(next.1))
            #expect(rest.text.contains(">Issued points<") && rest.text.contains(">march.csv<"))
            let file = try #require(rest.text.firstMatch(of: #/href="([^"]+/files/[^"]+)"/#))
            #expect(try await browser.open(String(file.1)).status == .ok)
            let back = try #require(rest.text.firstMatch(of: #/rel="prev" href="([^"]+)"/#))
            #expect(try await browser.open(String(back.1)).text.contains("Looked up a member"))
            #expect(try await browser.open("/programmes/9009/journal").status == .notFound)
        }
    }

    @Test func `a console without the OPAL server says who has to enter the programme`()
        async throws
    {
        let fixture = try await ProgrammeFixture(entersProgrammes: false)
        try await fixture.work { browser async throws in
            #expect(try await browser.open("/programmes").text.contains("runs elsewhere"))
        }
    }
}
