// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Bank
import Kernel
import Keys
import Records
import RecordsSQLite
import Sites

struct BankCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bank",
        abstract: "The demo bank: its accounts and their statements.",
        subcommands: [AccountCommand.self]
    )

    struct AccountCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "account",
            abstract: "The accounts of customers, and the issuers' funds pools.",
            discussion: "May be used beside the running bank.",
            subcommands: [Create.self, List.self, Deposit.self, Statement.self]
        )
    }

    /// The number of an account, as an argument.
    static func number(_ text: String) throws -> AccountNumber {
        guard let number = AccountNumber(text) else {
            throw ValidationError(
                "An account has 1 to \(AccountNumber.bytesMax) of A to Z, 0 to 9 and -."
            )
        }
        return number
    }

    /// The bank's data for a command.
    struct Access {
        let party: PartyAccess
        let bank: BankModule

        init(_ options: DataOptions) async throws {
            guard options.folder.exists(.bank) else {
                throw CommandFailure("There is no bank in \(options.folder.path).")
            }
            party = try PartyAccess(options, .bank, BankParty.schema)
            bank = try await BankParty.module(
                party.store,
                party.master,
                party.seals,
                loadServer: Role.loadServer.rawValue,
                link: NoLink(),
                origin: "http://localhost"
            )
        }

        /// Does a step of the bank, and says in words why it was not done.
        func step<Value>(
            _ step: (BankModule) async throws -> Value
        ) async throws -> Value {
            do {
                let value = try await step(bank)
                await party.store.close()
                return value
            } catch let failure as BankFailure {
                await party.store.close()
                switch failure {
                case .unknownAccount: throw CommandFailure("There is no such account.")
                case .accountExists: throw CommandFailure("There is such an account already.")
                case .amountTooLarge: throw CommandFailure("The amount is too large.")
                default: throw CommandFailure("The bank's data cannot be used: \(failure)")
                }
            }
        }
    }
}
