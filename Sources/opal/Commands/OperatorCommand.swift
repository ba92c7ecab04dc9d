// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Kernel
import Keys
import RecordsSQLite
import Sites

struct OperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator",
        abstract: "Who may use the operator console, and what they see.",
        discussion: "May be used beside the running console.",
        subcommands: [Add.self, List.self, Remove.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an operator.",
            discussion: """
                The roles: everything; issuer, who sees the cards of one BIN; acquirer, who sees \
                sales, terminals and batches; merchant, who sees the orders of one merchant; \
                each with their own accounts at the clearing house; auditor, who sees all of it \
                but mails, and changes nothing. The password is written into the file that \
                --password-file names, readable by its owner only.
                """
        )

        @Argument(help: "The name: 1 to 32 of a to z, 0 to 9, ., _ and -.")
        var name: String
        @Option(name: .long, help: "everything, issuer, acquirer, merchant or auditor.")
        var role: String
        @Option(name: .long, help: "The BIN of an issuer, or the identifier of a merchant.")
        var of: String?
        @Option(name: .long, help: "Where the password is written.")
        var passwordFile: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let name = try OperatorCommand.name(name)
            guard let role = OperatorRole(word: role, party: of ?? "") else {
                throw ValidationError(
                    """
                    A role is everything, acquirer or auditor, or with --of issuer (a BIN) or \
                    merchant.
                    """
                )
            }
            let password = ReadablePassword.make()
            try await OperatorCommand.step(options) { desk in
                guard try await !desk.operators().contains(where: { $0.name == name }) else {
                    throw CommandFailure("There is an operator of this name.")
                }
                try options.folder.write(secret: password, to: passwordFile)
                guard
                    try await desk.add(
                        name,
                        password: password,
                        as: role,
                        at: SystemClock.now()
                    )
                else {
                    throw CommandFailure("There is an operator of this name.")
                }
            }
            print("Added \(name.text) as \(role.word).")
        }
    }

    /// One operator, for programs.
    private struct Line: Encodable {
        let name: String
        /// Nil for one who sees nothing.
        let role: String?
        let of: String?
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the operators with their roles."
        )

        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let lines = try await OperatorCommand.step(options) { desk in
                try await desk.operators().map { one in
                    Line(
                        name: one.name.text,
                        role: one.role?.word,
                        of: one.role.flatMap { $0.party.isEmpty ? nil : $0.party }
                    )
                }
            }
            if output.json { return try Output.json(lines) }
            Output.table(
                ["operator", "role", "of"],
                lines.map { [$0.name, $0.role ?? "none", $0.of ?? "–"] }
            )
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove an operator; what he did stays written down."
        )

        @Argument(help: "The name.")
        var name: String
        @OptionGroup var options: DataOptions

        func run() async throws {
            let name = try OperatorCommand.name(name)
            try await OperatorCommand.step(options) { desk in
                guard try await desk.remove(name, at: SystemClock.now()) else {
                    throw CommandFailure(
                        "There is no such operator, or nobody else has the role everything."
                    )
                }
            }
            print("Removed \(name.text).")
        }
    }

    // MARK: Parts

    private static func name(_ text: String) throws -> OperatorName {
        guard let name = OperatorName(text) else {
            throw ValidationError("A name has 1 to 32 of a to z, 0 to 9, ., _ and -.")
        }
        return name
    }

    static func step<Value>(
        _ options: DataOptions,
        _ step: (OperatorDesk) async throws -> Value
    ) async throws -> Value {
        guard options.folder.exists(.console) else {
            throw CommandFailure("There is no console in \(options.folder.path).")
        }
        let access = try PartyAccess(options, .console, ConsoleParty.schema)
        let desk = OperatorDesk(
            store: access.store,
            seals: access.seals,
            passwords: PasswordKeeper(access.master),
            random: SystemRandom()
        )
        do {
            let value = try await step(desk)
            await access.store.close()
            return value
        } catch {
            await access.store.close()
            throw error
        }
    }
}
