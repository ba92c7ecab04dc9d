// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Keys

extension DataFolder.Party: ExpressibleByArgument {}

struct HSMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hsm",
        abstract: "Make and recognise local master keys.",
        discussion: """
            Each party has one local master key, under which all its other keys are wrapped. Keep \
            a copy of its file and of the passphrase in two safe places: without it nothing in the \
            party's database opens.
            """,
        subcommands: [Init.self, Show.self]
    )

    struct Init: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the local master key of a party."
        )

        @Argument(help: "The party: \(DataFolder.Party.allValueStrings.joined(separator: ", ")).")
        var party: DataFolder.Party = .opalServer
        @OptionGroup var options: DataOptions

        func run() async throws {
            let folder = options.folder
            try folder.make()
            try folder.make(party)
            let key = try KeyFile.create(
                at: folder.keyFile(party),
                passphrase: try options.passphrase()
            )
            print("Made \(folder.keyFile(party))")
            print("Check value \(key.checkValue)")
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show which local master keys there are, by their check values."
        )

        private struct Line: Encodable {
            let party: String
            let checkValue: String
            let file: String
        }

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let folder = options.folder
            let passphrase = try options.passphrase()
            let lines = try DataFolder.Party.allCases.filter(folder.exists).map { party in
                let key = try KeyFile.read(at: folder.keyFile(party), passphrase: passphrase)
                return Line(
                    party: party.rawValue,
                    checkValue: key.checkValue,
                    file: folder.keyFile(party)
                )
            }
            if output.json { return try Output.json(lines) }
            Output.table(
                ["party", "check value", "file"],
                lines.map { [$0.party, $0.checkValue, $0.file] }
            )
        }
    }
}
