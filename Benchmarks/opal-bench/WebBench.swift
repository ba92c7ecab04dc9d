// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOSSL
import Synchronization

/// *Consent to result* and *order to article* over HTTPS, with OPAL server, payment server and shop
/// as processes of their own on loopback TLS; beside them a bare TLS echo by the same server
/// library.
struct WebBench {
    let folder: String
    /// The `opal` executable.
    let opal: String
    let clients: [Int]

    private static let users = 32
    private static let cardPort = 18400
    private static let shopPort = 18401
    private static let linkPort = 18410
    private static let echoPort = 18420

    func run(_ report: inout Report) async throws {
        let data = "\(folder)/scheme"
        try await Processes.runToEnd(
            opal,
            ["found", "--data", data, "--users", "\(Self.users)", "--value", "50000"]
        )
        let config = "\(folder)/config.json"
        try configuration(data).write(toFile: config, atomically: true, encoding: .utf8)
        let processes = Processes()
        defer { processes.stop() }
        for role in ["payment-server", "opal-server", "shop"] {
            try await processes.start(role, opal, ["serve", role, "--config", config])
        }
        try await processes.start(
            "echo",
            CommandLine.arguments[0],
            ["echo", "\(Self.echoPort)", "\(data)/ca"]
        )
        let browser = try Browser(authority: "\(data)/ca/ca.pem")
        let password = try String(contentsOfFile: "\(data)/demo-password", encoding: .utf8)
            .trimmingCharacters(in: .newlines)
        let people = try await signIn(browser, password)
        let page = try await browser.get("\(Self.shop)/articles/\(Self.cheapest)")
        let visit = Person(cookie: page.cookie, csrf: try page.hidden("csrf"))
        for count in clients {
            try await consent(browser, visit, people, count, processes, &report)
            try await article(browser, visit, people, count, processes, &report)
            if let echo = report.find("bare echo", callers: count),
                let consent = report.find("consent to result", callers: count)
            {
                report.note(
                    String(
                        format: "    consent to result / bare echo at %d clients: 1 / %.1f",
                        count,
                        echo.perSecond / consent.perSecond
                    )
                )
            }
        }
        try await browser.close()
        processes.stop()
        // What was measured must also be right: every record, signature and cent.
        try await Processes.runToEnd(opal, ["audit", "--data", data])
        report.note("    the audit of all these purchases found nothing off")
    }

    private func configuration(_ data: String) -> String {
        """
        {"data": "\(data)", "terminals": 64, "behindProxy": true,
         "cardholder": {"port": \(Self.cardPort)}, "shop": {"port": \(Self.shopPort)},
         "paymentServer": {"port": \(Self.linkPort)}}
        """
    }

    // MARK: People

    /// A visitor's cookie and form token.
    private struct Person: Sendable {
        let cookie: String
        let csrf: String
    }

    private static let card = "https://localhost:\(cardPort)"
    private static let shop = "https://localhost:\(shopPort)"

    private func signIn(_ browser: Browser, _ password: String) async throws -> [Person] {
        var people: [Person] = []
        for number in 1...Self.users {
            let page = try await browser.get("\(Self.card)/sign-in")
            let form = try page.hidden("csrf")
            let answer = try await browser.post(
                "\(Self.card)/sign-in",
                [("csrf", form), ("userIdentifier", "user\(number)"), ("password", password)],
                cookie: page.cookie
            )
            guard answer.status == 303, !answer.cookie.isEmpty else {
                throw BenchFailure("user\(number) could not sign in: \(answer.status)")
            }
            let account = try await browser.get("\(Self.card)/account", cookie: answer.cookie)
            people.append(Person(cookie: answer.cookie, csrf: try account.hidden("csrf")))
        }
        return people
    }

    /// Orders the cheapest article and carries the order page to the card site.
    ///
    /// - Returns: the address of the consent page.
    private func order(
        _ browser: Browser,
        _ visit: Person,
        _ index: Int
    ) async throws -> String {
        let ordered = try await browser.post(
            "\(Self.shop)/order",
            [("csrf", visit.csrf), ("article", Self.cheapest)],
            cookie: visit.cookie,
            address: Self.address(index)
        )
        guard ordered.status == 303 else {
            throw BenchFailure("the shop took no order: \(ordered.status)")
        }
        let page = try await browser.get(Self.shop + ordered.location)
        let offered = try await browser.post(
            "\(Self.card)/checkout",
            try page.fields(of: Self.card),
            address: Self.address(index)
        )
        guard offered.status == 303 else {
            throw BenchFailure("the card site took no offer: \(offered.status)")
        }
        return offered.location.hasPrefix("http") ? offered.location : Self.card + offered.location
    }

