// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kernel
import LoyaltyServer
import RecordsSQLite
import Sites
import Wire

struct ProgrammeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "programme",
        abstract: "Loyalty programmes: their rules, members, points and benefits.",
        discussion: "May be used beside the running servers.",
        subcommands: [
            List.self, Create.self, Issue.self, Members.self, Enrol.self, Liability.self,
            Redemptions.self, BenefitCommand.self,
        ]
    )

    /// The loyalty server's data for a command.
    struct Access {
        let party: PartyAccess
        let module: LoyaltyModule
        let benefits: Benefits

        /// `link`: to the OPAL server, where the command asks it.
        init(_ options: DataOptions, link: any Link = NoLink()) throws {
            guard options.folder.exists(.loyaltyServer) else {
                throw CommandFailure("There is no loyalty server in \(options.folder.path).")
            }
            party = try PartyAccess(options, .loyaltyServer, LoyaltyParty.schema)
            (module, benefits) = LoyaltyParty.modules(party.store, party.master, link: link)
        }

        /// Does a step of the loyalty server, and says in words why it was not done.
        func step<Value>(_ step: () async throws -> Value) async throws -> Value {
            do {
                let value = try await step()
                await party.store.close()
                return value
            } catch let failure as LoyaltyFailure {
                await party.store.close()
                throw CommandFailure(failure.words)
            } catch {
                await party.store.close()
                throw error
            }
        }
    }

    /// CURR of a programme, as an argument.
    static func code(_ text: String) throws -> Currency {
        guard let code = ProgrammeEntry.code(text) else {
            throw ValidationError("A programme has a code from 9001 to 9999.")
        }
        return code
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the programmes.")

        private struct Line: Encodable {
            let code: String
            let name: String
            /// `card` or `database`.
            let home: String
            let rule: String
            let isClosed: Bool
            let sites: [String]
            let partners: [String]
        }

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let access = try Access(options)
            let reader = Wording().reader(.english)
            let lines = try await access.step { try await access.module.programmes() }.map {
                Line(
                    code: $0.programme.code.digits,
                    name: $0.programme.name,
                    home: $0.programme.home.name,
                    rule: reader.words($0.rule, of: $0.programme),
                    isClosed: $0.isClosed,
                    sites: $0.programme.sites.map(\.text),
                    partners: $0.programme.partners.map(\.text)
                )
            }
            if output.json { return try Output.json(lines) }
            Output.table(
                ["code", "name", "points are", "rule", "partners"],
                lines.map {
                    [
                        $0.code, $0.name, $0.home == "card" ? "on cards" : "in the database",
                        $0.isClosed ? "closed" : $0.rule, $0.partners.joined(separator: " "),
                    ]
                }
            )
        }
    }

    struct Members: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the members of a programme, newest first, with their points."
        )

        private struct Line: Encodable {
            let number: String
            /// `entered` on the card, `open`, or why the OPAL server refused it.
            let card: String
            let pending: UInt64
            let here: UInt64
            let inPostings: UInt64
            let posted: UInt64
            let redeemed: UInt64
            let expired: UInt64
        }

        @Argument(help: "The code of the programme, for example 9001.")
        var programme: String
        @Option(name: .long, help: "The most members to list.")
        var limit = 50
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func validate() throws {
            guard (1...500).contains(limit) else { throw ValidationError("--limit is 1 to 500.") }
        }

        func run() async throws {
            let code = try ProgrammeCommand.code(programme)
            let access = try Access(options)
            let members = try await access.step {
                try await access.module.members(of: code, limit: limit)
            }
            let lines = members.compactMap { line in
                line.member.map { member in
                    Line(
                        number: member.membership.number.text,
                        card: line.enrolment?.state.word ?? "",
                        pending: member.pending,
                        here: member.tranches.total,
                        inPostings: member.inPostings,
                        posted: member.posted,
                        redeemed: member.redeemed,
                        expired: member.expired
                    )
                }
            }
            if output.json { return try Output.json(lines) }
            Output.table(
                [
                    "member", "card", "pending", "here", "on the way", "posted", "redeemed",
                    "expired",
                ],
                lines.map {
                    [$0.number, $0.card]
                        + [
                            $0.pending, $0.here, $0.inPostings, $0.posted, $0.redeemed, $0.expired,
                        ].map(String.init)
                }
            )
            if members.count > lines.count {
                print("\(members.count - lines.count) members do not open: see opal audit.")
            }
        }
    }
}

extension Enrolment.State {
    fileprivate var word: String {
        switch self {
        case .open: "open"
        case .entered: "entered"
        case .refused(let refusal): "refused: \(refusal)"
        }
    }
}
