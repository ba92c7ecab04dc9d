// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Kernel
import OPALServer
import RecordsSQLite
import Sites

struct DisputeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dispute",
        abstract: "What cardholders dispute, and the issuer's decision.",
        discussion: """
            May be used beside the running server. What is decided for the holder is fetched by \
            the clearing house, and comes onto the card by itself.
            """,
        subcommands: [List.self, Show.self, Decide.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the open disputes, the most urgent first."
        )

        @Flag(name: .long, help: "The newest ones instead, also those that have ended.")
        var all = false
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        private static let newestMax = 500

        /// All of them, the most urgent first.
        private static func open(_ desk: DisputeDesk) async throws -> [Dispute] {
            var (disputes, after): ([Dispute], TransactionIdentifier?) = ([], nil)
            repeat {
                let page = try await desk.open(of: nil, after: after)
                disputes += page.disputes
                after = page.next
            } while after != nil
            return disputes.sorted { $0.decideBy < $1.decideBy }
        }

        func run() async throws {
            let disputes = try await DisputeCommand.step(options) { desk, _ in
                all ? try await desk.newest(limit: Self.newestMax) : try await Self.open(desk)
            }
            let lines = disputes.map { DisputeLine($0) }
            if output.json { return try Output.json(lines) }
            Output.table(DisputeLine.header, lines.map(\.cells))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a dispute, and what both sides say."
        )

        @Argument(help: "The transaction of the sale.")
        var transaction: String
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let transaction = try DisputeCommand.transaction(transaction)
            let line = try await DisputeCommand.step(options) { desk, _ in
                guard let dispute = try await desk.find(transaction) else {
                    throw CommandFailure(DisputeRefusal.unknownDispute.words)
                }
                return DisputeLine(
                    dispute,
                    rest: try await desk.rest(of: transaction, paid: dispute.sale.paid),
                    givenByMerchant: try await desk.givenByMerchant(of: transaction)
                )
            }
            if output.json { return try Output.json(line) }
            Output.table(["what", "value"], line.rows)
        }
    }

    struct Decide: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decide a dispute, for the holder or against.",
            discussion: """
                Give --refund with an amount in minor units, or all; or --reject. It is written \
                down in the console's journal in the name host.
                """
        )

        @Argument(help: "The transaction of the sale.")
        var transaction: String
        @Option(name: .long, help: "What is given back: minor units, or all that is left.")
        var refund: String?
        @Flag(name: .long, help: "Nothing is given back.")
        var reject = false
        @Option(name: .long, help: "For the holder. A rejection needs it.")
        var words = ""
        @Option(
            name: .long,
            help: "The OPAL server's JSON file of settings, whose card site the mail names."
        )
        var config: String?
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        private static let all = "all"

        func validate() throws {
            guard (refund == nil) == reject else {
                throw ValidationError("Give --refund with an amount, or --reject.")
            }
            if let refund, refund != Self.all, UInt64(refund) == nil {
                throw ValidationError("An amount is a number of minor units, or all.")
            }
            guard DisputeAnswer.areWords(words), !reject || !words.isEmpty else {
                throw ValidationError(DisputeRefusal.notSaid.words)
            }
        }

        func run() async throws {
            let transaction = try DisputeCommand.transaction(transaction)
            let line = try await DisputeCommand.step(options, config: config) { desk, folder in
                guard let dispute = try await desk.find(transaction) else {
                    throw CommandFailure(DisputeRefusal.unknownDispute.words)
                }
                let rest = try await desk.rest(of: transaction, paid: dispute.sale.paid)
                let minorUnits = refund.map { $0 == Self.all ? rest : UInt64($0) ?? 0 }
                let refusal = try await desk.refusal(
                    toDecide: minorUnits,
                    of: transaction,
                    by: OperatorJournal.host,
                    words: words
                )
                if let refusal { throw CommandFailure(refusal.words) }
                try await note(minorUnits, of: dispute, folder)
                let outcome =
                    if let minorUnits {
                        try await desk.refund(
                            minorUnits,
                            of: transaction,
                            by: OperatorJournal.host,
                            words: words
                        )
                    } else {
                        try await desk.reject(
                            transaction,
                            by: OperatorJournal.host,
                            words: words
                        )
                    }
                switch outcome {
                case .success(let dispute): return DisputeLine(dispute, rest: rest)
                case .failure(let reason): throw CommandFailure(reason.words)
                }
            }
            if output.json { return try Output.json(line) }
            Output.table(["what", "value"], line.rows)
        }

        /// Written down before it is done, where there is a console in the folder.
        private func note(
            _ minorUnits: UInt64?,
            of dispute: Dispute,
            _ folder: DataFolder
        ) async throws {
            guard folder.exists(.console) else { return }
            try await OperatorCommand.step(options) { desk in
                try await desk.journal.write(
                    OperatorJournal.Act(
                        minorUnits == nil ? .disputeRejected : .disputeRefunded,
                        at: SystemClock.now(),
                        byHost: minorUnits.map { "\($0) minor units" } ?? ""
                    ),
                    about: dispute.sale.transaction
                )
            }
        }
    }

    // MARK: Parts

    fileprivate static func transaction(_ text: String) throws -> TransactionIdentifier {
        guard let transaction = TransactionIdentifier(text) else {
            throw ValidationError("A transaction has 32 hexadecimal digits.")
        }
        return transaction
    }

    /// Does something with the disputes of a data folder.
    fileprivate static func step<Value>(
        _ options: DataOptions,
        config: String? = nil,
        _ step: (DisputeDesk, DataFolder) async throws -> Value
    ) async throws -> Value {
        let access = try await OperatorAccess(options)
        let settings = try await ServerSettings.read(file: config)
        let ended: Result<Value, any Error>
        do {
            ended = .success(try await step(desk(access, settings), options.folder))
        } catch {
            ended = .failure(error)
        }
        await access.store.close()
        return try ended.get()
    }

    private static func desk(_ access: OperatorAccess, _ settings: ServerSettings) -> DisputeDesk {
        let users = OPALServerParty.users(
            access.store,
            access.seals,
            access.master,
            accounts: DemoFundingNetwork(),
            logonURL: settings.cardholderOrigin + CardholderSite.signInPath
        )
        let purchases = OPALServerParty.purchases(
            access.store,
            access.seals,
            OPALServerParty.emulator(access.store, access.module, access.desk, nil),
            AcquirerDirectory([:]),
            SettlementMails(users)
        )
        return OPALServerParty.disputes(users, purchases, [])
    }
}
