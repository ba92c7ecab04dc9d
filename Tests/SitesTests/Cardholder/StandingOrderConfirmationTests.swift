// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import Simulation
import Sites
import Testing

/// An allowance and a top-up take effect as they were shown, or not at all.
struct StandingOrderConfirmationTests {
    private static let allowance = ["amount": "7.50", "weekday": "4", "hour": "16", "clock": "120"]
    private static let topUp = ["threshold": "60", "amount": "25", "monthMax": "100"]
    private static let changed = "This is not what you were shown"

    private func allowance(_ family: Family) async throws -> AllowanceRecord? {
        let child = try #require(UserKey(String(family.path.dropFirst("/children/".count))))
        let own = try await family.world.users.profile(ofIdentifier: CardWorld.identifier)
        return try await family.world.family.orders.allowance(
            for: child,
            by: try #require(own?.key)
        )
    }

    private func topUp(_ world: CardWorld) async throws -> TopUpRecord? {
        let own = try await world.users.profile(ofIdentifier: CardWorld.identifier)
        return try await world.family.orders.topUp(of: try #require(own?.key))
    }

    private func mails(_ world: CardWorld, _ subject: String) async throws -> Int {
        try await world.outbox.waiting().compactMap(\.message).count { $0.subject == subject }
    }

    // MARK: Allowance

    @Test func `an allowance is shown with amount, account, card and first day, and not set yet`()
        async throws
    {
        try await Family.meet { family in
            let (guardian, path) = (family.guardian, family.path + "/allowance")
            try expectWhole(try await guardian.ask(path + "/confirm", Self.allowance))
            #expect(guardian.page.text.contains("data-page=\"order-confirm\""))
            let card = try await family.card()
            for text in [
                "€7.50", "ends in 1111", "12/27", card.masked, "Emma",
                "Friday at 16:00 (UTC+02:00)", "For the first time",
            ] {
                #expect(guardian.page.text.contains(text), "\(text)")
            }
            #expect(!guardian.page.text.contains("In place of"))
            #expect(try await allowance(family) == nil)
            try await guardian.send(path + "/confirm", guardian.page.hiddenFields)
            try await guardian.follow()
            #expect(guardian.page.text.contains("The allowance is set."))
            #expect(try await allowance(family)?.amount.minorUnits == 750)
            // Another one in its place says so.
            try await guardian.ask(
                path + "/confirm",
                Self.allowance.merging(["amount": "9"]) { $1 }
            )
            #expect(guardian.page.text.contains("In place of"))
            #expect(guardian.page.text.contains("€7.50 every Friday at 16:00 (UTC+02:00)"))
            #expect(try await allowance(family)?.amount.minorUnits == 750)
        }
    }

    @Test(arguments: [
        ["amount": "75"], ["weekday": "3"], ["hour": "17"], ["clock": "0"], ["proof": ""],
        ["proof": String(repeating: "0", count: 64)],
    ])
    func `an allowance that is not the one that was shown is shown anew, and not set`(
        _ change: [String: String]
    ) async throws {
        try await Family.meet { family in
            let (guardian, path) = (family.guardian, family.path + "/allowance/confirm")
            try await guardian.ask(path, Self.allowance)
            let shown = guardian.page.hiddenFields
            try await guardian.send(path, shown.merging(change) { $1 })
            try expectWhole(guardian.page)
            #expect(guardian.page.status == .unprocessableContent)
            #expect(guardian.page.text.contains(Self.changed))
            #expect(try await allowance(family) == nil)
            // What is shown now can be agreed to.
            try await guardian.send(path, guardian.page.hiddenFields)
            #expect(guardian.page.status == .seeOther)
            #expect(try await allowance(family)?.isActive == true)
        }
    }

    @Test func `an allowance whose first day has passed since is shown with the next one`()
        async throws
    {
        try await Family.meet { family in
            let (guardian, path) = (family.guardian, family.path + "/allowance/confirm")
            let hour = Int(family.world.world.now.milliseconds / 3_600_000 % 24)
            let weekday = Weekday(day: family.world.world.now.day)
            try #require(hour < 23)
            let entries = Self.allowance.merging([
                "weekday": String(weekday.rawValue), "hour": String(hour + 1), "clock": "0",
            ]) { $1 }
            try await guardian.ask(path, entries)
            let shown = guardian.page
            family.world.world.clock.advance(by: .seconds(3_600))
            try await family.world.signIn(guardian)
            try await guardian.send(path, shown.hiddenFields)
            #expect(guardian.page.text.contains(Self.changed))
            #expect(try await allowance(family) == nil)
        }
    }

    @Test func `a second click sets one allowance, and tells it once`() async throws {
        try await Family.meet { family in
            let (guardian, path) = (family.guardian, family.path + "/allowance/confirm")
            try await guardian.ask(path, Self.allowance)
            let form = guardian.page
            let fields =
                form.hiddenFields.map { ($0, $1) } + [("csrf", try #require(form.token))]
            for _ in 0..<3 {
                try await guardian.send(path, fields)
                #expect(guardian.page.headers[.location] == family.path + "?allowance=set")
            }
            #expect(try await mails(family.world, "A weekly allowance was set") == 1)
            // One that was stopped since does not start by an old form.
            try await guardian.open(family.path)
            try await guardian.send(family.path + "/allowance/stop", [:])
            try await guardian.send(path, fields)
            #expect(guardian.page.text.contains(Self.changed))
            #expect(try await allowance(family)?.isActive == false)
        }
    }

    @Test func `what was shown to one guardian is no confirmation of another`() async throws {
        try await Family.meet { family in
            let (guardian, path) = (family.guardian, family.path + "/allowance/confirm")
            try await guardian.ask(path, Self.allowance)
            let shown = guardian.page.hiddenFields
            let other = guardian.stranger()
            try await family.world.enter(other, as: "otto.k")
            try await other.open("/children")
            try await other.send(path, shown)
            #expect(other.page.status == .notFound)
            #expect(try await allowance(family) == nil)
        }
    }

    // MARK: Top-up

    @Test func `a top-up is shown with its amounts, account and card, and not set yet`()
        async throws
    {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            try expectWhole(try await browser.ask("/top-up/confirm", Self.topUp))
            for text in [
                "€25.00", "less than €60.00", "€100.00", "ends in 1111", "12/27", "•••• ",
                "€50.00", "Within minutes",
            ] {
                #expect(browser.page.text.contains(text), "\(text)")
            }
            #expect(try await topUp(world) == nil)
            await world.family.orders.run(at: world.world.now)
            #expect(world.gateway.authorized.isEmpty)
            try await browser.send("/top-up/confirm", browser.page.hiddenFields)
            try await browser.follow()
            #expect(browser.page.text.contains("The top-up is set."))
            await world.family.orders.run(at: world.world.now)
            #expect(world.gateway.authorized.count == 1)
            // What it has loaded since is said of the next one.
            try await browser.ask(
                "/top-up/confirm",
                Self.topUp.merging(["threshold": "20"]) { $1 }
            )
            #expect(browser.page.text.contains("Loaded this month"))
            #expect(browser.page.text.contains("In place of"))
            #expect(browser.page.text.contains("When less is left, from now on"))
        }
    }

    @Test(arguments: [
        ["threshold": "400"], ["amount": "100"], ["monthMax": "1000"], ["proof": ""],
        ["proof": String(repeating: "0", count: 64)],
    ])
    func `a top-up that is not the one that was shown is shown anew, and not set`(
        _ change: [String: String]
    ) async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            try await browser.ask("/top-up/confirm", Self.topUp)
            let shown = browser.page.hiddenFields
            try await browser.send("/top-up/confirm", shown.merging(change) { $1 })
            try expectWhole(browser.page)
            #expect(browser.page.status == .unprocessableContent)
            #expect(browser.page.text.contains(Self.changed))
            #expect(try await topUp(world) == nil)
        }
    }

