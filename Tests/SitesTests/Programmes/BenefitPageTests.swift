// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Kernel
import LoyaltyServer
import Sites
import Testing
import Wire

@Suite struct BenefitPageTests {
    private static let form = [
        "code": "lounge", "programme": "9002", "title": "Lounge <day>",
        "description": "One day in the lounge.", "points": "12.50", "money": "", "stock": "2",
    ]

    private static func put(_ browser: Browser, _ changes: [String: String] = [:]) async throws
        -> Browser.Page
    {
        try await browser.open("/benefits")
        return try await browser.send("/benefits", form.merging(changes) { $1 })
    }

    @Test func `a benefit is put into the catalogue, changed, withdrawn and offered again`()
        async throws
    {
        let fixture = try await ProgrammeFixture()
        try await fixture.work { browser async throws in
            let empty = try await browser.open("/benefits")
            try expectWhole(empty)
            #expect(empty.text.contains("The catalogue is empty."))
            #expect(try await Self.put(browser).status == .seeOther)
            let page = try await browser.follow()
            try expectWhole(page)
            #expect(page.text.contains("Lounge &lt;day&gt;"))
            #expect(page.text.contains("12.50 Harbour Stars"))
            let changed = try await browser.send(
                "/benefits/lounge",
                ["title": "Lounge", "description": "A day.", "points": "10", "money": "2.50"]
            )
            #expect(changed.status == .seeOther)
            #expect(try await browser.follow().text.contains("10.00 Harbour Stars + €2.50"))
            try await browser.send("/benefits/lounge/withdraw", [:])
            #expect(try await browser.follow().text.contains(">Withdrawn<"))
            try await browser.send("/benefits/lounge/offer", [:])
            #expect(try await browser.follow().text.contains(">Offered<"))
            let list = try await browser.open("/benefits")
            try expectWhole(list)
            #expect(list.text.contains("href=\"/benefits/lounge\""))
            let acts = try await fixture.acts(fixture.inDatabase)
            #expect(
                acts.map(\.kind) == [.benefitPut, .benefitPut, .benefitWithdrawn, .benefitOffered]
            )
            #expect(acts.allSatisfy { $0.reason == "lounge" })
        }
    }

    @Test(arguments: [
        ("code", "Lounge", "a to z"), ("programme", "9009", "Choose a programme"),
        ("title", "", "1 to 80"), ("description", "", "1 to 120"),
        ("points", "1.234", "at most 2 decimals"), ("points", "", "points, money or both"),
        ("money", "x", "no amount"), ("stock", "many", "a number of pieces"),
        ("stock", "1000000001", "a number of pieces"),
    ])
    func `a wrong entry is told beside it, and nothing is put`(
        _ field: String,
        _ typed: String,
        _ words: String
    ) async throws {
        let fixture = try await ProgrammeFixture()
        try await fixture.work { browser async throws in
            let page = try await Self.put(browser, [field: typed])
            #expect(page.status == .unprocessableContent)
            try expectWhole(page)
            let error = page.text.firstMatch(of: #/id="(\w+)-error">([^<]*)</#)
            #expect(error.map { String($0.1) } == field)
            #expect(error?.2.contains(words) == true, "\(error?.2 ?? "")")
            #expect(try await fixture.benefits.list().isEmpty)
        }
    }

    @Test func `a code that is taken is refused, and the known benefit stays`() async throws {
        let fixture = try await ProgrammeFixture()
        try await fixture.work { browser async throws in
            _ = try await Self.put(browser)
            let page = try await Self.put(browser, ["title": "Another"])
            #expect(page.text.contains("There is a benefit with this code."))
            #expect(try await fixture.benefits.list().map(\.benefit.title) == ["Lounge <day>"])
            for path in ["/benefits/none", "/benefits/None"] {
                #expect(try await browser.open(path).status == .notFound)
            }
        }
    }

    @Test func `stock is set, but not below what was given; what is owed shows`() async throws {
        let fixture = try await ProgrammeFixture()
        let member = try await fixture.enrol("AB-1234-5678")
        let code = try #require(BenefitCode("lounge"))
        try await fixture.work { browser async throws in
            _ = try await Self.put(browser, ["stock": "1"])
            let (first, second) = (
                ProgrammeFixture.transaction(1), ProgrammeFixture.transaction(2)
            )
            let now = ProgrammeFixture.now
            _ = try await fixture.benefits.reserve(code, for: member, transaction: first, now: now)
            _ = try await fixture.benefits.release(first, now: now)
            _ = try await fixture.benefits.reserve(code, for: member, transaction: second, now: now)
            _ = try await fixture.benefits.fulfil(second, now: now)
            // Paid for after all, when the only piece had gone to somebody else.
            _ = try await fixture.benefits.fulfil(first, now: now)
            let page = try await browser.open("/benefits/lounge")
            try expectWhole(page)
            #expect(page.text.contains("One piece is owed"))
            #expect(try await browser.open("/benefits").text.contains(">1 owed<"))
            try await browser.open("/benefits/lounge")
            let refused = try await browser.send("/benefits/lounge/restock", ["pieces": "1"])
            #expect(refused.status == .unprocessableContent)
            #expect(refused.text.contains("The stock was not set"))
            #expect(refused.text.contains("id=\"pieces-error\">2 pieces are reserved or given"))
            for _ in 0..<2 {
                #expect(
                    try await browser.send("/benefits/lounge/restock", ["pieces": "5"]).status
                        == .seeOther
                )
                #expect(try await !browser.follow().text.contains("is owed"))
                #expect(try await fixture.benefits.find(code).left == 3)
            }
            try await browser.send("/benefits/lounge/restock", ["pieces": ""])
            #expect(try await fixture.benefits.find(code).putIn == nil)
        }
    }

    @Test func `redemptions are listed, newest first, without number and voucher`() async throws {
        let fixture = try await ProgrammeFixture()
        let member = try await fixture.enrol("AB-1234-5678")
        let code = try #require(BenefitCode("lounge"))
        try await fixture.work { browser async throws in
            let empty = try await browser.open("/redemptions")
            try expectWhole(empty)
            #expect(empty.text.contains("Nobody has taken anything yet."))
            _ = try await Self.put(browser, ["stock": ""])
            let count = UInt64(ConsoleLimits.pageRows) + 1
            var voucher = ""
            for number in 1...count {
                let transaction = ProgrammeFixture.transaction(number)
                let now = ProgrammeFixture.now
                _ = try await fixture.benefits.reserve(
                    code,
                    for: member,
                    transaction: transaction,
                    now: now
                )
                if number == count {
                    let given = try await fixture.benefits.fulfil(transaction, now: now)
                    voucher = try #require(given.voucher?.reveal())
                }
            }
            let page = try await browser.open("/redemptions")
            try expectWhole(page)
            #expect(page.text.contains("••••••••5678") && !page.text.contains("AB-1234"))
            #expect(!page.text.contains(voucher))
            let newest = try #require(
                page.text.firstRange(of: ProgrammeFixture.transaction(count).text)
            )
            let older = try #require(
                page.text.firstRange(of: ProgrammeFixture.transaction(count - 1).text)
            )
            #expect(newest.lowerBound < older.lowerBound)
            let next = try #require(page.text.firstMatch(of: #/rel="next" href="([^"]+)"/#))
            let last = try await browser.open(String(next.1))
            #expect(last.text.contains(ProgrammeFixture.transaction(1).text))
        }
    }
}
