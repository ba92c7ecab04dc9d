// SPDX-License-Identifier: Apache-2.0

import Bank
import HTTPTypes
import Kernel
import Sites
import Testing
import Wire

/// The bank's own pages: signing in, accounts, amounts, and what they refuse.
struct BankPagesTests {
    @Test(
        arguments: [
            ("4.99", "At least €5.00 can be loaded."), ("0", "At least €5.00 can be loaded."),
            ("100.01", "Your account has €100.00 to load."),
            ("450.01", "Your card can take at most €450.00."),
            ("", "Enter an amount such as €25.00."), ("-5", "Enter an amount such as €25.00."),
            ("5.001", "Enter an amount such as €25.00."),
            ("99999999999999999999", "Enter an amount such as €25.00."),
        ]
    )
    func `an amount that cannot be loaded is refused with the reason, and nothing is held`(
        _ typed: String,
        _ problem: String
    ) async throws {
        try await Loader.run { loader in
            let path = try await loader.ask()
            #expect(loader.bank.page.text.contains("From €5.00 to €100.00."))
            let answer = try await loader.bank.send(path, ["amount": typed])
            #expect(answer.status == .unprocessableContent)
            #expect(answer.text.contains(problem))
            try expectWhole(answer)
            #expect(try await loader.account().held == 0)
        }
    }

    @Test(arguments: ["5", "100.00", "12,50"])
    func `the bounds themselves can be loaded`(_ typed: String) async throws {
        try await Loader.run { loader in
            let path = try await loader.ask()
            #expect(try await loader.bank.send(path, ["amount": typed]).status == .seeOther)
            #expect(try await loader.account().held > 0)
        }
    }

    @Test func `an amount of the menu is held by one press, once`() async throws {
        try await Loader.run { loader in
            let path = try await loader.ask()
            let token = try #require(loader.bank.page.token)
            let fields = [("choice", "2500"), ("csrf", token)]
            let first = try await loader.bank.send(path, fields)
            let second = try await loader.bank.send(path, fields)
            #expect(first.headers[.location] == second.headers[.location])
            #expect(try await loader.account().held == 25_00)
            // The answer of the card serves this load alone.
            let other = try await loader.bank.send(path, [("choice", "5000"), ("csrf", token)])
            #expect(other.headers[.location]?.hasPrefix("/loads/") == true)
            #expect(try await loader.account().held == 25_00)
        }
    }

