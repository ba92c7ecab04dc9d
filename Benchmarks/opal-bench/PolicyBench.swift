// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore

/// Whole purchases with each place where S3 is compared, over a link between OPAL server and
/// payment server that is near, and over one with an added delay: one trip (FIGS. 7 and 8) pays off
/// where the parties are apart.
struct PolicyBench {
    let folder: String
    /// The `opal` executable.
    let opal: String

    /// As `opal found --comparison` names them.
    private static let policies = [
        "security-card", "payment-server", "opal-server", "client-terminal", "merchant",
    ]
    private static let linkPort = 18410
    private static let relayPort = 18411
    /// A trip there and back takes longer by this, in milliseconds.
    private static let delay = 20
    private static let clients = 8
    private static let purchases = 800

    func run(_ report: inout Report) async throws {
        for policy in Self.policies { try await run(policy, delay: nil, &report) }
        for policy in Self.policies { try await run(policy, delay: Self.delay, &report) }
    }

    private func run(_ policy: String, delay: Int?, _ report: inout Report) async throws {
        let data = "\(folder)/\(policy)-\(delay ?? 0)"
        try await Processes.runToEnd(
            opal,
            [
                "found", "--data", data, "--users", "\(Shoppers.count)", "--value", "50000",
                "--comparison", policy,
            ]
        )
        let near = try write(data, "near", linkPort: Self.linkPort)
        let far = try write(data, "far", linkPort: delay == nil ? Self.linkPort : Self.relayPort)
        let processes = Processes()
        defer { processes.stop() }
        try await processes.start(
            "payment-server",
            opal,
            ["serve", "payment-server", "--config", near]
        )
        let relay: DelayRelay? =
            if let delay {
                try await DelayRelay(
                    from: Self.relayPort,
                    to: Self.linkPort,
                    oneWay: .milliseconds(Int64(delay) / 2)
                )
            } else {
                nil
            }
        try await processes.start("opal-server", opal, ["serve", "opal-server", "--config", far])
        try await processes.start("shop", opal, ["serve", "shop", "--config", near])
        let browser = try Browser(authority: "\(data)/ca/ca.pem")
        let shoppers = try await Shoppers(browser, data: data)
        let addresses = try await shoppers.prepared(Self.purchases, from: 0)
        let samples = try await Samples.run(
            callers: Self.clients,
            operations: Self.purchases
        ) { caller, index in
            _ = try await shoppers.pay(caller, addresses[index])
        }
        let place = policy.replacingOccurrences(of: "-", with: " ")
        let name = "purchase, \(place)" + (delay.map { ", \($0) ms away" } ?? "")
        var row = Row(name, callers: Self.clients, samples)
        row.memoryMiB = processes.memory()
        try report.add(row)
        try await browser.close()
        processes.stop()
        try await relay?.close()
        try await Processes.runToEnd(opal, ["audit", "--data", data])
    }

    private func write(_ data: String, _ name: String, linkPort: Int) throws -> String {
        let path = "\(data)/\(name).json"
        let text = """
            {"data": "\(data)", "terminals": 64, "behindProxy": true,
             "cardholder": {"port": \(Shoppers.cardPort)}, "shop": {"port": \(Shoppers.shopPort)},
             "paymentServer": {"port": \(linkPort)}}
            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
