// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Kernel
import Merchant
import OPALServer
import Simulation
import Sites
import Testing
import Wire

/// The shop's site in a world of real parties.
struct ShopFixture {
    let world: World
    let demo: DemoShop
    let site: ShopSite

    static let checkoutURL = "https://card.example:8443/checkout"
    static let clientTerminalsURL = "https://pay.example:8402"

    init(clientTerminalsURL: String? = nil) async throws {
        let world = try await World()
        let settings = try #require(
            ShopSettings(
                address: "https://press.example",
                checkoutURL: ShopFixture.checkoutURL,
                clientTerminalsURL: clientTerminalsURL
            )
        )
        self.world = world
        demo = try DemoShop()
        site = ShopSite(
            merchant: world.merchant(),
            catalogue: demo.catalogue,
            content: demo.content,
            settings: settings,
            templates: try Templates(),
            wording: Wording(),
            now: { world.now },
            random: world.random
        )
    }

    /// Runs a test against the site.
    func run(_ test: @escaping @Sendable (Browser) async throws -> Void) async throws {
        let application = Application(router: site.router())
        try await application.test(.router) { client in try await test(Browser(client)) }
    }
}

extension Browser {
    /// Posts these fields and no others.
    @discardableResult
    func submit(_ path: String, _ fields: [String: String]) async throws -> Page {
        try await send(path, fields.map { ($0.key, $0.value) })
    }
}

extension Browser.Page {
    var location: String { headers[.location] ?? "" }

    /// The hidden entries of all forms.
    var fields: [String: String] {
        var fields: [String: String] = [:]
        for match in text.matches(of: #/<input type="hidden" name="([^"]*)" value="([^"]*)">/#) {
            fields[String(match.1)] = String(match.2)
        }
        return fields
    }

    var csrf: String { token ?? "" }
}

extension ShopFixture {
    /// Orders an article and gives the address of its order page.
    static func order(_ browser: Browser, _ article: String = "salt") async throws -> String {
        let page = try await browser.open("/articles/\(article)")
        #expect(page.status == .ok)
        let answer = try await browser.submit("/order", ["article": article, "csrf": page.csrf])
        #expect(answer.status == .seeOther)
        return answer.location
    }

    /// The order page, as the card site reads what is posted to it.
    static func page(_ browser: Browser, _ path: String) async throws -> OrderPage {
        let fields = try await browser.open(path).fields
        return try OrderPage { fields[$0.rawValue] }
    }

    /// Pays an order and gives what the browser brings to the status URL.
    func pay(_ page: OrderPage) async throws -> [String: String] {
        guard case .paid(let receipt) = await world.pay(page) else {
            Issue.record("The payment must be taken.")
            return [:]
        }
        return [
            "transaction": page.terms.transaction.text,
            "result": String(decoding: receipt.resultForMerchant, as: UTF8.self),
        ]
    }
}
