// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Kernel
import LoyaltyServer
import Records
import Sites
import Testing
import Wire

@Suite struct MemberPageTests {
    private static let path = "/programmes/9002/members"

    @Test func `members are listed with masked numbers, which stand in no address`()
        async throws
    {
        let fixture = try await ProgrammeFixture()
        try await fixture.enrol("AB-1234-5678")
        try await fixture.enrol("AB-1234-9999", 2, in: fixture.onCards)
        try await fixture.work { browser async throws in
            let page = try await browser.open(Self.path)
            try expectWhole(page)
            #expect(page.text.contains("••••••••5678") && page.text.contains("Card not told yet"))
            #expect(!page.text.contains("AB-1234") && !page.text.contains("9999"))
            _ = try await fixture.module.sendEnrolments(now: ProgrammeFixture.now)
            #expect(try await browser.open(Self.path).text.contains("On the card"))
            let link = try #require(page.text.firstMatch(of: #/href="([^"]+/members/[^"]+)"/#))
            let member = try await browser.open(String(link.1))
            try expectWhole(member)
            #expect(member.text.contains("••••••••5678") && !member.text.contains("AB-1234"))
            #expect(member.text.contains("Became a member") && member.text.contains("On the card"))
            #expect(try await fixture.acts(fixture.inDatabase).isEmpty)
            // A member of another programme, and what is no reference of ours.
            let reference = try #require(link.1.split(separator: "/").last)
            for other in ["/programmes/9001/members/\(reference)", "\(Self.path)/AB-1234-5678"] {
                #expect(try await browser.open(other).status == .notFound)
            }
        }
    }

    /// Whoever can write to the database takes no page away.
    @Test(arguments: [LoyaltyRecords.member, LoyaltyRecords.enrolment, LoyaltyRecords.batch])
    func `a record that does not open is told, and the others are shown`(
        kind: RecordKind
    ) async throws {
        let fixture = try await ProgrammeFixture()
        try await fixture.enrol("AB-1234-5678")
        try await fixture.enrol("CD-1234-9999", 2)
        try await fixture.work { browser async throws in
            try await browser.open("/programmes/9002/issue")
            let file = "reference,member,points,date\nR-1,CD-1234-9999,1.00,2026-03-01\n"
            try await browser.upload("/programmes/9002/issue", file)
            await fixture.works.settle()
            try await fixture.damage(kind)
            for path in ["/programmes", "/programmes/9002", Self.path] {
                let page = try await browser.open(path)
                #expect(page.status == .ok)
                try expectWhole(page)
            }
            let members = try await browser.open(Self.path).text
            #expect(members.contains("9999"))
            #expect(members.contains("Does not open") == (kind != LoyaltyRecords.batch))
            let programme = try await browser.open("/programmes/9002").text
            let isTold = programme.contains("Records that do not open: 1.")
            #expect(isTold == (kind == LoyaltyRecords.member))
        }
    }

    @Test func `the operator sees why a number is not on its card, until it is`() async throws {
        let fixture = try await ProgrammeFixture()
        try await fixture.enrol("AB-1234-5678")
        fixture.opalServer.set(refusal: .cardBlocked)
        _ = try await fixture.module.sendEnrolments(now: ProgrammeFixture.now)
        try await fixture.work { browser async throws in
            let page = try await browser.open(Self.path)
            try expectWhole(page)
            #expect(page.text.contains("Refused") && page.text.contains("the card is blocked"))
            let link = try #require(page.text.firstMatch(of: #/href="([^"]+/members/[^"]+)"/#))
            let path = String(link.1)
            let member = try await browser.open(path)
            try expectWhole(member)
            #expect(member.text.contains("refused to enter the number on the card: the card is bl"))
            fixture.opalServer.set(refusal: nil)
            _ = try await fixture.module.enrol(
                CardPseudonym(high: 1, low: 1),
                proof: ProgrammeFixture.transaction(9),
                in: fixture.inDatabase.code,
                now: ProgrammeFixture.now
            )
            _ = try await fixture.module.sendEnrolments(now: ProgrammeFixture.now)
            #expect(try await browser.open(Self.path).text.contains("On the card"))
            let after = try await browser.open(path)
            #expect(!after.text.contains("refused to enter"))
            #expect(after.text.contains("Joined again"))
        }
    }

