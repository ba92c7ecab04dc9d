// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Foundation
import Kernel
import SettlementFiles

/// The payouts of one settlement run in one currency, as files, by who is paid
/// (``PayoutRoute``): pacs.009 for institutions, a file for each of them; pacs.008 for customers of
/// other institutions, a file for each institution; one pain.001 for all others. A payout that was
/// given back, because the bank refused it, is in none of them. All else is as it was when the run
/// ended, so that a file that is written again has the same bytes: a bank that gets it twice knows
/// it by its identifier.
struct PayoutFiles {
    private let house: ClearingHouse
    private let run: SettlementRun
    private let unit: SettlementRun.Unit
    private let folder: String
    private let created: Instant

    /// Files that are written side by side.
    private static let openMax = 32

    init(
        _ house: ClearingHouse,
        _ run: SettlementRun,
        _ unit: SettlementRun.Unit,
        folder: String,
        created: Instant
    ) {
        self.house = house
        self.run = run
        self.unit = unit
        self.folder = folder
        self.created = created
    }

    func write() async throws(SettlementFailure) -> [String] {
        let currency = try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try ISOCurrency(unit.currency)
        }
        var customers = Sum()
        var banks: [String: Sum] = [:]
        var institutions: [Payout] = []
        try await house.eachPayout(of: run.day, in: unit.currency) {
            payout throws(SettlementFailure) in
            if payout.wasGivenBack { return remove(payout, currency) }
            switch PayoutRoute(payout, from: unit) {
            case .institution: institutions.append(payout)
            case .customer(let bank): banks[bank, default: Sum()].add(payout)
            case .bank: customers.add(payout)
            }
        }
        var paths: [String] = []
        if customers.count > 0 {
            paths.append(try await writeCustomers(customers, currency))
        } else {
            remove("\(folder)/payouts-\(currency.code).xml")
        }
        let sums = banks.sorted { $0.key < $1.key }
        for begin in stride(from: 0, to: sums.count, by: Self.openMax) {
            let part = sums[begin..<min(begin + Self.openMax, sums.count)]
            paths += try await write(part.map { ($0.key, $0.value) }, currency)
        }
        for payout in institutions { paths.append(try write(institution: payout, currency)) }
        return paths
    }

    private struct Sum {
        var count: UInt64 = 0
        var minorUnits: UInt64 = 0

        mutating func add(_ payout: Payout) {
            count += 1
            minorUnits += payout.minorUnits
        }
    }

    /// What a payout was in alone, before it was given back.
    private func remove(_ payout: Payout, _ currency: ISOCurrency) {
        switch PayoutRoute(payout, from: unit) {
        case .institution: remove(path(institution: payout))
        case .customer(let bank): remove(path(bank: bank, currency))
        case .bank: break
        }
    }

    /// Where nothing is there, nothing is wrong.
    private func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    private func path(institution payout: Payout) -> String {
        "\(folder)/institution-\(payout.name.reference).xml"
    }

    private func path(bank: String, _ currency: ISOCurrency) -> String {
        "\(folder)/customers-\(currency.code)-\(bank).xml"
    }

    // MARK: By the own bank

    private func writeCustomers(
        _ sum: Sum,
        _ currency: ISOCurrency
    ) async throws(SettlementFailure) -> String {
        let path = "\(folder)/payouts-\(currency.code).xml"
        let (sink, debtor) = try SettlementFailure.writing { () throws(SettlementFileFailure) in
            (try SettlementFile(path: path), try PaymentParty(unit.account))
        }
        var file = try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try PayoutFile(
                to: sink,
                try head("", currency),
                initiator: debtor.name,
                try totals(sum, currency)
            )
        }
        try await house.eachPayout(of: run.day, in: unit.currency) {
            payout throws(SettlementFailure) in
            guard !payout.wasGivenBack, PayoutRoute(payout, from: unit) == .bank else {
                return
            }
            try SettlementFailure.writing { () throws(SettlementFileFailure) in
                try file.add(try instruction(payout, from: debtor, currency))
            }
        }
        try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try file.finish()
            try sink.keep()
        }
        return path
    }

    private func instruction(
        _ payout: Payout,
        from debtor: PaymentParty,
        _ currency: ISOCurrency
    ) throws(SettlementFileFailure) -> PaymentInstruction {
        try PaymentInstruction(
            endToEnd: FileIdentifier(payout.name.reference),
            amount: amount(of: payout, currency),
            debtor: debtor,
            creditor: PaymentParty(payout.payee),
            remittance: RemittanceText(
                "\(payout.content.count) sales up to \(payout.name.day.digits)"
            ),
            executionDate: payout.valueDate
        )
    }

    // MARK: Between institutions

    private struct BankFile {
        let path: String
        let sink: SettlementFile
        var file: CustomerTransferFile
    }

    /// Writes the files of some institutions side by side.
    private func write(
        _ banks: [(bank: String, sum: Sum)],
        _ currency: ISOCurrency
    ) async throws(SettlementFailure) -> [String] {
        var files: [String: BankFile] = [:]
        let debtor = try SettlementFailure.writing { () throws(SettlementFileFailure) in
            for (bank, sum) in banks { files[bank] = try begin(bank, sum, currency) }
            return try PaymentParty(unit.account)
        }
        try await house.eachPayout(of: run.day, in: unit.currency) {
            payout throws(SettlementFailure) in
            guard !payout.wasGivenBack,
                case .customer(let bank) = PayoutRoute(payout, from: unit)
            else { return }
            try SettlementFailure.writing { () throws(SettlementFileFailure) in
                try files[bank]?.file.add(try instruction(payout, from: debtor, currency))
            }
        }
        var paths: [String] = []
        for (bank, _) in banks {
            guard var open = files[bank] else { continue }
            try SettlementFailure.writing { () throws(SettlementFileFailure) in
                try open.file.finish()
                try open.sink.keep()
            }
            paths.append(open.path)
        }
        return paths
    }

    private func begin(
        _ bank: String,
        _ sum: Sum,
        _ currency: ISOCurrency
    ) throws(SettlementFileFailure) -> BankFile {
        guard let own = unit.account.bic else { throw .bicMissing(bank) }
        let path = path(bank: bank, currency)
        let sink = try SettlementFile(path: path)
        let route = InterbankRoute(
            instructing: try BIC(own),
            instructed: try BIC(bank),
            method: .clearing,
            settlementDate: run.valueDate
        )
        let file = try CustomerTransferFile(
            to: sink,
            try head("-\(bank)", currency),
            route,
            try totals(sum, currency)
        )
        return BankFile(path: path, sink: sink, file: file)
    }

    private func write(
        institution payout: Payout,
        _ currency: ISOCurrency
    ) throws(SettlementFailure) -> String {
        try SettlementFailure.writing { () throws(SettlementFileFailure) in
            let name = payout.name.reference
            guard let own = unit.account.bic, let other = payout.payee.bic else {
                throw .bicMissing(name)
            }
            let path = path(institution: payout)
            let sink = try SettlementFile(path: path)
            let transfer = try InstitutionTransfer(
                endToEnd: FileIdentifier(name),
                amount: amount(of: payout, currency),
                debtor: InstitutionTransfer.Institution(
                    bic: BIC(own),
                    account: AccountNumber(unit.account)
                ),
                creditor: InstitutionTransfer.Institution(
                    bic: BIC(other),
                    account: AccountNumber(payout.payee)
                ),
                settlementDate: payout.valueDate
            )
            let route = InterbankRoute(
                instructing: transfer.debtor.bic,
                instructed: transfer.creditor.bic,
                method: .clearing,
                settlementDate: payout.valueDate
            )
            var file = try InstitutionTransferFile(
                to: sink,
                MessageHead(identifier: FileIdentifier("\(name)-I"), created: created),
                route,
                TransferTotals(count: 1, sum: transfer.amount)
            )
            try file.add(transfer)
            try file.finish()
            try sink.keep()
            return path
        }
    }

    // MARK: Parts

    private func totals(
        _ sum: Sum,
        _ currency: ISOCurrency
    ) throws(SettlementFileFailure) -> TransferTotals {
        TransferTotals(
            count: sum.count,
            sum: try FileAmount(
                units: sum.minorUnits,
                decimals: unit.exponent.decimals,
                currency: currency
            )
        )
    }

    private func amount(
        of payout: Payout,
        _ currency: ISOCurrency
    ) throws(SettlementFileFailure) -> FileAmount {
        try FileAmount(
            units: payout.minorUnits,
            decimals: payout.exponent.decimals,
            currency: currency
        )
    }

    private func head(
        _ end: String,
        _ currency: ISOCurrency
    ) throws(SettlementFileFailure) -> MessageHead {
        let name = "OPAL-\(run.day.digits)-\(currency.code)\(end)"
        return MessageHead(identifier: try FileIdentifier(name), created: created)
    }
}
