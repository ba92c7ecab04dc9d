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

    private static let linkPort = 18410

    func run(_ report: inout Report) async throws {
        let data = "\(folder)/scheme"
        try await Processes.runToEnd(
            opal,
            ["found", "--data", data, "--users", "\(Shoppers.count)", "--value", "50000"]
        )
        let config = "\(folder)/config.json"
        try configuration(data).write(toFile: config, atomically: true, encoding: .utf8)
        let processes = Processes()
        defer { processes.stop() }
        for role in ["payment-server", "opal-server", "shop"] {
            try await processes.start(role, opal, ["serve", role, "--config", config])
        }
        try await EchoServer.start(processes, certificates: "\(data)/ca")
        let browser = try Browser(authority: "\(data)/ca/ca.pem")
        let shoppers = try await Shoppers(browser, data: data)
        for count in clients {
            try await consent(shoppers, count, processes, &report)
            try await article(shoppers, count, processes, &report)
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
         "cardholder": {"port": \(Shoppers.cardPort)}, "shop": {"port": \(Shoppers.shopPort)},
         "paymentServer": {"port": \(Self.linkPort)}}
        """
    }

    // MARK: Rows

    /// Purchases and echoes take turns, so that both meet the same moods of a machine that is not
    /// alone: their ratio is steadier than either rate.
    private static let rounds = 6

    private func consent(
        _ shoppers: Shoppers,
        _ clients: Int,
        _ processes: Processes,
        _ report: inout Report
    ) async throws {
        let (echoes, purchases) = clients == 1 ? (500, 150) : (4_000, 1_200)
        let addresses = try await shoppers.prepared(
            Self.rounds * purchases,
            from: clients * 4_000_000
        )
        // Not counted: it warms up.
        _ = try await EchoServer.measure(shoppers.browser, clients, echoes)
        var (bare, paid) = (Samples(), Samples())
        for round in 0..<Self.rounds {
            bare.add(try await EchoServer.measure(shoppers.browser, clients, echoes))
            let first = round * purchases
            paid.add(
                try await Samples.run(callers: clients, operations: purchases) { caller, index in
                    _ = try await shoppers.pay(caller, addresses[first + index])
                }
            )
        }
        for (name, samples) in [("bare echo", bare), ("consent to result", paid)] {
            var row = Row(name, callers: clients, samples)
            row.memoryMiB = processes.memory()
            try report.add(row)
        }
    }

    private func article(
        _ shoppers: Shoppers,
        _ clients: Int,
        _ processes: Processes,
        _ report: inout Report
    ) async throws {
        let operations = clients == 1 ? 500 : 3_000
        let samples = try await Samples.run(callers: clients, operations: operations) {
            try await shoppers.buy($0, clients * 4_000_000 + 2_000_000 + $1)
        }
        var row = Row("order to article", callers: clients, samples)
        row.memoryMiB = processes.memory()
        try report.add(row)
    }
}