    @Test func `who looks a member up by the whole number sees it, and that is written down`()
        async throws
    {
        let fixture = try await ProgrammeFixture()
        try await fixture.enrol("AB-1234-5678")
        try await fixture.work { browser async throws in
            try await browser.open(Self.path)
            let page = try await browser.send("\(Self.path)/find", ["text": " ab-1234-5678 "])
            try expectWhole(page)
            #expect(page.text.contains("AB-1234-5678"))
            let acts = try await fixture.acts(fixture.inDatabase)
            #expect(acts.map(\.kind) == [.memberShown])
            #expect(acts.map(\.reason) == ["AB-1234-5678"])
            for text in ["AB-1234-5679", "", "§", String(repeating: "A", count: 400)] {
                try await browser.open(Self.path)
                let none = try await browser.send("\(Self.path)/find", ["text": text])
                #expect(none.text.contains("No member of this programme has that number."))
                #expect(text.isEmpty || !none.text.contains("value=\"\(text)\""))
            }
            #expect(try await fixture.acts(fixture.inDatabase).count == 1)
        }
    }

    @Test func `a member whose card was refused says why, until a new proof comes`() async throws {
        let fixture = try await ProgrammeFixture()
        try await fixture.enrol("AB-1234-5678")
        fixture.opalServer.set(refusal: .unknownProof)
        _ = try await fixture.module.sendEnrolments(now: ProgrammeFixture.now)
        fixture.opalServer.set(refusal: nil)
        try await fixture.work { browser async throws in
            try await browser.open(Self.path)
            let refused = try await browser.send("\(Self.path)/find", ["text": "AB-1234-5678"])
            try expectWhole(refused)
            #expect(refused.text.contains(">Refused<"))
            #expect(refused.text.contains("knows no such proof of identity"))
            _ = try await fixture.module.enrol(
                CardPseudonym(high: 1, low: 1),
                proof: ProgrammeFixture.transaction(2_000),
                in: fixture.inDatabase.code,
                now: ProgrammeFixture.now
            )
            try await browser.open(Self.path)
            let open = try await browser.send("\(Self.path)/find", ["text": "AB-1234-5678"])
            #expect(open.text.contains("Card not told yet"))
        }
    }

    @Test func `members and statements are paged, newest first`() async throws {
        let fixture = try await ProgrammeFixture()
        let count = ConsoleLimits.pageRows + 2
        for number in 1...UInt64(count) { try await fixture.enrol("M-\(number)", number) }
        let rows = (0..<count).map { "R-\($0),M-1,1,2026-03-01\n" }.joined()
        try await fixture.work { browser async throws in
            let page = try await browser.open(Self.path)
            let links = #/href="[^"]+/members/[^"]+"/#
            #expect(page.text.matches(of: links).count == ConsoleLimits.pageRows)
            let next = try #require(page.text.firstMatch(of: #/rel="next" href="([^"]+)"/#))
            #expect(try await browser.open(String(next.1)).text.matches(of: links).count == 2)
            try await browser.open("/programmes/9002/issue")
            try await browser.upload(
                "/programmes/9002/issue",
                "reference,member,points,date\n" + rows
            )
            await fixture.works.settle()
            try await browser.open(Self.path)
            let member = try await browser.send("\(Self.path)/find", ["text": "M-1"])
            try expectWhole(member)
            #expect(member.text.matches(of: #/Earn file/#).count == ConsoleLimits.pageRows)
            #expect(member.text.contains("+1.00"))
            let older = try #require(member.text.firstMatch(of: #/rel="next" href="([^"]+)"/#))
            #expect(!older.1.contains("M-1"))
            let rest = try await browser.open(String(older.1))
            #expect(rest.text.matches(of: #/Earn file/#).count == 2)
            #expect(rest.text.contains("Became a member"))
            let back = try #require(rest.text.firstMatch(of: #/rel="prev" href="([^"]+)"/#))
            let first = try await browser.open(String(back.1))
            #expect(first.text.matches(of: #/Earn file/#).count == ConsoleLimits.pageRows)
        }
    }
}
