// SPDX-License-Identifier: Apache-2.0

import Batches
import CardEmulator
import Foundation
import HSM
import Kernel
import Keys
import Merchant
import OPALServer
import PaymentServer
import Records
import RecordsSQLite
import SecurityModule

/// Makes a whole demo scheme in an empty data folder: local master keys, an issuer with its keys,
/// an acquirer with the issuer's purchase key, a merchant with its shared key; then a load server
/// and a bank (``FundingFounding``), a payment gateway and a simulated funding network
/// (``GatewayFounding``), and a concentration point (``ConcentrationFounding``).
struct Founding {
    let folder: DataFolder
    let passphrase: String?
    /// Where S3 of the shop's sales is compared.
    var comparison = ComparisonPolicy.securityCard

    static let issuer = "990001"
    static let issuerName = "Opal City"
    static let shopName = "Farthing Press"
    static let balanceMax: UInt64 = 500_00
    /// News dealers (ISO 18245).
    static let shopCategory = "5994"

    /// Makes the parties beside their place and moves it there when it is whole, so that a crash
    /// leaves none or all of it. A scheme that is there is left alone.
    func run() async throws {
        try folder.make()
        try RestoreNote(folder).check()
        let parties: [DataFolder.Party] = [.opalServer, .paymentServer, .shop]
        let present = parties.filter(folder.exists)
        if present.count == parties.count {
            return try await foundFundingSide()
        }
        guard present.isEmpty else {
            throw CommandFailure(
                "\(folder.path) holds only a part of a scheme. Restore the rest, or choose an "
                    + "empty folder."
            )
        }
        let workshop = DataFolder(folder.path + "/.founding")
        try? FileManager.default.removeItem(atPath: workshop.path)
        try await Founding(folder: workshop, passphrase: passphrase, comparison: comparison)
            .make(parties)
        for party in parties {
            try FileManager.default.moveItem(
                atPath: workshop.folder(party),
                toPath: folder.folder(party)
            )
        }
        try? FileManager.default.removeItem(atPath: workshop.path)
        try await foundFundingSide()
    }

    /// Also beside a scheme that an older version of the program made.
    private func foundFundingSide() async throws {
        try await FundingFounding(folder: folder, passphrase: passphrase).run()
        try await GatewayFounding(folder: folder, passphrase: passphrase).run()
        try await ConcentrationFounding(folder: folder, passphrase: passphrase).run()
        try await AirlineFounding(
            folder: folder,
            passphrase: passphrase,
            comparison: comparison
        ).run()
        try await ClearingFounding(folder: folder, passphrase: passphrase).run()
    }

    private func make(_ parties: [DataFolder.Party]) async throws {
        var masters: [DataFolder.Party: LocalMasterKey] = [:]
        for party in parties {
            try folder.make(party)
            masters[party] = try KeyFile.create(
                at: folder.keyFile(party),
                passphrase: passphrase
            )
        }
        guard let card = masters[.opalServer], let acquirer = masters[.paymentServer],
            let shop = masters[.shop]
        else { preconditionFailure("Each party was just given its key.") }
        try await found(card, acquirer, shop)
    }

    private func found(
        _ card: LocalMasterKey,
        _ acquirer: LocalMasterKey,
        _ shop: LocalMasterKey
    ) async throws {
        guard let identifier = IssuerIdentifier(Self.issuer),
            let merchant = MerchantIdentifier(MerchantParty.shop)
        else { preconditionFailure("The names of the demo are names.") }
        let issuer = Issuer(
            identifier: identifier,
            name: Self.issuerName,
            currency: .euro,
            exponent: .cents,
            balanceMax: Self.balanceMax,
            validMonths: 36,
            newCardValue: 10_00
        )
        let module = SoftwareModule(card)
        let keys = try module.makeKeys(
            SoftwareModule.KeyName(issuer: identifier, version: issuer.purchaseKeyVersion)
        )
        let seals = RecordSealer(card, party: OPALServerRecords.schema.party)
        try await Self.write(
            folder.database(.opalServer),
            OPALServerRecords.schema,
            [
                try await CardDesk.write(issuer, sealedBy: seals),
                try await IssuerKeys.write(
                    keys,
                    of: identifier,
                    version: issuer.purchaseKeyVersion,
                    sealedBy: seals
                ),
            ]
        )
        let accepted = AcquirerRecords.IssuerKey(
            issuer: identifier,
            version: issuer.purchaseKeyVersion,
            wrapped: try module.exportPurchaseKey(keys, to: acquirer)
        )
        try await introduce(merchant, at: shop, to: acquirer, accepting: accepted)
        try await classify(merchant, sealedBy: seals)
    }

    /// Says what the demo shop sells, for cards that pay some categories only.
    private func classify(
        _ merchant: MerchantIdentifier,
        sealedBy seals: RecordSealer
    ) async throws {
        let store = try SQLiteStore(
            path: folder.database(.opalServer),
            schema: OPALServerRecords.schema
        )
        try await MerchantDirectory(store: store, seals: seals).set(
            MerchantCategory(Self.shopCategory),
            of: merchant,
            by: CardDesk.operatorName,
            now: SystemClock.now()
        )
        await store.close()
    }

    /// Gives merchant and acquirer their shared key, and the acquirer the issuer's.
    private func introduce(
        _ merchant: MerchantIdentifier,
        at shop: LocalMasterKey,
        to acquirer: LocalMasterKey,
        accepting key: AcquirerRecords.IssuerKey
    ) async throws {
        let shared = try LocalMasterKey.makeShared(acquirer, shop)
        let name = "k1"
        let seals = RecordSealer(acquirer, party: PaymentModule.schema.party)
        try await Self.write(
            folder.database(.paymentServer),
            PaymentModule.schema,
            [
                try await AcquirerRecords.issuerKey(key, sealedBy: seals),
                try await AcquirerBatchKey.make(acquirer).write(sealedBy: seals),
                try await AcquirerRecords.agreement(of: merchant, comparison, sealedBy: seals),
                try await AcquirerRecords.merchantKey(
                    name,
                    of: merchant,
                    wrapped: shared.first,
                    sealedBy: seals
                ),
            ]
        )
        let shopSeals = RecordSealer(shop, party: MerchantRecords.schema.party)
        try await Self.write(
            folder.database(.shop),
            MerchantRecords.schema,
            [
                try await MerchantRecords.sharedKey(
                    name,
                    wrapped: shared.second,
                    sealedBy: shopSeals
                ),
                try await MerchantRecords.agreement(
                    of: merchant,
                    comparison,
                    sealedBy: shopSeals
                ),
            ]
        )
    }

    /// The first writes of a new database.
    static func write(
        _ path: String,
        _ schema: RecordSchema,
        _ writes: [RecordWrite]
    ) async throws {
        let store = try SQLiteStore(path: path, schema: schema)
        let outcome = try await store.commit(Transition(writes: writes))
        await store.close()
        guard outcome == .committed else {
            throw CommandFailure("\(path) has data already. Choose an empty folder.")
        }
    }
}
