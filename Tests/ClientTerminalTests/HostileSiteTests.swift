// SPDX-License-Identifier: Apache-2.0

import ClientTerminal
import Foundation
import Hummingbird
import HummingbirdTesting
import Testing

/// Sites that mean no good, or are broken.
@Suite(.timeLimit(.minutes(15)))
struct HostileSiteTests {
    private func pay(
        _ router: Router<BasicRequestContext>,
        limits: TerminalLimits = TerminalLimits(),
        _ check: @escaping @Sendable (PaymentReport) -> Void
    ) async throws {
        let app = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: 0))
        )
        var settings = TerminalSettings(folder: "/nonexistent")
        settings.limits = limits
        let terminal = ClientTerminal(settings, trace: .test, pause: { _ in })
        try await app.test(.live) { client in
            let port = try #require(client.port)
            let address = try #require(URL(string: "http://127.0.0.1:\(port)/start"))
            check(
                await terminal.pay(at: address) { _ in
                    Issue.record("Nobody should be asked.")
                    return Credentials(user: SecretText("u"), password: SecretText("p"))
                }
            )
        }
    }

    @Test func `a circle of redirects ends`() async throws {
        let router = Router()
        router.get("start") { _, _ in PageMaker.seeOther("/start") }
        try await pay(router) { report in
            #expect(report.outcome == .failed)
            #expect(report.said == ["127.0.0.1 sends us in a circle."])
        }
    }

    @Test func `a circle of orders ends`() async throws {
        let pages = try PageMaker()
        let router = Router()
        let order = { @Sendable in
            pages.page(
                "shop/article",
                ["article": ["id": "x", "title": "X"], "orderAction": "/start"]
            )
        }
        router.get("start") { _, _ in order() }
        router.post("start") { _, _ in order() }
        try await pay(router) { report in
            #expect(report.outcome == .failed)
            #expect(report.said.first?.contains("without an end") == true)
        }
    }

    @Test func `a page above the limit is not read`() async throws {
        let router = Router()
        router.get("start") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/html"],
                body: .init(byteBuffer: ByteBuffer(repeating: 0x61, count: 100_000))
            )
        }
        var limits = TerminalLimits()
        limits.pageBytesMax = 50_000
        try await pay(router, limits: limits) { report in
            #expect(report.outcome == .failed)
            #expect(report.said == ["The page of 127.0.0.1 is too large."])
        }
    }

    @Test(arguments: [
        "http://elsewhere.example/", "ftp://127.0.0.1/", "file:///etc/passwd",
        "javascript:alert(1)",
    ])
    func `a redirect to what is not encrypted or no page is not followed`(
        location: String
    ) async throws {
        let router = Router()
        router.get("start") { _, _ in PageMaker.seeOther(location) }
        try await pay(router) { report in
            #expect(report.outcome == .notAllowed || report.outcome == .failed)
            #expect(report.said.count == 1)
        }
    }

    @Test func `a shop that asks for the password itself does not get it`() async throws {
        let pages = try PageMaker()
        let router = Router()
        let order = ["number": "1", "title": "X", "amount": "€1.00", "articleHref": "/"]
        router.get("start") { _, _ in
            pages.page(
                "shop/order",
                [
                    "order": order,
                    "pay": ["action": "/checkout", "host": "h", "fields": [Any]()] as [String: Any],
                ]
            )
        }
        router.post("checkout") { _, _ in
            let empty: [String: Any] = [:]
            let form: [String: Any] = [
                "action": "/x", "userIdentifier": empty, "password": empty,
            ]
            return pages.page("cardholder/checkout", ["form": form, "order": order])
        }
        try await pay(router) { report in
            #expect(report.outcome == .notAllowed)
            #expect(report.said.first?.contains("It was not given") == true)
        }
    }

    @Test func `a page that is no part of a payment is said to be one`() async throws {
        let router = Router()
        router.get("start") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/html"],
                body: .init(byteBuffer: ByteBuffer(string: "<h1>Hello</h1>"))
            )
        }
        try await pay(router) { report in
            #expect(report.outcome == .failed)
            #expect(report.outcome.exitCode == 6)
        }
    }

    @Test func `nobody at the address is a failure of the network`() async throws {
        let terminal = ClientTerminal(TerminalSettings(folder: "/nonexistent"), trace: .test)
        // Port 1 is reserved for a service that nobody runs.
        let address = try #require(URL(string: "http://127.0.0.1:1/"))
        let report = await terminal.pay(at: address) { _ throws(TerminalFailure) in
            throw .noCredentials("Nobody should be asked.")
        }
        #expect(report.outcome == .failed)
        #expect(report.said == ["http://127.0.0.1:1 cannot be reached."])
    }

    @Test func `http over a network is refused before anything is sent`() async throws {
        let terminal = ClientTerminal(TerminalSettings(folder: "/nonexistent"), trace: .test)
        let address = try #require(URL(string: "http://shop.example/articles/1"))
        let report = await terminal.pay(at: address) { _ throws(TerminalFailure) in
            throw .noCredentials("Nobody should be asked.")
        }
        #expect(report.outcome == .notAllowed)
        #expect(report.outcome.exitCode == 1)
    }
}
