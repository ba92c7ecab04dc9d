// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HSM
import Kernel
import Keys
import OPALServer
import Records
import RecordsSQLite
import Sites

extension IssuerCommand {
    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The key versions of an issuer: a new one, the one in use, those that end.",
            discussion: """
                add, then use, and retire the old one when no card hangs on it. Each of them needs \
                two operators of the console. May be used beside the running servers, which follow \
                after some seconds.
                """,
            subcommands: [Add.self, List.self, Use.self, Retire.self]
        )

        /// The issuer that a command is about.
        struct Whose: ParsableArguments {
            @Argument(help: "The BIN, six digits.")
            var bin: String

            func issuer(
                at access: OperatorAccess
            ) async throws -> OPALServer.Issuer {
                guard let identifier = IssuerIdentifier(bin) else {
                    throw ValidationError("The BIN has six digits.")
                }
                guard let issuer = try await access.desk.issuer(identifier) else {
                    throw CommandFailure("There is no issuer \(bin).")
                }
                return issuer
            }
        }

        /// Does something with an issuer's keys, and closes the data.
        static func step(
            _ whose: Whose,
            _ options: DataOptions,
            _ step: (OPALServer.Issuer, IssuerSharing) async throws -> Void
        ) async throws {
            let access = try await OperatorAccess(options)
            let ended: Result<Void, any Error>
            do {
                let issuer = try await whose.issuer(at: access)
                try await step(issuer, IssuerSharing(access: access, options: options))
                ended = .success(())
            } catch {
                ended = .failure(error)
            }
            await access.store.close()
            try ended.get()
        }
    }
}

extension IssuerCommand.Key {
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the next key version, and give it to who accepts the cards.",
            discussion: """
                Payment server and load server of the data folder get it, wrapped; hosts of \
                terminals by `opal terminal share`. No card is made with it before `use`.
                """
        )

        @OptionGroup var whose: Whose
        @OptionGroup var persons: TwoPersons
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await IssuerCommand.Key.step(whose, options) { issuer, sharing in
                let last = try await sharing.keys(of: issuer.identifier).map(\.version).max() ?? 0
                guard last < .max else { throw CommandFailure("There are no more versions.") }
                let version = last + 1
                let name = SoftwareModule.KeyName(issuer: issuer.identifier, version: version)
                try await persons.agree(
                    on: .make(version: version),
                    ofKeysOf: .issuer(issuer.identifier),
                    options
                )
                let access = sharing.access
                let write = try await IssuerKeys.write(
                    try access.module.makeKeys(name),
                    of: issuer.identifier,
                    version: version,
                    sealedBy: access.seals
                )
                try await access.commit([write])
                if options.folder.exists(.paymentServer) {
                    _ = try await sharing.sharePurchaseKeys(of: issuer)
                }
                if options.folder.exists(.loadServer) {
                    try await sharing.shareLoadKeys(of: issuer)
                }
                print("Made key version \(version) of \(whose.bin). New cards do not have it yet.")
            }
        }
    }

    struct Use: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make new and renewed cards with a key version from now on.",
            discussion: "Cards of other versions go on, until they expire or are renewed."
        )

        @OptionGroup var whose: Whose
        @Argument(help: "The version, as `opal issuer key list` says.")
        var version: UInt8
        @OptionGroup var persons: TwoPersons
        @OptionGroup var options: DataOptions

        func run() async throws {
            try await IssuerCommand.Key.step(whose, options) { issuer, sharing in
                let known = try await sharing.keys(of: issuer.identifier).map(\.version)
                guard known.contains(version) else {
                    throw CommandFailure("There is no key version \(version) of \(whose.bin).")
                }
                // What is on a card moves to a newer version alone.
                guard issuer.lastDays[version] == nil, version >= issuer.purchaseKeyVersion else {
                    throw CommandFailure(
                        "Key version \(version) has had its time; it is not used again. Make "
                            + "another one by `opal issuer key add`."
                    )
                }
                let lacking = try await sharing.versions(of: issuer.identifier).lacking(version)
                guard lacking.isEmpty else {
                    throw CommandFailure(
                        "Not yet at the \(lacking.joined(separator: " and the ")): "
                            + "run `opal issuer share \(whose.bin)` first."
                    )
                }
                try await persons.agree(
                    on: .use(version: version),
                    ofKeysOf: .issuer(issuer.identifier),
                    options
                )
                try await sharing.change(issuer) { $0.use(version) }
                print("New cards of \(whose.bin) are made with key version \(version).")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the key versions of an issuer, and how many cards hang on each."
        )

        private struct Line: Encodable {
            let version: UInt8
            /// `in-use`, `accepted`, or `ended`.
            let state: String
            /// YYMMDD; nil where no end is set.
            let lastDay: String?
            let cards: Int
            /// Neither expired nor renewed.
            let live: Int
            /// Parties of the data folder that lack it.
            let lackedBy: [String]
        }

        @OptionGroup var whose: Whose
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            try await IssuerCommand.Key.step(whose, options) { issuer, sharing in
                let now = SystemClock.now()
                let identifier = issuer.identifier
                let desk = sharing.access.desk
                let counts = try await desk.cardsByKeyVersion(of: identifier, at: now)
                let held = try await sharing.versions(of: identifier)
                let lines = try await sharing.keys(of: identifier).map(\.version).map { version in
                    Line(
                        version: version,
                        state: Self.state(version, issuer, now),
                        lastDay: issuer.lastDays[version].map {
                            BCD.digits(UInt64($0.bcd), count: 6)
                        },
                        cards: counts[version]?.cards ?? 0,
                        live: counts[version]?.live ?? 0,
                        lackedBy: held.lacking(version)
                    )
                }
                if output.json { return try Output.json(lines) }
                Output.table(
                    ["version", "state", "last day", "cards", "live", "lacked by"],
                    lines.map {
                        [
                            "\($0.version)", $0.state, $0.lastDay ?? "–", "\($0.cards)",
                            "\($0.live)",
                            $0.lackedBy.isEmpty ? "–" : $0.lackedBy.joined(separator: ", "),
                        ]
                    }
                )
            }
        }

        private static func state(
            _ version: UInt8,
            _ issuer: OPALServer.Issuer,
            _ now: Instant
        ) -> String {
            if issuer.hasEnded(version, at: CardTime(now)) { return "ended" }
            return version == issuer.purchaseKeyVersion ? "in-use" : "accepted"
        }
    }
}
