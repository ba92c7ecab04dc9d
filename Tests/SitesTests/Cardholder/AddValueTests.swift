// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import Sites
import Testing
import Wire

/// Value from the account on file, in three screens.
struct AddValueTests {
    private func funded(
        _ test: @escaping @Sendable (CardWorld, Browser) async throws -> Void
    ) async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { browser in
            try await world.enter(browser)
            try await test(world, browser)
        }
    }

    @Test func `a site without accounts on file has no page for them and no link`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            try await browser.open("/card")
            for text in ["/add-value", "/top-up"] {
                #expect(!browser.page.text.contains("href=\"\(text)"), "\(text)")
                #expect(try await browser.open(text).status == .notFound)
            }
        }
    }

    @Test func `value is loaded in three screens, and each amount is shown before`() async throws {
        try await funded { world, browser in
            try expectWhole(try await browser.open("/card"))
            #expect(browser.page.text.contains("href=\"/add-value\""))
            #expect(browser.page.text.contains("href=\"/load\""), "and from a bank")
            try expectWhole(try await browser.open("/add-value"))
            #expect(browser.page.text.contains("From €5.00 to €450.00."))
            #expect(browser.page.text.contains("ends in 1111"))
            #expect(browser.page.text.contains("12/27"))
            for choice in ["€10.00", "€25.00", "€50.00"] {
                #expect(browser.page.text.contains(">\(choice)</button>"))
            }
            try expectWhole(try await browser.open("/add-value/confirm?choice=2500"))
            for text in ["€25.00", "ends in 1111", "12/27", "•••• ", "€50.00", "€75.00"] {
                #expect(browser.page.text.contains(text), "\(text)")
            }
            #expect(world.gateway.authorized.isEmpty, "Nothing was asked yet.")
            try await confirm(browser, "/add-value/confirm")
            try expectWhole(browser.page)
            #expect(browser.page.text.contains(">Loaded</h1>"))
            #expect(browser.page.text.contains("€75.00"))
            let asked = try #require(world.gateway.authorized.first)
            #expect(asked.amount.minorUnits == 2_500 && asked.initiation == .person)
            try await browser.open("/history")
            #expect(browser.page.text.contains("Loaded from the account"))
            #expect(browser.page.text.contains("From account •••• 1111"))
            let mails = try await world.outbox.waiting().compactMap(\.message)
            #expect(mails.count { $0.subject == "Receipt: €25.00 loaded" } == 1)
        }
    }

    @Test func `a second click is the same load`() async throws {
        try await funded { world, browser in
            try await browser.open("/add-value/confirm?amount=30,00")
            let form = browser.page
            let fields = [
                "transaction": try form.hidden("transaction"), "proof": try form.hidden("proof"),
                "amount": "3000", "csrf": try #require(form.token),
            ].map { ($0, $1) }
            for _ in 0..<3 {
                try await browser.send("/add-value/confirm", fields)
                if browser.page.status == .seeOther { try await browser.follow() }
                #expect(browser.page.text.contains(">Loaded</h1>"))
                #expect(browser.page.text.contains("€80.00"))
            }
            #expect(world.gateway.authorized.count == 1)
            // The same confirmation with another amount is another matter.
            try await browser.send(
                "/add-value/confirm",
                fields.map { $0.0 == "amount" ? ("amount", "4000") : $0 }
            )
            #expect(browser.page.text.contains("This confirmation was used before"))
            try await browser.open("/card")
            #expect(browser.page.text.contains("€80.00"))
        }
    }

    @Test func `a transaction that the person has chosen is refused, and nothing is asked`()
        async throws
    {
        try await funded { world, browser in
            try await browser.open("/add-value/confirm?amount=25")
            let form = browser.page
            let shown = [
                "transaction": try form.hidden("transaction"),
                "proof": try form.hidden("proof"), "amount": "2500",
            ]
            for change in [
                // Perhaps that of a load from a bank; one that no gateway takes; another amount.
                ["transaction": "01890000-0000-7000-8000-000000000001"],
                ["transaction": "00000000-0000-0000-0000-000000000000"], ["amount": "3000"],
                ["proof": ""], ["proof": String(repeating: "0", count: 64)],
            ] {
                try await browser.open("/card")
                let fields = shown.merging(change) { _, new in new }
                try await browser.send("/add-value/confirm", fields)
                try expectWhole(browser.page)
                #expect(browser.page.text.contains("not the one that you were shown"), "\(change)")
                #expect(browser.page.text.contains("your account is not charged"))
            }
            #expect(world.gateway.authorized.isEmpty)
            // Nobody else's: another person sends the same form.
            let other = browser.stranger()
            try await world.enter(other, as: "otto.k")
            try await other.open("/card")
            try await other.send("/add-value/confirm", shown)
            #expect(other.page.text.contains("not the one that you were shown"))
            #expect(world.gateway.authorized.isEmpty)
            try await browser.open("/card")
            try await browser.send("/add-value/confirm", shown)
            try await browser.follow()
            #expect(browser.page.text.contains(">Loaded</h1>"))
        }
    }

    @Test(arguments: [
        ("amount=600", "The card can take at most €450.00 more."),
        ("choice=45001", "The card can take at most €450.00 more."),
        ("amount=4.99", "At least €5.00 can be loaded."), ("amount=", "such as €25.00"),
        ("amount=a+lot", "such as €25.00"), ("amount=1.234", "such as €25.00"),
        ("choice=-1", "such as €25.00"),
    ])
    func `an amount that cannot be is told beside its entry, and stays`(
        _ query: String,
        _ problem: String
    ) async throws {
        try await funded { world, browser in
            try expectWhole(try await browser.open("/add-value/confirm?" + query))
            #expect(browser.page.status == .unprocessableContent)
            #expect(browser.page.text.contains(problem))
            #expect(browser.page.text.contains("id=\"amount-error\""))
            if query == "amount=600" { #expect(browser.page.text.contains("value=\"600\"")) }
            // Who sends it past the confirmation is told the same.
            if query == "amount=600" {
                try await browser.open("/add-value/confirm?amount=25")
                let transaction = try browser.page.hidden("transaction")
                try await browser.send(
                    "/add-value/confirm",
                    ["transaction": transaction, "amount": "60000"]
                )
                #expect(browser.page.text.contains(problem))
            }
            #expect(world.gateway.authorized.isEmpty)
        }
    }

    @Test func `a decline says why, that nothing is charged, and what to do`() async throws {
        let cases: [(ScriptedFunds.Script, String, String)] = [
            (.declines(.declined), "Your bank said no", "Ask your bank"),
            (.declines(.insufficientFunds), "There is not enough on your account", "smaller"),
            (.declines(.accountUnknown), "does not know the account", "Ask your bank"),
            (.declines(.accountExpired), "Your account has expired", "Call"),
            (.declines(.limitExceeded), "A limit of your account", "smaller amount"),
            (.declines(.issuerUnavailable), "could not be reached", "a few minutes"),
            (.findsAnotherAddress, "Your address is not the one", "Ask your bank which address"),
            (.findsAnotherVerificationValue, "The security code was not", "load again"),
            (.isBusy, "too much to do", "Wait a moment"),
        ]
        for (script, title, next) in cases {
            try await funded { world, browser in
                world.gateway.plays(script)
                try await browser.open("/add-value/confirm?amount=25")
                try await confirm(browser, "/add-value/confirm")
                try expectWhole(browser.page)
                #expect(browser.page.text.contains("Not loaded"))
                #expect(browser.page.text.contains(title), "\(title)")
                #expect(browser.page.text.contains(next), "\(next)")
                #expect(browser.page.text.contains("your account is not charged"))
                try await browser.open("/card")
                #expect(browser.page.text.contains("€50.00"))
            }
        }
    }

    @Test func `what is pending says so, and its page tells how it ended`() async throws {
        try await funded { world, browser in
            world.gateway.plays(.isSilent)
            try await browser.open("/add-value/confirm?amount=25")
            let transaction = try browser.page.hidden("transaction")
            try await confirm(browser, "/add-value/confirm")
            try expectWhole(browser.page)
            #expect(browser.page.text.contains(">Being settled</h1>"))
            #expect(browser.page.text.contains("A mail tells you how it ended."))
            let path = "/add-value/load/" + transaction
            #expect(browser.page.text.contains("href=\"\(path)\""))
            try await browser.open(path)
            #expect(browser.page.text.contains(">Being settled</h1>"))
            world.gateway.approveAll()
            #expect(await world.family.loads.settleOpen(olderThan: .zero) == 1)
            try expectWhole(try await browser.open(path))
            #expect(browser.page.text.contains(">Loaded</h1>"))
            // Another's is none.
            let other = browser.stranger()
            try await world.enter(other, as: "otto.k")
            #expect(try await other.open(path).status == .notFound)
        }
    }

    @Test func `a gateway that is away is told as an answer that did not come`() async throws {
        try await funded { world, browser in
            world.gateway.plays(.isAway, .isAway)
            try await browser.open("/add-value/confirm?amount=25")
            try await confirm(browser, "/add-value/confirm")
            try expectWhole(browser.page)
            #expect(browser.page.text.contains("Your bank did not answer in time"))
        }
    }

    @Test func `who fails too often waits, and reads until when`() async throws {
        try await funded { world, browser in
            for _ in 0..<20 {
                world.gateway.plays(.declines(.declined))
                try await browser.open("/add-value/confirm?amount=25")
                try await confirm(browser, "/add-value/confirm")
                if browser.page.status == .tooManyRequests { break }
                #expect(browser.page.text.contains("Your bank said no"))
            }
            try expectWhole(browser.page)
            #expect(browser.page.status == .tooManyRequests)
            #expect(browser.page.text.contains("Too many loads came to nothing"))
            #expect(browser.page.text.contains("Load again after"))
        }
    }

    @Test func `a card that is full names the reason`() async throws {
        try await funded { world, browser in
            try await browser.open("/add-value/confirm?amount=450")
            try await confirm(browser, "/add-value/confirm")
            try expectWhole(try await browser.open("/add-value"))
            #expect(browser.page.text.contains("The card cannot hold that much"))
            #expect(!browser.page.text.contains("name=\"choice\""))
        }
    }

    @Test func `a form without the token of the session loads nothing`() async throws {
        try await funded { world, browser in
            try await browser.open("/add-value/confirm?amount=25")
            let transaction = try browser.page.hidden("transaction")
            try await browser.send(
                "/add-value/confirm",
                [("transaction", transaction), ("amount", "2500")]
            )
            #expect(browser.page.status == .forbidden)
            #expect(world.gateway.authorized.isEmpty)
        }
    }

    @Test func `an amount is written back as it is typed, whatever its exponent`() {
        for (units, decimals, text) in [
            (UInt64(2_500), UInt8(2), "25.00"), (5, 2, "0.05"), (500, 0, "500"), (0, 0, "0"),
            (1, 6, "0.000001"), (1_500_000, 6, "1.500000"),
        ] {
            guard let exponent = Exponent(decimals) else { continue }
            #expect(AmountEntry.text(units, exponent) == text)
            #expect(AmountEntry.minorUnits(text, exponent) == units)
        }
    }
}
