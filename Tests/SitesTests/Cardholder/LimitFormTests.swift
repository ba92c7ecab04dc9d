// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import Sites
import Testing

/// The one form for all limits of a card.
struct LimitFormTests {
    @Test func `every entry becomes the one value, and the form shows it again`() async throws {
        try await Family.meet { family in
            let entries = [
                "purchase": "5", "day": "10.50", "week": "€20", "month": "50,00", "dayCount": "3",
                "weekCount": "10", "monthCount": "30", "merchantsRule": "only",
                "merchants": "PRESS-1, OTHER", "categoriesRule": "except",
                "categories": "7995 5812", "hours": "Mon–Fri 7-20, sat 9-12", "clock": "120",
            ]
            try await family.limit(entries)
            var limits = SpendingLimits(currency: .euro, exponent: .cents)
            limits.purchaseMax = 500
            limits.day = .init(minorUnitsMax: 1_050, purchasesMax: 3)
            limits.week = .init(minorUnitsMax: 2_000, purchasesMax: 10)
            limits.month = .init(minorUnitsMax: 5_000, purchasesMax: 30)
            let shops = ["PRESS-1", "OTHER"].compactMap { MerchantIdentifier($0) }
            limits.merchants = try #require(SpendingRule(.only, Set(shops)))
            let kinds = ["7995", "5812"].compactMap { MerchantCategory($0) }
            limits.categories = try #require(SpendingRule(.except, Set(kinds)))
            limits.hours = try #require(SpendingHours("mon-fri 7-20, sat 9-12"))
            limits.offset = try #require(LocalOffset(minutes: 120))
            #expect(try await family.policy()?.limits == limits)

            try expectWhole(try await family.guardian.open(family.path + "/limits"))
            let shown = family.guardian.page.text
            for text in [
                "value=\"5.00\"", "value=\"10.50\"", "value=\"20.00\"", "value=\"50.00\"",
                "value=\"3\"", "value=\"OTHER, PRESS-1\"", "value=\"5812, 7995\"",
                "value=\"mon-fri 7-20, sat 9-12\"", "value=\"only\" selected",
                "value=\"except\" selected", "value=\"120\" selected",
            ] {
                #expect(shown.contains(text), "\(text)")
            }
            try expectWhole(try await family.child.open("/card"))
            for text in [
                "€0.00 of €10.50 spent", "0 of 3 made", "only OTHER, PRESS-1", "all but 5812, 7995",
                "Mon–Fri 7–20, Sat 9–12 (UTC+02:00)",
            ] {
                #expect(family.child.page.text.contains(text), "\(text)")
            }
        }
    }

    @Test(arguments: [
        ("purchase", "five", "such as €5.00"), ("day", "1.234", "such as €5.00"),
        ("week", "-1", "such as €5.00"), ("month", "99999999999999999999", "such as €5.00"),
        ("dayCount", "2.5", "whole number"), ("weekCount", "-1", "whole number"),
        ("monthCount", "4294967296", "whole number"), ("merchantsRule", "some", "from the list"),
        ("merchantsRule", "only", "Name at least one"), ("merchants", "PRESS-1", "what it is for"),
        ("categories", "5815", "what it is for"), ("categoriesRule", "x", "from the list"),
        ("hours", "mon 7", "mon-fri 7-20"), ("hours", "mon 20-7", "mon-fri 7-20"),
        ("clock", "9999", "clock"),
    ])
    func `an entry that cannot be is told beside it, and what was typed stays`(
        _ field: String,
        _ typed: String,
        _ problem: String
    ) async throws {
        try await Family.meet { family in
            let (guardian, path) = (family.guardian, family.path + "/limits")
            try await guardian.open(path)
            try await guardian.send(
                path,
                LimitEntries.all(
                    field == "month" ? [field: typed] : ["month": "77", field: typed]
                )
            )
            try expectWhole(guardian.page)
            #expect(guardian.page.status == .unprocessableContent)
            #expect(guardian.page.text.contains(problem))
            if field != "month" { #expect(guardian.page.text.contains("value=\"77\"")) }
            if !field.hasSuffix("Rule"), field != "clock" {
                #expect(guardian.page.text.contains("value=\"\(typed)\""))
            }
            #expect(try await family.policy() == nil)
        }
    }

    @Test func `an entry of a list that cannot be is named, and one too many is refused`()
        async throws
    {
        try await Family.meet { family in
            let (guardian, path) = (family.guardian, family.path + "/limits")
            for (rule, list, text) in [
                ("merchantsRule", "GOOD, SHOP-WITH-A-NAME-TOO-LONG", "cannot be one"),
                ("categoriesRule", "5815, 58", "cannot be one"),
                (
                    "categoriesRule", (1000...1064).map { "\($0)" }.joined(separator: ","),
                    "at most 64"
                ),
            ] {
                try await guardian.open(path)
                let field = String(rule.dropLast(4))
                try await guardian.send(path, LimitEntries.all([rule: "only", field: list]))
                #expect(guardian.page.text.contains("id=\"\(field)-error\""))
                #expect(guardian.page.text.contains(text))
            }
            #expect(try await family.policy() == nil)
        }
    }

    @Test func `an empty form lifts all limits, and a freeze stays`() async throws {
        try await Family.meet { family in
            try await family.limit(["purchase": "5"])
            try await family.guardian.open(family.path)
            try await family.guardian.send(family.path + "/limits/freeze", ["frozen": "yes"])
            try await family.limit(["clock": "60"])
            #expect(try await family.policy() == SpendingPolicy(limits: nil, isFrozen: true))
        }
    }

    @Test func `the own card has the same form, in the holder's name`() async throws {
        try await Family.meet { family in
            let browser = family.guardian
            try expectWhole(try await browser.open("/limits"))
            #expect(browser.page.text.contains("Limits of your card"))
            try await browser.send("/limits", LimitEntries.all(["purchase": "1"]))
            try expectWhole(try await browser.follow())
            #expect(browser.page.text.contains("The limits are set."))
            #expect(browser.page.text.contains("up to €1.00"))
            let path = try await family.world.checkout(browser)
            #expect(browser.page.text.contains("You can change the limits of your card"))
            #expect(try await family.refusalMails().isEmpty, "It is nobody's child.")
            try await browser.open("/limits")
            try await browser.send("/limits", LimitEntries.empty)
            try await browser.open(path)
            try await browser.send(path, ["decision": "pay"])
            #expect(browser.page.text.contains(">Paid</h1>"))
            try await browser.open("/history?kind=setting")
            #expect(browser.page.text.contains("by card holder"))
            try await browser.open("/limits")
            try await browser.send("/limits/freeze", ["frozen": "yes"])
            try expectWhole(try await browser.follow())
            #expect(browser.page.text.contains("Unfreeze the card"))
        }
    }
}
