// SPDX-License-Identifier: Apache-2.0

import Bank
import HTTPTypes
import Kernel
import OPALServer
import Records
import Simulation
import Sites
import Testing
import Wire

/// From *Load my card* at the bank to the value on the card, and back (FIG. 17 and 18).
struct LoadingTests {
    @Test func `a card is loaded, and card, statement and pool agree to the cent`() async throws {
        try await Loader.run { loader in
            let (load, consent) = try await loader.begin("25.00")
            #expect(loader.card.page.text.contains("€50.00"))
            #expect(loader.card.page.text.contains("€75.00"))
            #expect(try await loader.account().held == 25_00)
            let done = try await loader.card.send(consent, ["decision": "load"])
            try expectWhole(done)
            #expect(done.text.contains("<h1 class=\"center\">Loaded</h1>"))
            #expect(done.text.contains("€75.00"))
            let outcome = try await loader.bringResult()
            try expectWhole(outcome)
            #expect(loader.bank.page.text.contains("<h1 class=\"center\">Loaded</h1>"))
            #expect(outcome.text.contains("€75.00"), "the account has as much")
            try await loader.bank.open("/accounts/1")
            try expectWhole(loader.bank.page)
            #expect(loader.bank.page.text.contains("−€25.00"))
            #expect(loader.bank.page.text.contains("Loaded onto card"))
            #expect(!loader.bank.page.text.contains(">Held<"))
            let (account, world) = (try await loader.account(), loader.world)
            #expect(account.balance == 75_00 && account.held == 0)
            let pool = try await world.funding.inPool(of: world.world.issuer.identifier)
            #expect(pool == 25_00)
            try await loader.card.open("/history")
            #expect(loader.card.page.text.contains("+€25.00"))
            #expect(loader.card.page.text.contains("Quay Bank"))
            #expect(try await loader.bank.open(load).text.contains("Loaded"))
        }
    }

