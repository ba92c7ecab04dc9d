// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Loads in both ways beside purchases, over HTTPS, with all parties that take part as processes of
/// their own on loopback TLS; beside them a bare TLS echo by the same server library.
struct LoadBench {
    let folder: String
    /// The `opal` executable.
    let opal: String
    let clients: [Int]

    /// The funding side first: the others ask it.
    private static let roles = [
        "network", "gateway", "load-server", "bank", "payment-server", "opal-server", "shop",
    ]
    private static let linkPort = 18410
    private static let (loadServerPort, gatewayPort, networkPort) = (18413, 18414, 18415)

    /// The bank lets a customer begin 60 loads in ten minutes, and one more warms up.
    private static let loadsPerPerson = 50
    /// Minor units on a new card: enough for that many purchases, with room for that many loads.
    private static let value = 50_00
    /// Minor units on each account: enough for that many loads.
    private static let funds = 1_000_00

    func run(_ report: inout Report) async throws {
        let data = "\(folder)/loads"
        let people = people()
        try await Processes.runToEnd(
            opal,
            [
                "found", "--data", data, "--users", "\(people)", "--value", "\(Self.value)",
                "--funds", "\(Self.funds)",
            ]
        )
        let config = "\(folder)/loads.json"
        try configuration(data).write(toFile: config, atomically: true, encoding: .utf8)
        let processes = Processes()
        defer { processes.stop() }
        for role in Self.roles {
            try await processes.start(role, opal, ["serve", role, "--config", config])
        }
        try await EchoServer.start(processes, certificates: "\(data)/ca")
        let browser = try Browser(authority: "\(data)/ca/ca.pem")
        let shoppers = try await Shoppers(browser, data: data, count: people)
        let loaders = try await Loaders(shoppers, data: data)
        try await loaders.warmUp()
        // From here on, after those of the warm-up.
        var first = 2 * people
        for count in clients {
            let rounds = try await LoadRounds(loaders, clients: count, first: first)
            first += LoadRounds.indices(count)
            try await measure(rounds, processes, &report)
        }
        try await loaders.checkStatements()
        try await browser.close()
        processes.stop()
        // What was measured must also be right: every record, signature and cent.
        try await Processes.runToEnd(opal, ["audit", "--data", data])
        report.note("    the audit of all these loads and purchases found nothing off")
    }

    /// As many as all loads need, the same for each of the most callers.
    private func people() -> Int {
        let loads = clients.map(LoadRounds.operationsInAll).reduce(0, +)
        let group = Shoppers.count * Self.loadsPerPerson
        return Shoppers.count * ((loads + group - 1) / group)
    }

    private func configuration(_ data: String) -> String {
        """
        {"data": "\(data)", "terminals": 64, "behindProxy": true,
         "cardholder": {"port": \(Shoppers.cardPort)}, "shop": {"port": \(Shoppers.shopPort)},
         "bank": {"port": \(Loaders.bankPort)}, "paymentServer": {"port": \(Self.linkPort)},
         "loadServer": {"port": \(Self.loadServerPort)},
         "gateway": {"host": "127.0.0.1", "port": \(Self.gatewayPort)},
         "network": {"port": \(Self.networkPort)}}
        """
    }

    private func measure(
        _ rounds: LoadRounds,
        _ processes: Processes,
        _ report: inout Report
    ) async throws {
        let clients = rounds.clients
        let echoes = clients == 1 ? 500 : 4_000
        let browser = rounds.loaders.shoppers.browser
        // Not counted: it warms up.
        _ = try await EchoServer.measure(browser, clients, echoes)
        var (bare, bank, account, purchase) = (Samples(), Samples(), Samples(), Samples())
        for round in 0..<LoadRounds.count {
            bare.add(try await EchoServer.measure(browser, clients, echoes))
            bank.add(try await rounds.loadFromBank(round))
            account.add(try await rounds.loadFromAccount(round))
            purchase.add(try await rounds.buy(round))
        }
        let rows = [
            ("bare echo", bare), ("load through a bank", bank), ("load from an account", account),
            ("order to article", purchase),
        ]
        for (name, samples) in rows {
            var row = Row(name, callers: clients, samples)
            row.memoryMiB = processes.memory()
            try report.add(row)
        }
        report.note(
            String(
                format: "    of order to article at %d clients: %.2f through a bank, "
                    + "%.2f from an account",
                clients,
                bank.perSecond / purchase.perSecond,
                account.perSecond / purchase.perSecond
            )
        )
    }
}
