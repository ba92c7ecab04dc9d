// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import Simulation
import Sites
import Testing

/// The history of a card: pages, filter, file.
struct HistoryPageTests {
    @Test func `the history has pages, a filter and a picture of what was spent`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            for _ in 0..<30 {
                let path = try await world.checkout(browser, article: 1)
                try await browser.send(path, ["decision": "pay"])
            }
            try expectWhole(try await browser.open("/card"))
            #expect(browser.page.text.contains("€6.00 in the last 30 days, on 1 day"))
            try expectWhole(try await browser.open("/history"))
            #expect(browser.page.text.contains("1 to 25 of 31"))
            try expectWhole(try await browser.open("/history?page=1"))
            #expect(browser.page.text.contains("26 to 31 of 31"))
            #expect(browser.page.text.contains("Value loaded"))
            try expectWhole(try await browser.open("/history?kind=load"))
            #expect(browser.page.text.contains("1 to 1 of 1"))
            try expectWhole(try await browser.open("/history?text=press&page=1"))
            #expect(browser.page.text.contains("26 to 30 of 30"))
            try expectWhole(try await browser.open("/history?from=2031-01-01"))
            #expect(browser.page.text.contains("No transaction fits"))
            try expectWhole(try await browser.open("/history?from=gestern"))
            #expect(browser.page.status == .unprocessableContent)
        }
    }

    @Test func `amounts follow the language of the reader`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let german = try await browser.open(
                "/card",
                headers: [.acceptLanguage: "de-CH,de;q=0.9,en;q=0.8"]
            )
            #expect(german.text.contains("50,00\u{A0}€"))
            let english = try await browser.open("/card", headers: [.acceptLanguage: "en"])
            #expect(english.text.contains("€50.00"))
        }
    }

    @Test func `a statement adds up from the balance before to the balance after`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            for _ in 0..<2 {
                let path = try await world.checkout(browser, article: 1)
                try await browser.send(path, ["decision": "pay"])
            }
            try await browser.open("/history")
            #expect(browser.page.text.contains("href=\"/statement/"))
            try await browser.open("/statement")
            try await browser.follow()
            try expectWhole(browser.page)
            let page = browser.page.text
            let fact = /data-fact="(\w+)"><dt>[^<]*<\/dt><dd class="number">([^<]*)</
            let facts = page.matches(of: fact).map { "\($0.output.1) \($0.output.2)" }
            #expect(
                facts == [
                    "opening €0.00", "loaded +€50.00", "paid −€0.40", "closing €49.60",
                ]
            )
            let loaded = try #require(page.firstRange(of: "Value loaded"))
            let paid = try #require(page.firstRange(of: "PRESS-1"))
            #expect(loaded.lowerBound < paid.lowerBound, "oldest first")
        }
    }

    @Test func `the statement of the month before begins and ends with nothing`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            try await browser.open("/statement")
            let present = try #require(browser.page.headers[.location])
            try await browser.follow()
            let before = try #require(
                browser.page.text.firstMatch(of: /href="(\/statement\/[0-9-]+)" rel="prev"/)
            )
            try expectWhole(try await browser.open(String(before.output.1)))
            #expect(browser.page.text.contains("Nothing in this month"))
            #expect(browser.page.text.contains("href=\"\(present)\" rel=\"next\""))
            for path in ["/statement/2031-01", "/statement/2026-13", "/statement/gestern"] {
                try await browser.open(path)
                #expect(browser.page.status == .notFound)
            }
        }
    }

    @Test func `the file has a row for each transaction`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let path = try await world.checkout(browser)
            try await browser.send(path, ["decision": "pay"])
            let file = try await browser.open("/history.csv")
            #expect(file.headers[.contentType]?.hasPrefix("text/csv; charset=utf-8") == true)
            #expect(file.headers[.cacheControl] == "no-store")
            let lines = file.text.components(separatedBy: "\r\n")
            #expect(lines.count == 4 && lines[3].isEmpty)
            #expect(lines[1].contains("payment,PRESS-1,") && lines[1].contains(",-1.50,EUR,48.50,"))
            #expect(lines[2].contains("load,Value loaded,"))
            #expect(lines[2].contains(",50.00,EUR,50.00,"))
        }
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let found = rest.firstRange(of: separator) {
            parts.append(String(rest[..<found.lowerBound]))
            rest = rest[found.upperBound...]
        }
        return parts + [String(rest)]
    }
}
