// SPDX-License-Identifier: Apache-2.0

import EarnFiles
import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import LoyaltyServer
import Sites
import Synchronization
import Testing
import Wire

@Suite struct EarnFilePageTests {
    private static let path = "/programmes/9002/issue"
    private static let header = "reference,member,points,date\n"

    /// A line for each number, of one point.
    private static func lines(_ numbers: Range<Int>, _ member: String = "M-1") -> String {
        header + numbers.map { "R-\($0),\(member),1.00,2026-03-01\n" }.joined()
    }

    @Test func `an uploaded file gives its points, and bad lines are reported`() async throws {
        let fixture = try await ProgrammeFixture()
        let member = try await fixture.enrol("M-1")
        let text =
            Self.header + "A,M-1,12.50,2026-03-01\nB,M-9,1,2026-03-01\nC,M-1,x,2026-03-01\n"
            + "D,M-1,0.50,2026-03-02"
        try await fixture.work { browser async throws in
            try expectWhole(try await browser.open(Self.path))
            let answer = try await browser.upload(Self.path, text, name: "C:\\earned\\march.csv")
            #expect(answer.status == .seeOther)
            await fixture.works.settle()
            let page = try await browser.follow()
            try expectWhole(page)
            for text in [
                ">march.csv<", ">Done<", "13.00 Harbour Stars", ">3</th>", ">4</th>",
                "no such member", "no number of points", "B,M-9,1,2026-03-01",
                "files/", "/refused.csv",
            ] {
                #expect(page.text.contains(text), "\(text)")
            }
            #expect(!page.text.contains("<progress"))
            #expect(try await fixture.module.member(member).tranches.total == 1_300)
            let acts = try await fixture.acts(fixture.inDatabase)
            #expect(acts.map(\.kind) == [.pointsIssued])
            #expect(acts.first?.reason.hasSuffix(" march.csv") == true)
            let programme = try await browser.open("/programmes/9002")
            try expectWhole(programme)
            #expect(programme.text.contains(">march.csv<"))
            #expect(programme.text.contains("<rect class=\"chart-here\""))
        }
    }

