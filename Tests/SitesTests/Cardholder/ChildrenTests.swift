// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import Records
import Simulation
import Sites
import Testing

/// A guardian's pages, and what of them is closed to everybody else.
struct ChildrenTests {
    @Test func `a guardian opens a card for a child, which begins empty`() async throws {
        try await Family.meet { family in
            try expectWhole(try await family.guardian.open("/children"))
            #expect(family.guardian.page.text.contains("Emma"))
            #expect(family.guardian.page.text.contains("€0.00"))
            try expectWhole(try await family.guardian.open(family.path))
            #expect(family.guardian.page.text.contains("None is set."))
            try expectWhole(try await family.child.open("/card"))
            #expect(family.child.page.text.contains("€0.00"))
        }
    }

    @Test func `each entry of the form is checked, and what was typed stays`() async throws {
        try await Family.meet { family in
            let browser = family.guardian
            try await browser.open("/children")
            try await browser.send(
                "/children",
                ["name": "", "userIdentifier": "a", "email": "nobody"]
            )
            try expectWhole(browser.page)
            #expect(browser.page.status == .unprocessableContent)
            for field in ["name", "userIdentifier", "email"] {
                #expect(browser.page.text.contains("id=\"\(field)-error\""), "\(field)")
            }
            #expect(browser.page.text.contains("3 entries need a look"))
            #expect(browser.page.text.contains("value=\"nobody\""))
        }
    }

    @Test func `a user identifier that is taken looks like any other`() async throws {
        try await Family.meet { family in
            let other = family.guardian.stranger()
            try await family.world.enter(other, as: "otto.k")
            for identifier in [Family.child, "somebody.new"] {
                try await other.open("/children")
                try await other.send(
                    "/children",
                    ["name": "Paul", "userIdentifier": identifier, "email": ""]
                )
                #expect(other.page.headers[.location] == "/children?opened=yes")
            }
            try await other.follow()
            let text = other.page.text
            #expect(text.matches(of: /Has not signed in yet/).count == 2)
            #expect(!text.contains("href=\"/children/"))
        }
    }

    @Test func `what is given is on the child's card, in the words of each`() async throws {
        try await Family.meet { family in
            let (guardian, child) = (family.guardian, family.child)
            try expectWhole(try await guardian.open(family.path + "/give"))
            #expect(guardian.page.text.contains("Give value to Emma"))
            try expectWhole(try await guardian.open(family.path + "/give/confirm?amount=10"))
            #expect(guardian.page.text.contains("Onto the card of Emma"))
            try await family.give("10")
            try expectWhole(guardian.page)
            #expect(try await family.balance() == 1_000)
            try expectWhole(try await guardian.open(family.path))
            #expect(guardian.page.text.contains("From you"))
            try expectWhole(try await guardian.open(family.path + "/history"))
            #expect(guardian.page.text.contains("From you"))
            #expect(guardian.page.text.contains("History of Emma"))
            let file = try await guardian.open(family.path + "/history.csv")
            #expect(file.text.contains("load,From your guardian,,10.00,EUR,10.00"))
            try expectWhole(try await child.open("/card"))
            #expect(child.page.text.contains("From your guardian"))
            #expect(!child.page.text.contains("1111"), "A child sees no account.")
        }
    }

    @Test func `a gift takes no transaction but the one that was shown for it`() async throws {
        try await Family.meet { family in
            let guardian = family.guardian
            try await guardian.open("/add-value/confirm?amount=10")
            let own = [
                "transaction": try guardian.page.hidden("transaction"),
                "proof": try guardian.page.hidden("proof"), "amount": "1000",
            ]
            try await guardian.send(family.path + "/give/confirm", own)
            #expect(guardian.page.text.contains("not the one that you were shown"))
            try await guardian.open(family.path + "/give/confirm?amount=10")
            let shown = try guardian.page.hidden("proof")
            try await guardian.send(
                family.path + "/give/confirm",
                own.merging(["proof": shown]) { _, new in new }
            )
            #expect(guardian.page.text.contains("not the one that you were shown"))
            #expect(family.world.gateway.authorized.isEmpty)
            #expect(try await family.balance() == 0)
        }
    }