    @Test func `a load page that is opened twice loads once and shows the same outcome`()
        async throws
    {
        try await Loader.run { loader in
            let (load, consent) = try await loader.begin("10")
            let form = loader.card.page
            let fields = [("decision", "load"), ("csrf", try #require(form.token))]
            let first = try await loader.card.send(consent, fields)
            let second = try await loader.card.send(consent, fields)
            #expect(try first.hidden("result") == second.hidden("result"))
            let again = try await loader.card.open(consent)
            #expect(try again.hidden("result") == first.hidden("result"))
            try await loader.bank.open(load + "/card")
            let other = try await loader.bringPage()
            #expect(other != consent)
            #expect(try loader.card.page.hidden("result") == first.hidden("result"))
            try await loader.card.open("/card")
            #expect(loader.card.page.text.contains("€60.00"))
            try await loader.bank.open("/")
            #expect(loader.bank.page.text.contains("Held for loads"))
        }
    }

    @Test func `who goes back at the card has nothing held any more`() async throws {
        try await Loader.run { loader in
            let (_, consent) = try await loader.begin("25")
            let back = try await loader.card.send(consent + "/cancel", [:])
            try expectWhole(back)
            #expect(back.text.contains("You went back"))
            let outcome = try await loader.bringResult()
            try expectWhole(outcome)
            #expect(outcome.text.contains("Not loaded") && outcome.text.contains("You went back"))
            let account = try await loader.account()
            #expect(account.balance == FundingWorld.deposit && account.held == 0)
            try await loader.bank.open("/accounts/1")
            #expect(loader.bank.page.text.contains("was held and is free again"))
            // The same page afterwards loads nothing.
            try await loader.card.open(consent)
            let late = try await loader.card.send(consent, ["decision": "load"])
            #expect(!late.text.contains("<h1 class=\"center\">Loaded</h1>"))
            try await loader.card.open("/card")
            #expect(loader.card.page.text.contains("€50.00"))
        }
    }

    @Test func `a load is confirmed by one mail, and one that was cancelled by none`() async throws
    {
        try await Loader.run { loader in
            let (_, first) = try await loader.begin("25")
            try await loader.card.send(first + "/cancel", [:])
            #expect(try await loader.receipts().isEmpty)
            let (_, second) = try await loader.begin("10")
            for _ in 0..<2 { try await loader.card.send(second, ["decision": "load"]) }
            let receipts = try await loader.receipts()
            #expect(receipts.count == 1)
            let mail = try #require(receipts.first)
            #expect(mail.subject == "Your card was loaded with €10.00")
            for text in ["€60.00", "Quay Bank"] { #expect(mail.body.contains(text)) }
            #expect(!mail.body.contains(CardWorld.identifier))
        }
    }

    @Test func `nobody is made to go back without the token of the session`() async throws {
        try await Loader.run { loader in
            let (_, consent) = try await loader.begin("25")
            let answer = try await loader.card.send(consent + "/cancel", [("csrf", "guess")])
            #expect(answer.status == .forbidden)
            #expect(try await loader.account().held == 25_00)
        }
    }

    @Test func `where the tab was closed, the bank asks for the end`() async throws {
        try await Loader.run { loader in
            let (load, consent) = try await loader.begin("25")
            let waiting = try await loader.bank.open(load)
            try expectWhole(waiting)
            #expect(waiting.text.contains("We have not heard the end yet"))
            #expect(waiting.text.contains("data-look-again"))
            try await loader.bank.open("/accounts/1")
            #expect(loader.bank.page.text.contains(">Held<"))
            try await loader.card.send(consent, ["decision": "load"])
            let asked = try await loader.bank.open(load)
            #expect(asked.text.contains("<h1 class=\"center\">Loaded</h1>"))
            #expect(try await loader.account().balance == 75_00)
        }
    }

    @Test func `a card whose answer is lost is loaded, and the bank hears of it later`()
        async throws
    {
        let (gate, world) = try await CardWorld.withLoadGate()
        try await Loader.run(world) { loader in
            let (_, consent) = try await loader.begin("25")
            // The request passes; what the card answers does not.
            gate.passes = 1
            let loaded = try await loader.card.send(consent, ["decision": "load"])
            try expectWhole(loaded)
            #expect(loaded.text.contains("<h1 class=\"center\">Loaded</h1>"))
            // There is no result to be brought yet, but a way back.
            #expect(!loaded.text.contains("name=\"result\""))
            #expect(loaded.text.contains("href=\"\(FundingWorld.origin)/\""))
            #expect(try await loader.account().held == 25_00)
            gate.passes = .max
            await loader.world.loads.settleOpenLoads(olderThan: .zero)
            try await loader.card.open(consent + "/status")
            #expect(loader.card.page.text.contains("<h1 class=\"center\">Loaded</h1>"))
            try await loader.bringResult()
            #expect(try await loader.account().balance == 75_00)
        }
    }

    @Test func `a load of which nobody knows the end is pending, and the page asks again`()
        async throws
    {
        try await Loader.run { loader in
            let (_, consent) = try await loader.begin("25")
            // The load is remembered; neither the credit nor the end of the load is.
            let store = loader.world.world.opalStore
            for number in 2...8 {
                store.commits.script(.refuse(.unavailable("the disk is full")), at: number)
            }
            let pending = try await loader.card.send(consent, ["decision": "load"])
            try expectWhole(pending)
            #expect(pending.text.contains("<h1 class=\"center\">Being settled</h1>"))
            #expect(pending.text.contains("Held at Quay Bank."))
            let again = try await loader.card.open(consent + "/status")
            #expect(again.text.contains("data-look-again"))
            store.clear()
            await loader.world.loads.settleOpenLoads(olderThan: .zero)
            #expect(try await loader.card.open(consent).text.contains("Not loaded"))
            try await loader.bringResult()
            #expect(try await loader.account().available == FundingWorld.deposit)
        }
    }

    @Test func `a card that cannot be loaded says why before, and the way back ends the load`()
        async throws
    {
        try await Loader.run { loader in
            let (_, consent) = try await loader.begin("25")
            let world = loader.world
            let card = try #require(
                try await world.desk.cards(after: nil, limit: 10).last {
                    !world.world.cards.contains($0)
                } ?? nil
            )
            #expect(try await world.desk.setBlocked(true, card))
            let page = try await loader.card.open(consent)
            try expectWhole(page)
            #expect(page.text.contains("Your card is blocked"))
            #expect(!page.text.contains("value=\"load\""))
            try await loader.card.send(consent + "/cancel", [:])
            try await loader.bringResult()
            #expect(loader.bank.page.text.contains("Your card is blocked"))
            #expect(try await loader.account().held == 0)
        }
    }

    @Test func `who does not agree to the question tells the bank nothing`() async throws {
        try await Loader.run { loader in
            try await loader.bank.open("/")
            let inquiry = try await loader.bank.send("/load", ["account": "1"])
            let fields = try CardInquiryPage.Field.allCases.map {
                ($0.rawValue, try inquiry.hidden($0.rawValue))
            }
            try await loader.card.send("/inquiry", fields, fromElsewhere: true)
            let path = try #require(loader.card.page.headers[.location])
            try await loader.card.follow()
            let policy = try #require(loader.card.page.headers[.contentSecurityPolicy])
            #expect(policy.hasSuffix("form-action 'self' \(FundingWorld.origin)"))
            let back = try await loader.card.send(path + "/cancel", [:])
            try expectWhole(back)
            #expect(back.text.contains("The bank was told nothing"))
            let transaction = try inquiry.hidden("transaction")
            let page = try await loader.bank.open("/amount/\(transaction)")
            #expect(page.text.contains("The card was not asked yet"))
        }
    }

    @Test func `a person without a session agrees with identifier and password`() async throws {
        try await Loader.run { loader in
            try await loader.card.open("/card")
            loader.card.forgetCookies()
            try await loader.bank.open("/")
            let inquiry = try await loader.bank.send("/load", ["account": "1"])
            let fields = try CardInquiryPage.Field.allCases.map {
                ($0.rawValue, try inquiry.hidden($0.rawValue))
            }
            try await loader.card.send("/inquiry", fields, fromElsewhere: true)
            let path = try #require(loader.card.page.headers[.location])
            try expectWhole(try await loader.card.follow())
            let wrong = try await loader.card.send(
                path,
                ["decision": "tell", "userIdentifier": CardWorld.identifier, "password": "no"]
            )
            #expect(wrong.status == .unprocessableContent)
            let told = try await loader.card.send(
                path,
                [
                    "decision": "tell", "userIdentifier": CardWorld.identifier,
                    "password": CardWorld.password,
                ]
            )
            #expect(told.status == .seeOther)
        }
    }

    @Test func `the card page leads to the ways to load`() async throws {
        try await Loader.run { loader in
            try await loader.card.open("/card")
            #expect(loader.card.page.text.contains("href=\"/load\""))
            let ways = try await loader.card.open("/load")
            try expectWhole(ways)
            #expect(ways.text.contains(FundingWorld.origin))
        }
    }
}
