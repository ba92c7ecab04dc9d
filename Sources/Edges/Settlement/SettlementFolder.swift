// SPDX-License-Identifier: Apache-2.0

package import ClearingHouse
import Foundation
import Kernel
package import SettlementFiles

/// Where the files of settlement runs are, a folder for each business day: pain.001 with the
/// payouts for the bank, pacs.009 with those of institutions, camt.053 and camt.054 for each
/// account on which something was booked.
/// They say what the books say. The same day again makes the same payouts again, whatever the terms
/// are by then; owners are named in statements as they are called when these are written.
package struct SettlementFolder: Sendable {
    /// Payouts, rows or sales that are read at a time.
    static let pageMax = 500

    let path: String
    let house: ClearingHouse

    package init(_ path: String, _ house: ClearingHouse) {
        self.path = path
        self.house = house
    }

    /// Writes the files of a day that is settled; what is there already is replaced, each file
    /// whole or not at all.
    ///
    /// The moment that stands in them is when its run ended.
    ///
    /// - Parameter day: the business day.
    /// - Returns: the paths.
    /// - Throws: `.notSettled`, `.clearing`, `.file`.
    package func write(_ day: BusinessDay) async throws(SettlementFailure) -> [String] {
        let (run, terms) = try await SettlementFailure.books {
            () async throws(ClearingFailure) in (try await house.run(day), try await house.terms())
        }
        guard let run, let created = run.endedAt else { throw .notSettled }
        let units = run.units(or: terms)
        let folder = "\(path)/\(day.digits)"
        try SettlementFolder.make(folder)
        var paths: [String] = []
        for total in run.totals {
            guard let unit = units.first(where: { $0.currency == total.currency }) else {
                continue
            }
            let files = PayoutFiles(house, run, unit, folder: folder, created: created)
            paths += try await files.write()
        }
        let statements = AccountStatements(house, run, units, folder: folder, created: created)
        paths += try await statements.write()
        try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try SettlementFile(path: mark(of: day)).keep()
        }
        return paths
    }

    /// Whether all files of a day are there.
    package func isWritten(_ day: BusinessDay) -> Bool {
        FileManager.default.fileExists(atPath: mark(of: day))
    }

    /// An empty file, which is written last.
    private func mark(of day: BusinessDay) -> String { "\(path)/\(day.digits)/complete" }

    /// Makes a folder that its owner alone can read.
    static func make(_ path: String) throws(SettlementFailure) {
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch { throw .file(.unwritableFile) }
    }
}

extension PaymentParty {
    /// - Throws: `.ibanWrong`, or what else keeps it out of a file.
    init(_ payee: Payee) throws(SettlementFileFailure) {
        self.init(
            name: try PartyName(payee.name),
            account: try AccountNumber(payee),
            bank: try payee.bic.map { text throws(SettlementFileFailure) in try BIC(text) }
        )
    }
}

extension AccountNumber {
    /// An IBAN where it is one; else the number as the bank writes it.
    package init(_ payee: Payee) throws(SettlementFileFailure) {
        if let iban = try? IBAN(payee.account) {
            self = .iban(iban)
        } else {
            self = .other(try OtherAccount(payee.account))
        }
    }
}