    @Test func `a top-up that has become due since is shown anew, and not set`() async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            let entries = Self.topUp.merging(["threshold": "49"]) { $1 }
            try await browser.ask("/top-up/confirm", entries)
            #expect(browser.page.text.contains("Nothing is loaded now"))
            let shown = browser.page.hiddenFields
            let path = try await world.checkout(browser)
            try await browser.send(path, ["decision": "pay"])
            try await browser.ask("/top-up/confirm", entries)
            try await browser.send("/top-up/confirm", shown)
            try expectWhole(browser.page)
            #expect(browser.page.text.contains(Self.changed))
            #expect(browser.page.text.contains("Within minutes"))
            #expect(try await topUp(world) == nil)
            try await browser.send("/top-up/confirm", browser.page.hiddenFields)
            #expect(try await topUp(world) != nil)
        }
    }

    @Test func `a second click sets one top-up, and tells it once`() async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            try await browser.ask("/top-up/confirm", Self.topUp)
            let form = browser.page
            let fields =
                form.hiddenFields.map { ($0, $1) } + [("csrf", try #require(form.token))]
            for _ in 0..<3 {
                try await browser.send("/top-up/confirm", fields)
                #expect(browser.page.headers[.location] == "/card?top-up=set")
            }
            #expect(try await mails(world, "A standing top-up was set") == 1)
        }
    }

    @Test func `a form without the token of the session sets nothing`() async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            try await browser.ask("/top-up/confirm", Self.topUp)
            let fields = browser.page.hiddenFields.map { ($0, $1) }
            try await browser.send("/top-up/confirm", fields)
            #expect(browser.page.status == .forbidden)
            #expect(try await topUp(world) == nil)
        }
    }
}
