// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Check every record, signature and cent in a data folder.",
        discussion: """
            Opens every record, walks every history, checks every S3 and S6 again, and compares \
            the parties: nothing delivered without a sale, no sale without a debit, nothing paid \
            by a bank without a load, nothing charged to a funding account that is not on a card, \
            no value made or lost. It only reads, and may run beside the servers.

            Exit code 0: all is right. 1: something is off; each finding names its row.
            """
    )

    @Option(name: .long, help: "The data folder of a host of terminals; may be repeated.")
    var terminal: [String] = []
    @OptionGroup var options: DataOptions
    @OptionGroup var output: JSONOption

    func run() async throws {
        let audit = SchemeAudit(
            folder: options.folder,
            passphrase: try options.passphrase(),
            progress: ProgressLine(),
            terminalFolders: terminal.map(DataFolder.init)
        )
        let report = try await audit.run()
        if output.json {
            try Output.json(report)
        } else {
            show(report)
        }
        if !report.isClean { throw ExitCode(1) }
    }

    private func show(_ report: SchemeAudit.Report) {
        print("\(report.cards) cards with \(report.historyRows) history rows")
        print("\(report.sales) sales, \(report.sold) sold; \(report.pending) draws pending")
        if report.batches > 0 {
            print("\(report.batches) batches, \(report.batchesAcknowledged) acknowledged")
        }
        if report.inReaders > 0 { print("\(report.inReaders) debits in card readers") }
        if report.loads > 0 || report.accounts > 0 {
            print(
                "\(report.loads) loads from banks, \(report.loaded) loaded, "
                    + "\(report.loadsPending) pending; \(report.accounts) accounts"
            )
        }
        if report.authorizations > 0 {
            print(
                "\(report.authorizations) requests to funding accounts, "
                    + "\(report.captured) charged, \(report.authorizationsOpen) open"
            )
        }
        print("\(report.orders) orders, \(report.delivered) delivered")
        for (unit, proved) in report.provedMinorUnits.sorted(by: { $0.key < $1.key }) {
            print("currency \(unit): sales that came back for payment and are proved \(proved)")
        }
        for (currency, books) in report.books.sorted(by: { $0.key < $1.key }) {
            print(
                "clearing in \(currency): pools \(books.pools), merchants \(books.merchants), "
                    + "acquirers \(books.acquirers), suspense \(books.suspense), expired value "
                    + "\(books.expired), in transit \(books.inTransit), bank \(books.bank) = 0"
            )
        }
        for (unit, onCards) in report.onCardsMinorUnits.sorted(by: { $0.key < $1.key }) {
            let expired = report.expiredMinorUnits[unit].map { " − expired \($0)" } ?? ""
            let returned = report.returnedMinorUnits[unit].map { " + given back \($0)" } ?? ""
            let swept = report.sweptMinorUnits[unit].map { " − swept \($0)" } ?? ""
            print(
                "currency \(unit): loaded \(report.loadedMinorUnits[unit] ?? 0)"
                    + " + recovered \(report.recoveredMinorUnits[unit] ?? 0)\(returned)"
                    + " − debited \(report.debitedMinorUnits[unit] ?? 0)\(swept)\(expired)"
                    + " = on cards \(onCards)"
            )
        }
        for (unit, pools) in report.inPoolsMinorUnits.sorted(by: { $0.key < $1.key }) {
            print(
                "currency \(unit): loaded from banks \(report.loadedFromBanksMinorUnits[unit] ?? 0)"
                    + " = in the issuers' pools \(pools); on accounts of customers "
                    + "\(report.onAccountsMinorUnits[unit] ?? 0)"
            )
        }
        for note in report.notes { print("note: \(note)") }
        if report.isClean {
            print("Nothing is off.")
        } else {
            print("\(report.findings.count) findings:")
            for finding in report.findings { print("  \(finding)") }
        }
    }
}