    @Test func `a child whose record was changed is shown as stopped, and stops no other`()
        async throws
    {
        try await Family.meet { family in
            let guardian = family.guardian
            try await guardian.open("/children")
            try await guardian.send(
                "/children",
                ["name": "Otto", "userIdentifier": "otto.b", "email": "otto@example.org"]
            )
            let key = try #require(
                try await family.world.users.profile(ofIdentifier: "otto.b")?.key
            )
            let store = family.world.world.opalStore
            let record = try #require(
                try await store.read(RecordKey(UserRecordKinds.user, key.bytes))
            )
            let changed = RecordWrite.put(
                record.key,
                expectedRevision: record.revision,
                body: record.body.map { $0 ^ 1 }
            )
            #expect(try await store.commit(Transition(writes: [changed])) == .committed)
            try expectWhole(try await guardian.open("/children"))
            #expect(guardian.page.text.contains(">Otto<"))
            #expect(guardian.page.text.contains(">Stopped<"))
            try expectWhole(try await guardian.open(family.path))
            try await family.give("10")
            #expect(try await family.balance() == 1_000)
        }
    }

    @Test func `an allowance is set, changed, stopped and started again`() async throws {
        try await Family.meet { family in
            let (guardian, path) = (family.guardian, family.path + "/allowance")
            try expectWhole(try await guardian.open(path))
            let entries = ["amount": "7.50", "weekday": "4", "hour": "16", "clock": "120"]
            try await confirmOrder(guardian, path, entries)
            try expectWhole(try await guardian.follow())
            #expect(guardian.page.text.contains("The allowance is set."))
            #expect(guardian.page.text.contains("€7.50 every Friday at 16:00 (UTC+02:00)"))
            #expect(guardian.page.text.contains("Running"))
            try expectWhole(try await guardian.open(path))
            #expect(guardian.page.text.contains("value=\"7.50\""))
            try await guardian.send(path + "/stop", [:])
            try expectWhole(try await guardian.follow())
            #expect(guardian.page.text.contains("The allowance is stopped."))
            #expect(guardian.page.text.contains(">Stopped<"))
            try await guardian.open(path)
            #expect(guardian.page.text.contains("Start it again"))
            try await confirmOrder(guardian, path, entries)
            let key = try #require(UserKey(String(family.path.dropFirst(10))))
            let own = try await family.world.users.profile(ofIdentifier: CardWorld.identifier)
            let payer = try #require(own?.key)
            let order = try await family.world.family.orders.allowance(for: key, by: payer)
            #expect(order?.isActive == true && order?.amount.minorUnits == 750)
            // It is paid at its hour, and named in the history.
            let due = try #require(order?.dueAt)
            family.world.world.clock.advance(by: due.since(family.world.world.now))
            await family.world.family.orders.run(at: family.world.world.now)
            #expect(try await family.balance() == 750)
        }
    }

    @Test(arguments: [
        (["amount": "4.99"], "amount", "At least €5.00"),
        (["amount": "501"], "amount", "at most €500.00"), (["amount": ""], "amount", "such as"),
        (["weekday": "7"], "weekday", "day"), (["hour": "24"], "hour", "hour"),
        (["clock": "10000"], "clock", "clock"),
    ])
    func `an allowance that cannot be is told beside its entry`(
        _ wrong: [String: String],
        _ field: String,
        _ text: String
    ) async throws {
        try await Family.meet { family in
            let (guardian, path) = (family.guardian, family.path + "/allowance")
            try await guardian.open(path)
            let good = ["amount": "6.66", "weekday": "4", "hour": "16", "clock": "120"]
            try await guardian.ask(path + "/confirm", good.merging(wrong) { _, new in new })
            try expectWhole(guardian.page)
            #expect(guardian.page.status == .unprocessableContent)
            #expect(guardian.page.text.contains("id=\"\(field)-error\""))
            #expect(guardian.page.text.contains(text))
            let amount = wrong["amount"] ?? "6.66"
            #expect(guardian.page.text.contains("value=\"\(amount)\""))
        }
    }

    @Test func `a guardian freezes and unfreezes, and both read it`() async throws {
        try await Family.meet { family in
            let (guardian, child) = (family.guardian, family.child)
            try await guardian.open(family.path)
            try await guardian.send(family.path + "/limits/freeze", ["frozen": "yes"])
            try expectWhole(try await guardian.follow())
            #expect(guardian.page.text.contains("The card is frozen"))
            #expect(try await family.policy()?.isFrozen == true)
            try expectWhole(try await child.open("/card"))
            #expect(child.page.text.contains("Your guardian froze the card"))
            #expect(!child.page.text.contains("Unfreeze"))
            try await guardian.send(family.path + "/limits/freeze", ["frozen": "no"])
            #expect(try await family.policy() == nil)
            try await guardian.open(family.path + "/history?kind=setting")
            #expect(guardian.page.text.contains("by guardian"))
            #expect(guardian.page.text.contains("Card unfrozen"))
        }
    }

    // MARK: Who may not

    @Test func `a child sees its limits and is offered no change of them and no funding`()
        async throws
    {
        try await Family.meet { family in
            try await family.limit([
                "purchase": "3", "merchantsRule": "only", "merchants": "PRESS-1",
            ])
            try expectWhole(try await family.child.open("/card"))
            let text = family.child.page.text
            #expect(text.contains("up to €3.00") && text.contains("only PRESS-1"))
            #expect(text.contains("Your guardian loads this card"))
            for word in ["/limits", "/add-value", "/load\"", "/top-up", "/children", "freeze"] {
                #expect(!text.contains(word), "\(word)")
            }
        }
    }

    @Test func `a child that asks or sends a form all the same is refused`() async throws {
        try await Family.meet { family in
            try await family.limit(["purchase": "3"])
            let before = try await family.policy()
            let child = family.child
            for path in [
                "/limits", "/add-value", "/add-value/confirm?amount=25", "/top-up", "/children",
                family.path, family.path + "/limits", family.path + "/history",
                family.path + "/history.csv", family.path + "/give",
            ] {
                try expectWhole(try await child.open(path))
                #expect(child.page.status == .forbidden, "\(path)")
                #expect(child.page.text.contains("Your guardian looks after this"), "\(path)")
            }
            let entries = LimitEntries.all(["purchase": "1000"]).merging(
                [
                    "frozen": "no", "number": "1", "amount": "2500", "threshold": "10",
                    "monthMax": "100", "weekday": "1", "hour": "1", "name": "Max",
                    "userIdentifier": "max.b",
                    "transaction": "01890000-0000-7000-8000-000000000001",
                ]
            ) { _, new in new }
            for path in [
                "/limits", "/limits/freeze", "/add-value/confirm", "/top-up/confirm",
                "/top-up/stop",
                "/children", "/renew", family.path + "/limits", family.path + "/limits/freeze",
                family.path + "/allow", family.path + "/withdraw",
                family.path + "/allowance/confirm",
                family.path + "/allowance/stop", family.path + "/give/confirm",
                family.path + "/renew",
            ] {
                try await child.open("/card")
                try await child.send(path, entries)
                #expect(child.page.status == .forbidden, "\(path)")
                #expect(child.page.text.contains("Your guardian looks after this"), "\(path)")
            }
            #expect(try await family.policy() == before)
            #expect(family.world.gateway.authorized.isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func `a guardian of another child, and who has none, finds no page and changes nothing`(
        hasChild: Bool
    ) async throws {
        try await Family.meet { family in
            try await family.limit(["purchase": "3"])
            let before = try await family.policy()
            let other = family.guardian.stranger()
            try await family.world.enter(other, as: "otto.k")
            if hasChild {
                try await other.open("/children")
                try await other.send(
                    "/children",
                    ["name": "Bert", "userIdentifier": "bert.k", "email": "bert@example.org"]
                )
                try await other.open("/children")
                #expect(other.page.text.contains("Bert"))
            }
            let nobody = "/children/" + String(repeating: "A", count: 43)
            for path in [
                "", "/limits", "/history", "/history.csv", "/statement/2026-11", "/before/history",
                "/before/history.csv", "/before/statement/2026-11", "/give", "/allowance",
                "/allowance/confirm?amount=10&weekday=4&hour=16&clock=0",
            ] {
                for child in [family.path, nobody, "/children/x"] {
                    #expect(try await other.open(child + path).status == .notFound, "\(path)")
                }
            }
            let entries = LimitEntries.all(["purchase": "1000"]).merging(
                [
                    "frozen": "yes", "number": "1", "amount": "2500", "weekday": "1", "hour": "1",
                    "transaction": "01890000-0000-7000-8000-000000000001",
                ]
            ) { _, new in new }
            for path in [
                "/limits", "/limits/freeze", "/allow", "/withdraw", "/allowance/confirm",
                "/allowance/stop", "/give/confirm", "/renew",
            ] {
                try await other.open("/children")
                try await other.send(family.path + path, entries)
                #expect(other.page.status == .notFound, "\(path)")
            }
            #expect(try await family.policy() == before)
            #expect(try await family.balance() == 0)
            #expect(family.world.gateway.authorized.isEmpty)
        }
    }

    @Test func `a form without the token of the session changes nothing`() async throws {
        try await Family.meet { family in
            for path in [
                "/limits", "/limits/freeze", "/allow", "/withdraw", "/allowance/confirm",
                "/allowance/stop", "/give/confirm", "/renew",
            ] {
                let entries = LimitEntries.all(["frozen": "yes"]).map { ($0, $1) }
                try await family.guardian.send(family.path + path, entries)
                #expect(family.guardian.page.status == .forbidden, "\(path)")
            }
            #expect(try await family.policy() == nil)
        }
    }
}
