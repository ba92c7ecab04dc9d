// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Logging

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start everything in one process, with demo data.",
        discussion: """
            Makes, where the data folder is empty, a demo scheme: an issuer with its keys, a \
            payment server with security cards, a shop, a bank with a load server, a payment \
            gateway with a simulated funding network, an airline with two loyalty programmes, an \
            operator, the cardholder `demo` with \
            value on the card, and the bank customer `demo` with an account. Then it starts all \
            roles with embedded databases and prints where to click. It listens on this machine \
            only, without TLS; to serve others see `opal serve --help`.

            Stop it with Ctrl-C: what is under way is finished.
            """
    )

    @Option(name: .long, help: "The data folder.")
    var data = ProcessInfo.processInfo.environment["OPAL_DATA"] ?? "data"
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The first port; the shop has +1, card terminals +2, the bank +3, the airline +4, "
                + "figures for machines +8, the console +9."
        )
    )
    var port = 8400
    @OptionGroup var comparison: ComparisonOption
    @Option(help: "How log lines are written, on the standard error.")
    var logFormat = LogSettings.Format.text
    @Option(
        help: ArgumentHelp("From which level on log lines are written.", valueName: "level"),
        transform: LogSettings.level
    )
    var logLevel = Logger.Level.warning

    func validate() throws {
        guard (1...65_000).contains(port) else {
            throw ValidationError("The port must be a number from 1 to 65000.")
        }
    }

    func run() async throws {
        let logger = LogSettings(logFormat, logLevel).logger()
        let folder = DataFolder(data)
        let founding = Founding(
            folder: folder,
            passphrase: nil,
            comparison: try comparison.policy()
        )
        try await founding.run()
        let settings = ServerSettings.up(data: folder.path, port: port)
        let system = try ServerSystem(settings, roles: Role.ofOneMachine, logger: logger)
        try await system.run(
            prepare: { party in
                if let party { try await DemoData(folder: folder).make(party) }
            },
            ready: { UpCommand.show(settings, folder) }
        )
    }

    private static func show(_ settings: ServerSettings, _ folder: DataFolder) {
        let password = (try? DataFolder.read(secret: folder.demoPassword)) ?? "?"
        let bank = (try? DataFolder.read(secret: folder.bankPassword)) ?? "?"
        let console = (try? DataFolder.read(secret: folder.consolePassword)) ?? "?"
        print("")
        Output.table(
            ["", "address", "sign in with"],
            [
                ["cardholder", settings.cardholderOrigin, "demo / \(password)"],
                ["shop", settings.shopOrigin, "–"],
                [
                    "bank", settings.bankOrigin,
                    "\(FundingFounding.customer) / \(bank)",
                ],
                ["airline", settings.airlineOrigin, "your card"],
                [
                    "console", "http://localhost:\(settings.consolePort)",
                    "operator / \(console)",
                ],
            ]
        )
        print("")
        if let port = settings.telemetryPort {
            print("Figures for Prometheus: http://localhost:\(port)/metrics")
        }
        print("Data: \(folder.path). The passwords are kept there, readable by you only.")
        print("ready")
        fflush(nil)
    }
}