    @Test func `a customer sees neither accounts nor loads of another`() async throws {
        try await Loader.run { loader in
            let (load, _) = try await loader.begin("25")
            let stranger = loader.bank.stranger()
            #expect(
                try await FundingWorld.signIn(stranger, FundingWorld.stranger).status == .seeOther
            )
            #expect(try await stranger.open("/").text.contains("You have no account yet."))
            for path in ["/accounts/1", load, load + "/card"] {
                #expect(try await stranger.open(path).status == .notFound)
            }
            try await stranger.open("/")
            #expect(try await stranger.send("/load", ["account": "1"]).status == .notFound)
        }
    }

    @Test func `without a session a page of a load leads to the sign-in and back`() async throws {
        try await Loader.run { loader in
            let (load, _) = try await loader.begin("25")
            let other = loader.bank.stranger()
            let page = try await other.open(load)
            #expect(page.headers[.location] == "/sign-in?next=\(load)")
            try await other.follow()
            try expectWhole(other.page)
            let answer = try await other.send(
                "/sign-in",
                [
                    "customer": FundingWorld.name, "password": FundingWorld.password,
                    "next": try other.page.hidden("next"),
                ]
            )
            #expect(answer.headers[.location] == load)
        }
    }

    @Test(arguments: ["//evil.example/", "https://evil.example", "/loads/x", "/accounts/1"])
    func `no other address is gone to after the sign-in`(_ next: String) async throws {
        try await Loader.run { loader in
            let other = loader.bank.stranger()
            try await other.open("/sign-in")
            let answer = try await other.send(
                "/sign-in",
                [
                    "customer": FundingWorld.name, "password": FundingWorld.password,
                    "next": next,
                ]
            )
            #expect(answer.headers[.location] == "/")
        }
    }

    @Test func `a wrong password and an unknown customer get the same answer`() async throws {
        try await Loader.run { loader in
            let other = loader.bank.stranger()
            let wrong = try await FundingWorld.signIn(other, FundingWorld.name, "guess guess")
            let unknown = try await FundingWorld.signIn(other, "nobody", "guess guess")
            #expect(wrong.status == .forbidden && wrong.text == unknown.text)
            try expectWhole(wrong)
        }
    }

    @Test func `what was not sealed for this bank changes nothing`() async throws {
        try await Loader.run { loader in
            let (load, consent) = try await loader.begin("25")
            try await loader.card.send(consent, ["decision": "load"])
            let transaction = try loader.card.page.hidden("transaction")
            let forged = [("transaction", transaction), ("result", "a.b.c.d.e")]
            let answer = try await loader.bank.send(
                BankSiteSettings.resultPath,
                forged,
                fromElsewhere: true
            )
            #expect(answer.status == .badRequest)
            try expectWhole(answer)
            #expect(try await loader.account().held == 25_00)
            let information = try await loader.bank.open(
                "\(BankSiteSettings.informationPath)?transaction=\(transaction)&information=x"
            )
            #expect(information.status == .badRequest)
            #expect(try await loader.bank.open(load).text.contains("Loaded"))
        }
    }

    @Test func `a form needs the token of the session`() async throws {
        try await Loader.run { loader in
            let path = try await loader.ask()
            for (path, field) in [("/load", "account"), (path, "amount"), ("/sign-out", "x")] {
                let answer = try await loader.bank.send(path, [(field, "1")])
                #expect(answer.status == .forbidden)
            }
            #expect(try await loader.account().held == 0)
        }
    }

    @Test func `signing out ends the session`() async throws {
        try await Loader.run { loader in
            try await loader.bank.open("/")
            try await loader.bank.send("/sign-out", [:])
            #expect(try await loader.bank.open("/").status == .seeOther)
        }
    }
}

/// What the bank says and reads.
struct BankWordingTests {
    @Test(arguments: LoadRefusal.allCases)
    func `each refusal of a load says what happened, where the money is and what to do`(
        _ refusal: LoadRefusal
    ) {
        expectWhole(RefusalText(load: refusal))
    }

    @Test(arguments: [
        BankFailure.notAnswered, .informationTooOld, .currencyDiffers, .belowMinimum(500),
        .aboveMaximum(0), .issuerUnknown, .insufficientFunds(0), .amountTooLarge, .tooOld,
        .resultForged, .resultMismatch, .resultContradicts, .loadServerSilent(.timedOut),
        .loadServerRefused(.busy), .answerUnreadable,
    ])
    func `each refusal of the bank says what happened, where the money is and what to do`(
        _ failure: BankFailure
    ) throws {
        let reader = Wording().reader(.english)
        expectWhole(try #require(RefusalText(bank: failure, reader)))
    }

    private func expectWhole(_ text: RefusalText) {
        for part in [text.title, text.what, text.money, text.next] { #expect(part.count > 5) }
        #expect(text.what.hasSuffix(".") && text.money.hasSuffix(".") && text.next.hasSuffix("."))
        #expect(!text.title.hasSuffix("."))
    }

    @Test(
        arguments: [
            ("25", 2500), ("25.5", 2550), ("25,05", 2505), (" € 1 000.00 ", 100_000),
            ("0.01", 1), ("", nil), (".5", nil), ("5.", nil), ("1.2.3", nil), ("1.234", nil),
            ("−5", nil), ("1e3", nil), ("٥", nil), ("184467440737095516.16", nil),
            ("184467440737095516.15", .max),
        ] as [(String, UInt64?)]
    )
    func `a typed amount is read to the cent or not at all`(_ typed: String, _ units: UInt64?) {
        #expect(AmountEntry.minorUnits(typed, .cents) == units)
    }
}
