// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Keys
import Records
import RecordsSQLite
import SecurityModule

/// Makes the demo's clearing house beside the parties that are there: it gets the acquirer's KB,
/// and knows issuer, acquirer and merchants of the demo with accounts at banks that do not exist.
struct ClearingFounding {
    let folder: DataFolder
    let passphrase: String?

    static let name = "Opal Clearing"
    static let acquirerName = "Opal Acquiring"
    /// 1.2 %, at least a tenth of a cent, and a cent for each batch.
    static let fee = FeeRule(
        rate: 12_000,
        minimum: ExactAmount(minorUnits: 1_000, .micros),
        perBatch: ExactAmount(minorUnits: 1, .cents)
    )
    /// Published examples of account numbers (ISO 13616); nobody has them.
    private static let accounts = (
        house: "DE89370400440532013000", issuer: "NL91ABNA0417164300",
        acquirer: "AT611904300234573201", shop: "BE68539007547034",
        airline: "FR1420041010050500013M02606"
    )

    func run() async throws {
        try await PartyFounding(folder: folder, passphrase: passphrase).make(.clearing) {
            workshop,
            master in
            try await fill(workshop, master)
        }
    }

    private func fill(_ workshop: DataFolder, _ master: LocalMasterKey) async throws {
        let store = try SQLiteStore(
            path: workshop.database(.clearing),
            schema: ClearingRecords.schema
        )
        let seals = RecordSealer(master, party: ClearingRecords.schema.party)
        let keys = try await AcquirerBatchKey.shared(
            of: folder,
            passphrase: passphrase,
            with: master
        )
        do throws(ClearingFailure) {
            for key in keys { _ = try await key.keep(in: store, sealedBy: seals) }
            let house = ClearingHouse(
                store: store,
                sealing: seals,
                batches: BatchKeys(),
                issuers: { _ in nil }
            )
            try await introduce(to: house, PaymentServerParty.acquirer)
        } catch {
            throw CommandFailure(error.words)
        }
        await store.close()
    }

    private func introduce(
        to house: ClearingHouse,
        _ acquirer: UInt32
    ) async throws(ClearingFailure) {
        let accounts = Self.accounts
        guard let own = Payee(name: Self.name, account: accounts.house, bic: "COBADEFFXXX"),
            let city = Payee(name: Founding.issuerName, account: accounts.issuer),
            let acquiring = Payee(
                name: Self.acquirerName,
                account: accounts.acquirer,
                bic: "BKAUATWWXXX"
            ),
            let issuer = IssuerIdentifier(Founding.issuer), let fee = Self.fee,
            let terms = ClearingTerms(
                units: [ClearingTerms.Unit(.euro, .cents, account: own)],
                fees: [ClearingTerms.Fee(.euro, nil, fee)]
            )
        else { preconditionFailure("The names of the demo are names.") }
        try await house.set(terms)
        try await house.set(
            ClearedIssuer(issuer, name: Founding.issuerName, payee: city, pools: [.euro])
        )
        try await house.set(
            ClearedAcquirer(
                acquirer,
                name: Self.acquirerName,
                payee: acquiring,
                senders: [Role.concentrationPoint.rawValue, Role.paymentServer.rawValue]
            )
        )
        let shops = [
            (MerchantParty.shop, Founding.shopName, accounts.shop),
            (MerchantParty.airline, AirlineFounding.name, accounts.airline),
        ]
        for (identifier, name, account) in shops {
            guard let merchant = MerchantIdentifier(identifier),
                let payee = Payee(name: name, account: account)
            else { preconditionFailure("The names of the demo are names.") }
            try await house.set(
                ClearedMerchant(
                    merchant,
                    name: name,
                    acquirer: acquirer,
                    category: MerchantCategory(Founding.shopCategory),
                    accounts: [ClearedMerchant.Account(.euro, payee)]
                )
            )
        }
    }
}
