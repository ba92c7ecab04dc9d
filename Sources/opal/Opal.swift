// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

@main
struct Opal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "opal",
        abstract: "On-line purchase and load: virtual smart cards on the issuer's server.",
        discussion: """
            Begin with `opal up`: it starts every party in one process, with an embedded database \
            and demo data, and says where to click.
            """,
        subcommands: [
            UpCommand.self, FoundCommand.self, ServeCommand.self, AuditCommand.self,
            BackUpCommand.self, RestoreCommand.self, RetentionCommand.self,
            HSMCommand.self, CACommand.self,
            IssuerCommand.self, MerchantCommand.self, BankCommand.self, NetworkCommand.self,
            ProgrammeCommand.self, OperatorCommand.self,
            TerminalCommand.self, BatchCommand.self, ClearingCommand.self, CardCommand.self,
            FloatCommand.self, DisputeCommand.self, ReaderCommand.self,
            PayCommand.self,
        ]
    )
}
