// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A line of a receipt, as the site wrote it.
package struct ReceiptFact: Equatable, Sendable, Encodable {
    /// For programs: `transaction`, `time`, `balance`; nil if the site gave none.
    package let name: String?
    package let label: String
    package let value: String

    package init(_ name: String?, _ label: String, _ value: String) {
        self.name = name
        self.label = label
        self.value = value
    }
}

/// What the person agrees to.
package struct Bill: Equatable, Sendable {
    package let merchant: String
    package let article: String
    /// Ready for the reader, with its currency.
    package let amount: String
    /// Where the password goes.
    package let cardSite: Origin
}

/// A page of a shop or a card site, read by its marks and never by its wording.
struct SitePage {
    /// The mark `data-page`.
    enum Kind: String {
        case article, order
        case orderPaid = "order-paid"
        case orderPending = "order-pending"
        case orderRefused = "order-refused"
        case receipt, checkout
        case checkoutPaid = "checkout-paid"
        case checkoutRefused = "checkout-refused"
        case checkoutPending = "checkout-pending"
        case signIn = "sign-in"
        case newPassword = "new-password"
        case error
    }

    let address: URL
    let status: Int
    let policy: ReferrerPolicy
    /// Nil for a page that a payment does not meet.
    let kind: Kind?
    private let main: HTMLElement?
    private let brand: String?

    init(_ answer: Navigator.Answer) {
        address = answer.address
        status = answer.status
        policy = answer.referrerPolicy
        main = answer.html.root?.first("main") { $0["data-page"] != nil }
        kind = main?["data-page"].flatMap {
            Kind(rawValue: $0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        brand = answer.html.root?.first("span") { $0.hasClass("brand-name") }?.text
    }

    // MARK: What can be done

    /// On an article's page: orders it.
    var orderForm: HTMLForm? { form { $0.hasEntry("article") } }

    /// On the order's page: goes to the card site.
    var payForm: HTMLForm? {
        main?.first("section") { $0["aria-labelledby"] == "way-virtual" }?
            .first("form").flatMap { HTMLForm($0, on: address) }
    }

    /// On the order's page: the order's terms, for a card in a reader.
    var cardForm: HTMLForm? {
        main?.first("section") { $0["aria-labelledby"] == "way-physical" }?
            .first("form").flatMap { HTMLForm($0, on: address) }
    }

    /// On the card site: agrees.
    var consentForm: HTMLForm? { form { $0.hasButton("decision", "pay") } }

    /// On the outcome's page: takes the sealed result to the shop.
    var handoverForm: HTMLForm? { form { $0.hasEntry("transaction") && $0.hasEntry("result") } }

    /// On the outcome's page, where the client terminal compares S3: what it needs for that, and
    /// where the result goes.
    var lock: (result: LockedResult, status: URL)? {
        guard let form = main?.first("form", where: { $0["data-locked"] != nil }),
            let locked = form["data-locked"], let signature = form["data-signature"],
            let sessionKey = form["data-key"], let transaction = handoverForm?.value("transaction"),
            let status = form["data-status"].flatMap({ HTMLForm.resolve($0, on: address) })
        else { return nil }
        let result = LockedResult(
            transaction: transaction,
            locked: locked,
            signature: signature,
            sessionKey: SecretText(sessionKey)
        )
        return (result, status)
    }

    /// On the receipt: the file.
    var downloadLink: URL? { link { $0["download"] != nil } }

    /// On the page of an order that is paid: the receipt, its first thing to do.
    var receiptLink: URL? {
        kind == .orderPaid ? link { $0.hasClass("button") && $0.hasClass("primary") } : nil
    }

    /// On a pending page: the page itself.
    var selfLink: URL? { link { $0["data-self"] != nil } }

    /// On a pending page: when it wants to be asked for again.
    var lookAgainSeconds: Int? {
        main?.inside.lazy.compactMap { $0["data-look-again"] }.first.flatMap { Int($0) }
    }

    // MARK: What it says

    /// The card site writes it on the bill; the shop writes it over every page.
    var merchant: String? {
        switch kind {
        case .article, .order, .orderPaid, .orderPending, .orderRefused, .receipt: brand
        default: text("bill-merchant")
        }
    }

    /// Whether a refusal says that the money is still on its way.
    var refusalWaits: Bool { main?.inside.contains { $0.hasClass("refusal-wait") } ?? false }

    var amount: String? { text("bill-amount") ?? text("price") }
    var article: String? { text("bill-article") ?? text("order-title") }

    var facts: [ReceiptFact] {
        let lists = main?.inside.filter { $0.name == "dl" && $0.hasClass("facts") } ?? []
        return lists.flatMap(\.inside).compactMap { entry in
            guard entry.name == "div", let label = entry.first("dt"), let value = entry.first("dd")
            else { return nil }
            return ReceiptFact(entry["data-fact"], label.text, value.text)
        }
    }

    /// The page's own words about what happened, where the money is and what to do next.
    var said: [String] {
        guard let main else { return [] }
        let blocks = main.inside.filter {
            $0.hasClass("refusal") || $0.hasClass("problems") || $0.hasClass("three")
                || $0.hasClass("notice")
        }
        let lines = blocks.flatMap { block in
            let parts = block.inside.filter { ["h2", "dd", "p", "li"].contains($0.name) }
            return parts.isEmpty ? [block.text] : parts.map(\.text)
        }
        let heading = main.first("h1")?.text
        return ((kind == .error || blocks.isEmpty ? heading.map { [$0] } : nil) ?? []) + lines
    }

    private func form(where matches: (HTMLForm) -> Bool) -> HTMLForm? {
        main?.inside.lazy.filter { $0.name == "form" }
            .compactMap { HTMLForm($0, on: address) }.first(where: matches)
    }

    private func link(where matches: (HTMLElement) -> Bool) -> URL? {
        main?.first("a", where: matches)?["href"].flatMap { HTMLForm.resolve($0, on: address) }
    }

    private func text(_ className: String) -> String? {
        main?.inside.first { $0.hasClass(className) }?.text
    }
}
