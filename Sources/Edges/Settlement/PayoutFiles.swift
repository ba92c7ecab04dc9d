// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import SettlementFiles

/// The payouts of one settlement run in one currency, as files: institutions with a BIC are paid by
/// pacs.009, a file for each of them; all others by one pain.001.
struct PayoutFiles {
    private let house: ClearingHouse
    private let run: SettlementRun
    private let unit: ClearingTerms.Unit
    private let folder: String
    private let now: Instant

    init(
        _ house: ClearingHouse,
        _ run: SettlementRun,
        _ unit: ClearingTerms.Unit,
        folder: String,
        now: Instant
    ) {
        self.house = house
        self.run = run
        self.unit = unit
        self.folder = folder
        self.now = now
    }

    func write() async throws(SettlementFailure) -> [String] {
        var customers = Sum()
        var institutions: [Payout] = []
        try await house.eachPayout(of: run.day, in: unit.currency) {
            payout throws(SettlementFailure) in
            if isInstitution(payout) {
                institutions.append(payout)
            } else {
                customers.count += 1
                customers.minorUnits += payout.minorUnits
            }
        }
        var paths: [String] = []
        if customers.count > 0 { paths.append(try await writeCustomers(customers)) }
        for payout in institutions { paths.append(try write(institution: payout)) }
        return paths
    }

    private struct Sum {
        var count: UInt64 = 0
        var minorUnits: UInt64 = 0
    }

    private func isInstitution(_ payout: Payout) -> Bool {
        guard case .acquirer = payout.account.owner else { return false }
        return payout.payee.bic != nil && unit.account.bic != nil
    }

    private func writeCustomers(_ sum: Sum) async throws(SettlementFailure) -> String {
        let currency = try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try ISOCurrency(unit.currency)
        }
        let path = "\(folder)/payouts-\(currency.code).xml"
        let (sink, debtor) = try SettlementFailure.writing { () throws(SettlementFileFailure) in
            (try SettlementFile(path: path), try PaymentParty(unit.account))
        }
        var file = try SettlementFailure.writing { () throws(SettlementFileFailure) in
            try PayoutFile(
                to: sink,
                try head(currency.code),
                initiator: debtor.name,
                TransferTotals(
                    count: sum.count,
                    sum: try FileAmount(
                        units: sum.minorUnits,
                        decimals: unit.exponent.decimals,
                        currency: currency
                    )
                )
            )
        }
        try await house.eachPayout(of: run.day, in: unit.currency) {
            payout throws(SettlementFailure) in
            if isInstitution(payout) { return }
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

    private func write(institution payout: Payout) throws(SettlementFailure) -> String {
        try SettlementFailure.writing { () throws(SettlementFileFailure) in
            let currency = try ISOCurrency(unit.currency)
            let name = payout.name.reference
            guard let own = unit.account.bic, let other = payout.payee.bic else {
                throw .bicMissing(name)
            }
            let path = "\(folder)/institution-\(name).xml"
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
                MessageHead(identifier: FileIdentifier("\(name)-I"), created: now),
                route,
                TransferTotals(count: 1, sum: transfer.amount)
            )
            try file.add(transfer)
            try file.finish()
            try sink.keep()
            return path
        }
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

    private func head(_ currency: String) throws(SettlementFileFailure) -> MessageHead {
        let name = "OPAL-\(run.day.digits)-\(currency)"
        return MessageHead(identifier: try FileIdentifier(name), created: now)
    }
}
