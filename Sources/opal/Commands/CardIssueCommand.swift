// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Kernel
import OPALServer
import RecordsSQLite
import Sites
import Wire

extension CardCommand {
    struct Issue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make cards in bulk, from a file.",
            discussion: """
                A CSV file whose first line names its columns: reference, user and mail for cards \
                with a holder, value in minor units instead of the issuer's setting, and limits \
                for a purchase, a day and a month. A reference makes one card, in whatever file it \
                comes again: a file that was broken off is given once more. Holders get a mail \
                with a one-time password, which stands nowhere else.

                Exit code 0: each line has its card. 1: lines were refused.
                """
        )

        private struct Summary: Encodable {
            var lines = 0
            var made = 0
            var known = 0
            var refused = 0
        }

        /// Refused lines that are printed; a report has all.
        private static let shownMax = 20

        @Argument(help: "The issuer's BIN, six digits.")
        var bin: String
        @Option(name: .long, help: "The file.", completion: .file())
        var file: String
        @Option(
            name: .long,
            help: "Where each line with its card is written, as CSV, with whole card numbers."
        )
        var report: String?
        @Option(
            name: .long,
            help: "The OPAL server's JSON file of settings, whose card site the mails name."
        )
        var config: String?
        @OptionGroup var options: DataOptions
        @OptionGroup var output: JSONOption

        func run() async throws {
            let orders = try CardOrderFile(file)
            let settings = try await ServerSettings.read(file: config)
            let access = try await OperatorAccess(options)
            let ended: Result<Summary, any Error>
            do {
                ended = .success(try await make(orders, access, settings))
            } catch {
                ended = .failure(error)
            }
            await access.store.close()
            let summary = try ended.get()
            if output.json {
                try Output.json(summary)
            } else {
                print(
                    "\(summary.lines) lines: \(summary.made) cards made, \(summary.known) known, "
                        + "\(summary.refused) refused"
                )
            }
            if summary.refused > 0 { throw ExitCode(1) }
        }

        private func make(
            _ file: CardOrderFile,
            _ access: OperatorAccess,
            _ settings: ServerSettings
        ) async throws -> Summary {
            guard let identifier = IssuerIdentifier(bin),
                let issuer = try await access.desk.issuer(identifier)
            else { throw CommandFailure("There is no issuer \(bin). See `opal issuer list`.") }
            let orders = self.orders(access, settings)
            let written = try report.map { try CardOrderReport($0) }
            let progress = ProgressLine()
            progress.begin("cards", of: file.lineCount)
            var summary = Summary()
            try await file.forEach { number, reference, line in
                progress.step()
                summary.lines += 1
                let outcome: CardOrders.Outcome
                var problem = ""
                switch line {
                case .success(let order):
                    outcome = try await orders.make(order, for: issuer, at: SystemClock.now())
                    if case .refused(let refusal) = outcome { problem = refusal.words }
                case .failure(let failure):
                    outcome = .refused(.reference)
                    problem = failure.words
                }
                count(outcome, &summary)
                try written?.add(number, reference, outcome, problem)
                if !problem.isEmpty, summary.refused <= Self.shownMax, !output.json {
                    print("line \(number): \(problem)")
                }
            }
            progress.end()
            try written?.close()
            return summary
        }

        private func count(_ outcome: CardOrders.Outcome, _ summary: inout Summary) {
            switch outcome {
            case .made: summary.made += 1
            case .known: summary.known += 1
            case .refused: summary.refused += 1
            }
        }

        private func orders(_ access: OperatorAccess, _ settings: ServerSettings) -> CardOrders {
            CardOrders(
                desk: access.desk,
                users: OPALServerParty.users(
                    access.store,
                    access.seals,
                    access.master,
                    accounts: DemoFundingNetwork(),
                    logonURL: settings.cardholderOrigin + CardholderSite.signInPath
                ),
                store: access.store,
                sealing: access.seals
            )
        }
    }
}

/// The report of a file of card orders: which line has which card. It has whole card numbers and is
/// readable by its owner only; no password is in it. It gets its name when it is whole.
private struct CardOrderReport {
    private let path: String
    private let handle: FileHandle

    private var partial: String { path + ".partial" }

    init(_ path: String) throws {
        self.path = path
        let file = unsafe open(path + ".partial", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0, fchmod(file, 0o600) == 0 else {
            throw CommandFailure("\(path) cannot be written. No card was made.")
        }
        handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        try write(["line", "reference", "outcome", "card", "reason"])
    }

    func add(
        _ number: Int,
        _ reference: String,
        _ outcome: CardOrders.Outcome,
        _ problem: String
    ) throws {
        let (word, card) =
            switch outcome {
            case .made(let card): ("made", card.digits)
            case .known(let card): ("known", card.digits)
            case .refused: ("refused", "")
            }
        try write(["\(number)", CSVLine.guarded(reference), word, card, problem])
    }

    func close() throws {
        try handle.synchronize()
        guard unsafe rename(partial, path) == 0 else {
            throw CommandFailure("\(path) cannot be written. The cards were made: run it again.")
        }
    }

    private func write(_ cells: [String]) throws {
        try handle.write(contentsOf: Data(CSVLine.text(cells).utf8))
    }
}
