// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import Simulation
import Sites
import Testing

/// A limit refuses a purchase: child and guardian are told, and it can be allowed once.
struct RefusedPurchasePageTests {
    /// A child with 20.00 that may pay 1.00 at once; the first article costs 1.50.
    private func meet(
        _ test: @escaping @Sendable (Family) async throws -> Void
    ) async throws {
        try await Family.meet { family in
            try await family.give("20")
            try await family.limit(["purchase": "1"])
            try await test(family)
        }
    }

    private func allow(_ family: Family) async throws {
        try await family.guardian.open(family.path)
        let number = try family.guardian.page.hidden("number")
        try await family.guardian.send(family.path + "/allow", ["number": number])
    }

    @Test func `the child reads which limit it was, the guardian finds it and has a mail`()
        async throws
    {
        try await meet { family in
            let (guardian, child) = (family.guardian, family.child)
            try await family.world.checkout(child)
            try expectWhole(child.page)
            #expect(child.page.text.contains("one purchase may cost €1.00 at the most"))
            #expect(child.page.text.contains("Your guardian is told, and can allow it once."))
            #expect(child.page.text.contains(">Look again</a>"))
            let mails = try await family.refusalMails()
            #expect(mails.map(\.to) == [CardWorld.email])
            let body = try #require(mails.first?.body)
            #expect(body.contains("Emma") && body.contains("PRESS-1") && body.contains("€1.50"))
            #expect(body.contains("more than one purchase may cost"))
            try await guardian.open("/children")
            #expect(guardian.page.text.contains("1 refused purchase<"))
            try expectWhole(try await guardian.open(family.path))
            #expect(guardian.page.text.contains("Refused purchases"))
            #expect(guardian.page.text.contains("One purchase may cost €1.00."))
            #expect(guardian.page.text.contains(">Allow once</button>"))
        }
    }

    @Test func `what is tried again is one entry and one mail, also at the debit`() async throws {
        try await meet { family in
            let path = try await family.world.checkout(family.child)
            try await family.child.open(path)
            try await family.child.send(path, ["decision": "pay"])
            #expect(family.child.page.text.contains("more than one purchase may cost"))
            try await family.world.checkout(family.child)
            #expect(try await family.refusalMails().count == 1)
            try await family.guardian.open(family.path)
            #expect(family.guardian.page.text.matches(of: />Allow once</).count == 1)
        }
    }

    @Test func `who gives the password at the debit only is told like who is signed in`()
        async throws
    {
        try await meet { family in
            let visitor = family.child.stranger()
            let path = try await family.world.checkout(visitor)
            #expect(try await family.refusalMails().isEmpty)
            try await visitor.send(
                path,
                [
                    "decision": "pay", "userIdentifier": Family.child,
                    "password": CardWorld.password,
                ]
            )
            #expect(visitor.page.text.contains("one purchase may cost €1.00 at the most"))
            #expect(try await family.refusalMails().count == 1)
        }
    }

    @Test func `what is allowed once is paid once`() async throws {
        try await meet { family in
            let child = family.child
            let path = try await family.world.checkout(child)
            try await allow(family)
            try expectWhole(try await family.guardian.follow())
            #expect(family.guardian.page.text.contains("It is allowed once."))
            #expect(family.guardian.page.text.contains("Allowed until"))
            #expect(!family.guardian.page.text.contains(">Allow once<"))
            try expectWhole(try await child.open("/card"))
            #expect(child.page.text.contains("Allowed once: PRESS-1, up to €1.50"))
            try await child.open(path)
            try await child.send(path, ["decision": "pay"])
            #expect(child.page.text.contains(">Paid</h1>"))
            #expect(try await family.balance() == 1_850)
            try await family.guardian.open(family.path)
            #expect(family.guardian.page.text.contains("Allowed, and used"))
            #expect(family.guardian.page.text.contains("Allowed once: PRESS-1"))
            // The next one is refused, and asked for anew.
            try await family.world.checkout(child)
            #expect(child.page.text.contains("one purchase may cost €1.00 at the most"))
            #expect(try await family.refusalMails().count == 2)
            #expect(try await family.balance() == 1_850)
        }
    }

    @Test func `a second click allows nothing more`() async throws {
        try await meet { family in
            try await family.world.checkout(family.child)
            try await family.guardian.open(family.path)
            let number = try family.guardian.page.hidden("number")
            for _ in 0..<3 {
                try await family.guardian.open(family.path)
                try await family.guardian.send(family.path + "/allow", ["number": number])
                #expect(family.guardian.page.status == .seeOther)
            }
            #expect(try await family.policy()?.exceptions.count == 1)
        }
    }

    @Test func `it is for this merchant and amount, and for a day`() async throws {
        try await meet { family in
            let path = try await family.world.checkout(family.child)
            try await allow(family)
            let exception = try #require(try await family.policy()?.exceptions.first)
            #expect(exception.merchant.text == "PRESS-1" && exception.minorUnitsMax == 150)
            let left = exception.end.since(family.world.world.now)
            #expect(left == FundingLimits.allowOnceTime)
            family.world.world.clock.advance(by: left)
            try await family.child.open("/sign-in")
            try await family.child.send(
                "/sign-in",
                ["userIdentifier": Family.child, "password": CardWorld.password]
            )
            try await family.world.checkout(family.child)
            #expect(family.child.page.text.contains("one purchase may cost €1.00"))
            try await family.child.open(path)
            #expect(!family.child.page.text.contains("value=\"pay\""))
        }
    }

    @Test func `it can be taken back before it is used`() async throws {
        try await meet { family in
            try await family.world.checkout(family.child)
            try await allow(family)
            try await family.guardian.follow()
            try await family.guardian.send(family.path + "/withdraw", ["number": "1"])
            try expectWhole(try await family.guardian.follow())
            #expect(try await family.policy()?.exceptions == [])
            // A second time it is not there any more, which is what was wanted.
            try await family.guardian.send(family.path + "/withdraw", ["number": "1"])
            #expect(family.guardian.page.status == .seeOther)
        }
    }

    @Test func `a frozen card cannot be excepted from, and the guardian reads why`() async throws {
        try await meet { family in
            try await family.guardian.open(family.path)
            try await family.guardian.send(family.path + "/limits/freeze", ["frozen": "yes"])
            try await family.world.checkout(family.child)
            #expect(family.child.page.text.contains("Your card is frozen"))
            #expect(family.child.page.text.contains("Your guardian is told."))
            try await allow(family)
            try expectWhole(family.guardian.page)
            #expect(family.guardian.page.text.contains("also not once"))
            #expect(family.guardian.page.text.contains(">Allow once<"))
            #expect(try await family.policy()?.exceptions == [])
        }
    }

    @Test func `limits that were lifted leave nothing to allow`() async throws {
        try await meet { family in
            try await family.world.checkout(family.child)
            try await family.limit([:])
            try await allow(family)
            try expectWhole(family.guardian.page)
            #expect(family.guardian.page.text.contains("Emma can pay it as it is."))
            let unknown = try await family.guardian.send(
                family.path + "/allow",
                ["number": "99"]
            )
            #expect(unknown.status == .notFound)
        }
    }
}
