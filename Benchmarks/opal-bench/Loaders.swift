// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// People who load value over HTTPS, with a session at the card site and one at the bank.
struct Loaders: Sendable {
    static let bankPort = 18403
    private static let bank = "https://localhost:\(bankPort)"
    private static let card = Shoppers.card
    /// The least that the bank and the card site load, so that no card is full too soon.
    private static let (fromBank, fromAccount) = ("5.00", "1.00")

    let shoppers: Shoppers
    private let customers: [Shoppers.Person]

    private var browser: Browser { shoppers.browser }

    /// Signs all of them in at the bank. `data`: the folder of the scheme.
    init(_ shoppers: Shoppers, data: String) async throws {
        self.shoppers = shoppers
        let password = try String(contentsOfFile: "\(data)/bank-password", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
        var customers: [Shoppers.Person] = []
        for number in 1..<shoppers.people.count + 1 {
            let page = try await shoppers.browser.get("\(Self.bank)/sign-in")
            let answer = try await shoppers.browser.post(
                "\(Self.bank)/sign-in",
                [
                    ("csrf", try page.hidden("csrf")), ("customer", "user\(number)"),
                    ("password", password),
                ],
                cookie: page.cookie
            )
            let accounts = try await shoppers.browser.get(
                try answer.onward(from: Self.bank, "a sign-in at the bank"),
                cookie: answer.cookie
            )
            customers.append(
                Shoppers.Person(cookie: answer.cookie, csrf: try accounts.hidden("csrf"))
            )
        }
        self.customers = customers
    }

    // MARK: Through the bank

    /// Has the bank ask the card, and the card site tell it: what comes before an amount is chosen.
    ///
    /// - Returns: the address of the page with the amounts.
    func inquire(_ person: Int, _ index: Int) async throws -> String {
        let (customer, holder) = (customers[person], shoppers.people[person])
        let question = try await browser.post(
            "\(Self.bank)/load",
            [("csrf", customer.csrf), ("account", "1")],
            cookie: customer.cookie
        )
        let asked = try await browser.post(
            "\(Self.card)/inquiry",
            try question.fields(of: Self.card),
            address: Shoppers.address(index)
        )
        let told = try await browser.post(
            try asked.onward(from: Self.card, "a bank's question"),
            [("csrf", holder.csrf), ("decision", "tell")],
            cookie: holder.cookie
        )
        let brought = try await browser.get(
            try told.onward(from: Self.card, "an answer to the bank")
        )
        return try brought.onward(from: Self.bank, "a card's information")
    }

    /// From the choice of an amount to the bank's page that says *Loaded*: by then the statement
    /// has it.
    ///
    /// `amounts`: of ``inquire(_:_:)``.
    func loadFromBank(_ person: Int, _ amounts: String, _ index: Int) async throws {
        let (customer, holder) = (customers[person], shoppers.people[person])
        let held = try await browser.post(
            amounts,
            [("csrf", customer.csrf), ("amount", Self.fromBank)],
            cookie: customer.cookie
        )
        let page = try await browser.get(
            try held.onward(from: Self.bank, "an amount at the bank"),
            cookie: customer.cookie
        )
        let offered = try await browser.post(
            "\(Self.card)/load",
            try page.fields(of: Self.card),
            address: Shoppers.address(index)
        )
        let credited = try await browser.post(
            try offered.onward(from: Self.card, "a load page"),
            [("csrf", holder.csrf), ("decision", "load")],
            cookie: holder.cookie
        )
        let brought = try await browser.post(
            "\(Self.bank)/load/result",
            [
                ("transaction", try credited.hidden("transaction")),
                ("result", try credited.hidden("result")),
            ]
        )
        try Self.check(
            try await browser.get(
                try brought.onward(from: Self.bank, "a result at the bank"),
                cookie: customer.cookie
            )
        )
    }

    /// Expects each statement to begin with a load, and no hold to be left.
    func checkStatements() async throws {
        for customer in customers {
            let page = try await browser.get("\(Self.bank)/accounts/1", cookie: customer.cookie)
            guard page.status == 200, page.holds("Loaded onto card"), !page.holds(">Held<") else {
                throw BenchFailure("a statement does not have the loads (\(page.status))")
            }
        }
    }

    // MARK: From the account on file

    /// - Returns: the fields of a confirmation, which names a new transaction.
    func confirmation(_ person: Int) async throws -> [(String, String)] {
        let page = try await browser.get(
            "\(Self.card)/add-value/confirm?amount=\(Self.fromAccount)",
            cookie: shoppers.people[person].cookie
        )
        return try page.fields(of: "/add-value/confirm")
    }

    /// From a confirmation to the page that says *Loaded*.
    func loadFromAccount(_ person: Int, _ confirmation: [(String, String)]) async throws {
        let cookie = shoppers.people[person].cookie
        let begun = try await browser.post(
            "\(Self.card)/add-value/confirm",
            confirmation,
            cookie: cookie
        )
        try Self.check(
            try await browser.get(
                try begun.onward(from: Self.card, "a load from the account"),
                cookie: cookie
            )
        )
    }

    private static func check(_ page: HTMLText) throws {
        guard page.status == 200, page.holds("<h1 class=\"center\">Loaded</h1>") else {
            throw BenchFailure("a card was not loaded: \(page.status)")
        }
    }

    // MARK: Before the clock starts

    /// Everybody loads once in both ways; not counted.
    func warmUp() async throws {
        _ = try await prepared(customers.count) { person in
            let amounts = try await inquire(person, 2 * person)
            try await loadFromBank(person, amounts, 2 * person + 1)
            try await loadFromAccount(person, try await confirmation(person))
        }
    }

    /// What `count` operations begin with, made for the person of each.
    ///
    /// `make`: the index of an operation.
    func prepared<Start: Sendable>(
        _ count: Int,
        _ make: @escaping @Sendable (Int) async throws -> Start
    ) async throws -> [Start] {
        let starts = Mutex([Int: Start]())
        _ = try await Samples.run(callers: min(count, Shoppers.count), operations: count) {
            _,
            index in
            let start = try await make(index)
            starts.withLock { $0[index] = start }
        }
        return starts.withLock { starts in (0..<count).compactMap { starts[$0] } }
    }
}