    /// 32 orders share an address: the shop counts orders by address.
    private static func address(_ index: Int) -> String {
        "10.\(index >> 21 & 255).\(index >> 13 & 255).\(index >> 5 & 255)"
    }

    private static let cheapest = "salt"

    private func pay(_ browser: Browser, _ person: Person, _ address: String) async throws
        -> HTMLText
    {
        let paid = try await browser.post(
            address,
            [("csrf", person.csrf), ("decision", "pay")],
            cookie: person.cookie
        )
        guard paid.status == 200, paid.holds("name=\"result\"") else {
            throw BenchFailure("a purchase was not paid: \(paid.status)")
        }
        return paid
    }

    // MARK: Rows

    /// Purchases and echoes take turns, so that both meet the same moods of a machine that is not
    /// alone: their ratio is steadier than either rate.
    private static let rounds = 6

    private func consent(
        _ browser: Browser,
        _ visit: Person,
        _ people: [Person],
        _ clients: Int,
        _ processes: Processes,
        _ report: inout Report
    ) async throws {
        let (echoes, purchases) = clients == 1 ? (500, 150) : (4_000, 1_200)
        let addresses = try await prepared(
            Self.rounds * purchases,
            from: clients * 4_000_000,
            browser,
            visit
        )
        // Not counted: it warms up.
        _ = try await echo(browser, clients, echoes)
        var (bare, paid) = (Samples(), Samples())
        for round in 0..<Self.rounds {
            bare.add(try await echo(browser, clients, echoes))
            let first = round * purchases
            paid.add(
                try await Samples.run(callers: clients, operations: purchases) { caller, index in
                    _ = try await pay(browser, people[caller], addresses[first + index])
                }
            )
        }
        for (name, samples) in [("bare echo", bare), ("consent to result", paid)] {
            var row = Row(name, callers: clients, samples)
            row.memoryMiB = processes.memory()
            try report.add(row)
        }
    }

    private func echo(
        _ browser: Browser,
        _ clients: Int,
        _ operations: Int
    ) async throws -> Samples {
        let address = "https://localhost:\(Self.echoPort)/echo"
        let fields = [("csrf", String(repeating: "x", count: 43)), ("decision", "pay")]
        return try await Samples.run(callers: clients, operations: operations) { _, _ in
            let answer = try await browser.post(address, fields, cookie: "x=y")
            guard answer.status == 200 else { throw BenchFailure("the echo is silent") }
        }
    }

    /// Orders made before the clock starts.
    private func prepared(
        _ count: Int,
        from first: Int,
        _ browser: Browser,
        _ visit: Person
    ) async throws -> [String] {
        let addresses = Mutex([String](repeating: "", count: count))
        _ = try await Samples.run(callers: 32, operations: count) { _, index in
            let address = try await order(browser, visit, first + index)
            addresses.withLock { $0[index] = address }
        }
        return addresses.withLock { $0 }
    }

    private func article(
        _ browser: Browser,
        _ visit: Person,
        _ people: [Person],
        _ clients: Int,
        _ processes: Processes,
        _ report: inout Report
    ) async throws {
        let operations = clients == 1 ? 500 : 3_000
        let samples = try await Samples.run(callers: clients, operations: operations) {
            caller,
            index in
            let address = try await order(browser, visit, clients * 4_000_000 + 2_000_000 + index)
            let paid = try await pay(browser, people[caller], address)
            let brought = try await browser.post(
                "\(Self.shop)/status",
                [
                    ("transaction", try paid.hidden("transaction")),
                    ("result", try paid.hidden("result")),
                ]
            )
            guard brought.status == 303 else {
                throw BenchFailure("the shop did not take a result: \(brought.status)")
            }
            let receipt = try await browser.get(
                brought.location.hasPrefix("http") ? brought.location : Self.shop + brought.location
            )
            let file = try await browser.get(Self.shop + (try receipt.download()))
            guard file.status == 200, file.body.readableBytes > 0 else {
                throw BenchFailure("an article was not delivered: \(file.status)")
            }
        }
        var row = Row("order to article", callers: clients, samples)
        row.memoryMiB = processes.memory()
        try report.add(row)
    }
}