    /// Another process has begun the file before and is some chunks further.
    @Test func `where another process is ahead with the same file, no line is left out`()
        async throws
    {
        let fixture = try await ProgrammeFixture()
        let member = try await fixture.enrol("M-1")
        let chunk = LoyaltyLimits.chunkMax
        let text = Self.lines(0..<5 * chunk + 7)
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("opal-earn-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var receiver = try EarnFileReceiver(in: folder, as: "file", name: "march.csv")
        try receiver.add(Array(text.utf8))
        let file = try receiver.end()
        let code = fixture.inDatabase.code
        let begun = try await file.begin(in: code, fixture.module, now: ProgrammeFixture.now)
        let lines = text.split(separator: "\n").dropFirst().map { Array($0.utf8)[...] }
        for number in 0..<3 {
            _ = try await fixture.module.apply(
                Array(lines[number * chunk..<(number + 1) * chunk]),
                of: begun.name,
                from: UInt64(number * chunk),
                now: ProgrammeFixture.now
            )
        }
        let told = Mutex(0)
        let whole = try await file.apply(begun, fixture.module, now: { ProgrammeFixture.now }) {
            moved in told.withLock { $0 += moved }
        }
        #expect(whole.isWhole && whole.accepted == UInt64(lines.count) && whole.known == 0)
        #expect(told.withLock { $0 } == lines.count)
        let points = try await fixture.module.member(member).tranches.total
        #expect(points == UInt64(lines.count) * 100)
    }

    @Test func `the same file again is recognised and gives nothing`() async throws {
        let fixture = try await ProgrammeFixture()
        let member = try await fixture.enrol("M-1")
        try await fixture.work { browser async throws in
            for text in ["", "applied before"] {
                try await browser.open(Self.path)
                try await browser.upload(Self.path, Self.lines(0..<3))
                await fixture.works.settle()
                #expect(try await browser.follow().text.contains(text) || text.isEmpty)
            }
            #expect(try await fixture.module.member(member).tranches.total == 300)
            // Which was one act.
            #expect(try await fixture.acts(fixture.inDatabase).map(\.kind) == [.pointsIssued])
        }
    }

    @Test func `a file that was broken off goes on where it stopped when it is uploaded again`()
        async throws
    {
        let fixture = try await ProgrammeFixture()
        let member = try await fixture.enrol("M-1")
        let text = Self.lines(0..<2_500)
        // Another process applies a chunk and is killed.
        var scan = EarnFileScan()
        scan.add(Array(text.utf8))
        let end = scan.end()
        let result = try #require(end)
        let name = try #require(
            EarnBatch.Name(programme: fixture.inDatabase.code, digest: result.digest)
        )
        _ = try await fixture.module.begin(
            name,
            fileName: "points.csv",
            header: result.header,
            lines: result.lineCount,
            now: ProgrammeFixture.now
        )
        let first = text.split(separator: "\n").dropFirst().prefix(1_000)
        _ = try await fixture.module.apply(
            first.map { Array($0.utf8)[...] },
            of: name,
            from: 0,
            now: ProgrammeFixture.now
        )
        try await fixture.work { browser async throws in
            let list = try await browser.open("/programmes/9002")
            let link = try #require(list.text.firstMatch(of: #/href="([^"]+/files/[^"]+)"/#))
            // A moment ago somebody still applied it.
            let others = try await browser.open(String(link.1))
            #expect(others.text.contains("Under way") && others.text.contains("data-look-again"))
            fixture.clock.set(stepSeconds: 1)
            for _ in 0..<5 { _ = fixture.clock.next() }
            fixture.clock.set(stepSeconds: 0)
            let stopped = try await browser.open(String(link.1))
            try expectWhole(stopped)
            #expect(stopped.text.contains("Upload the same file again to go on"))
            #expect(stopped.text.contains("max=\"2500\" value=\"1000\""))
            #expect(!stopped.text.contains("data-look-again"))
            try await browser.open(Self.path)
            try await browser.upload(Self.path, text)
            await fixture.works.settle()
            #expect(try await browser.follow().text.contains(">Done<"))
            let batch = try await fixture.module.batch(name)
            #expect(batch.accepted == 2_500 && batch.known == 0)
            #expect(try await fixture.module.member(member).tranches.total == 250_000)
        }
    }

    @Test func `a file under way shows how far it has come and is asked for again`()
        async throws
    {
        let fixture = try await ProgrammeFixture()
        try await fixture.enrol("M-1")
        try await fixture.work { browser async throws in
            // Begun, and then nothing more is written.
            let name = try await Self.begin(Self.lines(0..<5), fixture)
            try await browser.open(Self.path)
            fixture.store.set(shut: true)
            let answer = try await browser.upload(Self.path, Self.lines(0..<5))
            #expect(answer.status == .seeOther)
            let page = try await browser.follow()
            try expectWhole(page)
            for text in [
                "max=\"5\" value=\"0\"", "0 of 5 lines", "data-look-again=\"2\"", "Under way",
                "<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>",
            ] {
                #expect(page.text.contains(text), "\(text)")
            }
            fixture.store.set(shut: false)
            await fixture.works.settle()
            #expect(try await fixture.module.batch(name).isWhole)
            let whole = try await browser.open(answer.location)
            #expect(whole.text.contains(">Done<") && !whole.text.contains("http-equiv"))
        }
    }

