// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import LoyaltyServer
import Simulation
import Sites
import Testing
import Wire

/// A member's number, and the card that is to take it.
@Suite struct AirlineJoiningTests {
    private static let refused = "Your card did not take your number"

    @Test func `who was refused reads why, and joins again with a new proof under the same number`()
        async throws
    {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            let member = try await fixture.member(AirlineFixture.miles)
            fixture.opalServer.refuse(.cardBlocked)
            _ = try await fixture.loyalty.sendEnrolments(now: fixture.world.now)
            let page = try await browser.open("/member")
            try expectWhole(page)
            #expect(page.text.contains(Self.refused) && page.text.contains("Your card is blocked."))
            #expect(page.text.contains(member.number.text))
            // The proof of this session is the one that was refused.
            #expect(!page.text.contains("action=\"/join\"") && page.text.contains("sign out"))
            let fields = ["programme": "9001", "csrf": page.csrf]
            let answer = try await browser.submit("/join", fields)
            #expect(answer.status == .conflict && answer.text.contains(Self.refused))
            try expectWhole(answer)

            fixture.opalServer.refuse(nil)
            let second = browser.stranger()
            let offered = try await fixture.signIn(second)
            try expectWhole(offered)
            #expect(offered.text.contains("Join Skylark Miles again"))
            try await fixture.joinBoth(second)
            #expect(!second.page.text.contains(Self.refused))
            _ = try await fixture.loyalty.sendEnrolments(now: fixture.world.now)
            let joined = try await second.open("/member")
            #expect(joined.text.contains(member.number.text))
            #expect(!joined.text.contains(Self.refused) && joined.text.contains("Joined again"))
            #expect(!joined.text.contains("action=\"/join\""))
            #expect(try await fixture.member(AirlineFixture.miles) == member)
            let lines = try await fixture.loyalty.members(of: member.programme, limit: 9)
            #expect(lines.map(\.enrolment?.state) == [.entered])
        }
    }

    @Test(arguments: PointsRefusal.allCases.filter(\.isFinal))
    func `every reason has its words`(reason: PointsRefusal) async throws {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            fixture.opalServer.refuse(reason)
            _ = try await fixture.loyalty.sendEnrolments(now: fixture.world.now)
            let page = try await browser.open("/member")
            try expectWhole(page)
            #expect(page.text.contains(Self.refused))
        }
    }

    @Test func `a renewed card that sends the form of joining gets no second number`()
        async throws
    {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            try await fixture.join(browser)
            let member = try await fixture.member(AirlineFixture.club)
            let other = browser.stranger()
            let page = try await fixture.signIn(
                other,
                card: AirlineFixture.otherCard,
                memberships: [member]
            )
            let fields = ["programme": "9002", "csrf": page.csrf]
            let answer = try await other.submit("/join", fields)
            try expectWhole(answer)
            #expect(answer.status == .conflict)
            #expect(answer.text.contains("Your card has a member number already"))
            #expect(try await fixture.loyalty.members(of: member.programme, limit: 9).count == 1)
            #expect(try await other.open("/member").text.contains(member.number.text))
        }
    }

    @Test func `a card with a number that nobody has here gets no other, and reads so`()
        async throws
    {
        let fixture = try await AirlineFixture()
        try await fixture.run { browser async throws in
            let membership = Membership(
                programme: try #require(Currency(bcd: AirlineFixture.miles)),
                number: try #require(MemberNumber("ELSE-1"))
            )
            let page = try await fixture.signIn(browser, memberships: [membership])
            let words = "Your card has a number that we do not know"
            #expect(page.text.contains(words) && page.text.contains("Join Skylark Club"))
            #expect(!page.text.contains("Join Skylark Miles"))
            let fields = ["programme": "9001", "csrf": page.csrf]
            let answer = try await browser.submit("/join", fields)
            #expect(answer.status == .conflict && answer.text.contains(words))
            let benefit = try await browser.open("/benefits/lounge")
            try expectWhole(benefit)
            #expect(benefit.text.contains(words) && !benefit.text.contains("action=\"/join\""))
            #expect(try await fixture.loyalty.members(of: membership.programme, limit: 9).isEmpty)
        }
    }
}
