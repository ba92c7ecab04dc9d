// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run one party, or several, as a server.",
        discussion: """
            Roles: \(Role.allValueStrings.joined(separator: ", ")). Roles in one process meet \
            without a socket; others meet over mutual TLS 1.3 under the scheme's authority (see \
            `opal ca`). Sites speak HTTPS.

            Settings come from a JSON file and from environment variables, which win: the key \
            `cardholder.port` is OPAL_CARDHOLDER_PORT. Keys: \
            \(ServerSettings.Key.allCases.map(\.rawValue).joined(separator: ", ")). Unknown keys \
            are refused. docs/configuration.md explains each.

            SIGTERM finishes what is under way, then stops.
            """
    )

    @Argument(help: "The roles to run.")
    var roles: [Role]
    @Option(name: .long, help: "The configuration file.")
    var config: String?

    func run() async throws {
        let settings = try await ServerSettings.read(file: config)
        let party = roles.count == 1 ? roles.first?.rawValue : nil
        let logger = settings.log.logger(party: party)
        let system = try ServerSystem(settings, roles: Set(roles), logger: logger)
        let names = roles.map(\.rawValue).joined(separator: ", ")
        try await system.run(ready: {
            print("\(names): ready")
            fflush(nil)
        })
    }
}