    private static func begin(
        _ text: String,
        _ fixture: ProgrammeFixture
    ) async throws -> EarnBatch.Name {
        var scan = EarnFileScan()
        scan.add(Array(text.utf8))
        let end = scan.end()
        let result = try #require(end)
        let name = try #require(
            EarnBatch.Name(programme: fixture.inDatabase.code, digest: result.digest)
        )
        return try await fixture.module.begin(
            name,
            fileName: "points.csv",
            header: result.header,
            lines: result.lineCount,
            now: ProgrammeFixture.now
        ).name
    }

    @Test func `no more files than there are places for are taken at once`() async throws {
        let fixture = try await ProgrammeFixture()
        try await fixture.enrol("M-1")
        try await fixture.work { browser async throws in
            var texts: [String] = []
            for number in 0...ConsoleLimits.earnFilesAtOnce {
                texts.append(Self.lines(number * 10..<number * 10 + 3))
                _ = try await Self.begin(texts[number], fixture)
            }
            try await browser.open(Self.path)
            let token = browser.page.token
            fixture.store.set(shut: true)
            for text in texts.dropLast() {
                let answer = try await browser.post(
                    Self.path,
                    Browser.upload(text, token: token),
                    type: Browser.uploadType
                )
                #expect(answer.status == .seeOther)
            }
            let last = Browser.upload(try #require(texts.last), token: token)
            let refused = try await browser.post(Self.path, last, type: Browser.uploadType)
            #expect(refused.status == .serviceUnavailable)
            #expect(refused.text.contains("Other earn files are under way"))
            fixture.store.set(shut: false)
            await fixture.works.settle()
            let taken = try await browser.post(Self.path, last, type: Browser.uploadType)
            #expect(taken.status == .seeOther)
        }
    }

    @Test func `a file stops when the server ends, and nothing is taken any more`() async throws {
        let fixture = try await ProgrammeFixture()
        try await fixture.enrol("M-1")
        try await fixture.work { browser async throws in
            let name = try await Self.begin(Self.lines(0..<5), fixture)
            try await browser.open(Self.path)
            fixture.store.set(shut: true)
            let answer = try await browser.upload(Self.path, Self.lines(0..<5))
            await fixture.works.end()
            fixture.store.set(shut: false)
            #expect(try await fixture.module.batch(name).position == 0)
            #expect(try await browser.open(answer.location).text.contains("It has stopped."))
            try await browser.open(Self.path)
            let refused = try await browser.upload(Self.path, Self.lines(0..<5))
            #expect(refused.status == .serviceUnavailable)
        }
    }

    @Test func `nothing is taken without the token of the session before the file`() async throws {
        let fixture = try await ProgrammeFixture()
        try await fixture.enrol("M-1")
        try await fixture.work { browser async throws in
            try await browser.open(Self.path)
            let token = try #require(browser.page.token)
            let text = Self.lines(0..<3)
            let behind =
                Browser.upload(text, token: nil).dropLast(4)
                + "\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n\(token)\r\n"
                + "--\(Browser.boundary)--\r\n"
            for body in [
                Browser.upload(text, token: nil), Browser.upload(text, token: "x"),
                Browser.upload(text, token: ""), String(behind),
            ] {
                let answer = try await browser.post(Self.path, body, type: Browser.uploadType)
                #expect(answer.status == .forbidden)
            }
            let body = Browser.upload(text, token: token)
            let cut = String(body.dropLast(10))
            for (body, type) in [
                (cut, Browser.uploadType), (body, "text/csv"), (body, "multipart/form-data"),
                (body, "multipart/form-data; boundary=other"),
            ] {
                let answer = try await browser.post(Self.path, body, type: type)
                #expect(answer.status == .badRequest)
            }
            #expect(try await fixture.batchCount() == 0)
            #expect(try await fixture.acts(fixture.inDatabase).isEmpty)
        }
    }

    @Test(arguments: [
        ("", "Choose a file"), ("ref,member,points,date\n", "The first line must be"),
    ])
    func `a file that is none is refused with words`(
        _ text: String,
        _ words: String
    ) async throws {
        let fixture = try await ProgrammeFixture()
        try await fixture.work { browser async throws in
            try await browser.open(Self.path)
            let page = try await browser.upload(Self.path, text)
            #expect(page.status == .unprocessableContent)
            try expectWhole(page)
            #expect(page.text.contains(words))
            #expect(try await fixture.batchCount() == 0)
            // Nothing was done, so that no act is told.
            #expect(try await fixture.acts(fixture.inDatabase).isEmpty)
        }
    }

    @Test(arguments: [
        ("B,AB-1234-9999,1,2026-03-01", "B,••••••••9999,1,2026-03-01"),
        ("B,\"AB-1234-9999\",1,2026-03-01", "B,••••••••9999,1,2026-03-01"),
        ("B,ab-1234-9999,1,2026-03-01", "B,••••••••9999,1,2026-03-01"),
        ("B,AB-1234-9999 1,2026-03-01", "B …"), ("B;AB-1234-9999;1;2026-03-01", "B …"),
        ("AB-1234-9999", "••••••••9999"), ("\"B,1\",AB-1234-9999,1,x", "1&quot;,••••••••9999,1,x"),
    ])
    func `a refused line shows no whole member number, on the page and in the file`(
        _ line: String,
        _ shown: String
    ) async throws {
        let fixture = try await ProgrammeFixture()
        try await fixture.work { browser async throws in
            try await browser.open(Self.path)
            try await browser.upload(Self.path, Self.header + line)
            await fixture.works.settle()
            let page = try await browser.follow()
            #expect(page.text.contains(shown))
            #expect(!page.text.uppercased().contains("AB-1234"))
            let link = try #require(page.text.firstMatch(of: #/href="([^"]+/refused.csv)"/#))
            let file = try await browser.open(String(link.1))
            #expect(file.text.hasPrefix("line,reason,text\r\n2,"))
            #expect(!file.text.uppercased().contains("AB-1234"))
            #expect(file.text.contains("9999") || shown == "B …")
        }
    }

    @Test func `refused lines are downloaded whole, and no formula among them`() async throws {
        let fixture = try await ProgrammeFixture()
        try await fixture.work { browser async throws in
            try await browser.open(Self.path)
            let text = Self.lines(0..<ConsoleLimits.pageRows + 3) + "=1+1,M-1,1.00,2026-03-01\n"
            try await browser.upload(Self.path, text)
            await fixture.works.settle()
            let page = try await browser.follow()
            let link = try #require(page.text.firstMatch(of: #/href="([^"]+/refused.csv)"/#))
            let file = try await browser.open(String(link.1))
            let rows = file.text.split(separator: "\r\n")
            #expect(rows.count == ConsoleLimits.pageRows + 5)
            #expect(rows.last == "30,no such member,\"'=1+1,M-1,1.00,2026-03-01\"")
            let none = String(repeating: "0", count: 64)
            let other = "/programmes/9002/files/\(none)/refused.csv"
            #expect(try await browser.open(other).status == .notFound)
        }
    }

    @Test func `refused lines are paged`() async throws {
        let fixture = try await ProgrammeFixture()
        try await fixture.work { browser async throws in
            try await browser.open(Self.path)
            let count = ConsoleLimits.pageRows + 3
            try await browser.upload(Self.path, Self.lines(0..<count))
            await fixture.works.settle()
            let page = try await browser.follow()
            let next = try #require(page.text.firstMatch(of: #/rel="next" href="([^"]+)"/#))
            let rows = #/<th role="rowheader" scope="row" class="what">/#
            #expect(page.text.matches(of: rows).count == ConsoleLimits.pageRows)
            let rest = try await browser.open(String(next.1))
            try expectWhole(rest)
            #expect(rest.text.matches(of: rows).count == 3)
        }
    }

    @Test func `a file that was never begun has no page`() async throws {
        let fixture = try await ProgrammeFixture()
        try await fixture.work { browser async throws in
            for digest in ["00", "x", String(repeating: "0", count: 64)] {
                let path = "/programmes/9002/files/\(digest)"
                #expect(try await browser.open(path).status == .notFound)
            }
            #expect(try await browser.open("/programmes/9009/issue").status == .notFound)
        }
    }
}
