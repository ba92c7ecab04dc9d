// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import SecurityModule
import Testing
import Wire

/// A guardian and a child at a site that has pages for both.
struct Family: Sendable {
    static let child = "emma.b"
    static let childEmail = "emma@example.org"

    let world: CardWorld
    let guardian: Browser
    let child: Browser
    /// Where the guardian finds the child.
    let path: String

    /// The guardian signs up, opens a card for a child, and the child comes.
    static func meet(
        _ test: @escaping @Sendable (Family) async throws -> Void
    ) async throws {
        let world = try await CardWorld(isFunded: true)
        try await world.browse { guardian in
            try await world.enter(guardian)
            try await guardian.open("/children")
            try await guardian.send(
                "/children",
                ["name": "Emma", "userIdentifier": child, "email": childEmail]
            )
            let browser = guardian.stranger()
            try await world.arrive(browser, child, mailTo: childEmail)
            try await guardian.open("/children")
            let href = /href="(\/children\/[A-Za-z0-9_-]{43})"/
            let match = try #require(guardian.page.text.firstMatch(of: href))
            try await test(
                Family(
                    world: world,
                    guardian: guardian,
                    child: browser,
                    path: String(match.output.1)
                )
            )
        }
    }

    /// The card of the child.
    func card() async throws -> CardIdentifier {
        let key = try #require(UserKey(String(path.dropFirst("/children/".count))))
        return try #require(try await world.users.profile(of: key)?.card)
    }

    func policy() async throws -> SpendingPolicy? {
        try await world.desk.describe(try await card())?.spending?.policy
    }

    func balance() async throws -> UInt64 {
        let card = try #require(try await world.desk.describe(try await card()))
        return card.purses[0].balance.minorUnits
    }

    /// The guardian gives something at once.
    func give(_ amount: String) async throws {
        try await guardian.open(path + "/give/confirm?amount=\(amount)")
        try await confirm(guardian, path + "/give/confirm")
        #expect(guardian.page.text.contains("data-page=\"add-value-done\""))
    }

    /// The guardian sets limits; what is not given stays empty.
    func limit(_ entries: [String: String]) async throws {
        try await guardian.open(path + "/limits")
        try await guardian.send(path + "/limits", LimitEntries.all(entries))
        #expect(guardian.page.status == .seeOther)
    }

    /// The mails that told the guardian of a refused purchase.
    func refusalMails() async throws -> [MailMessage] {
        try await world.outbox.waiting().compactMap(\.message).filter {
            $0.subject == "A purchase of your child was refused"
        }
    }
}

/// Presses the button of a confirmation that is shown.
func confirm(_ browser: Browser, _ path: String) async throws {
    let page = browser.page
    try await browser.send(
        path,
        [
            "transaction": try page.hidden("transaction"), "proof": try page.hidden("proof"),
            "amount": try page.hidden("amount"),
        ]
    )
    if browser.page.status == .seeOther { try await browser.follow() }
}

/// Gives the entries of a standing order, and agrees to what is shown then.
func confirmOrder(_ browser: Browser, _ path: String, _ entries: [String: String]) async throws {
    try expectWhole(try await browser.ask(path + "/confirm", entries))
    try await browser.send(path + "/confirm", browser.page.hiddenFields)
}

/// The entries of the form for limits.
enum LimitEntries {
    static let empty = [
        "purchase": "", "day": "", "week": "", "month": "", "dayCount": "", "weekCount": "",
        "monthCount": "", "merchantsRule": "all", "merchants": "", "categoriesRule": "all",
        "categories": "", "hours": "", "clock": "0",
    ]

    static func all(_ entries: [String: String]) -> [String: String] {
        empty.merging(entries) { _, new in new }
    }
}
