// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import Keys
import LoyaltyServer
import Merchant
import OPALServer
import PaymentServer
import Records
import RecordsSQLite
import Wire

/// Makes the demo's airline beside the parties that are there: a web server 208' with two loyalty
/// programmes, one whose points are on the card and one that keeps them in its database.
struct AirlineFounding {
    let folder: DataFolder
    let passphrase: String?
    /// Where S3 of the airline's transactions is compared; mixed payments are always compared by
    /// the payment server.
    var comparison = ComparisonPolicy.securityCard

    static let name = "Skylark Air"
    /// Airlines (ISO 18245).
    private static let category = "4511"
    private static let keysMax = 64

    /// As ``Founding/run()``: none or all of it.
    func run() async throws {
        let parties: [DataFolder.Party] = [.airline, .loyaltyServer]
        let present = parties.filter(folder.exists)
        if present.count == parties.count { return }
        guard present.isEmpty else {
            throw CommandFailure(
                "\(folder.path) holds an airline without a loyalty server, or the other way "
                    + "round. Restore the rest, or choose an empty folder."
            )
        }
        let workshop = DataFolder(folder.path + "/.founding")
        try? FileManager.default.removeItem(atPath: workshop.path)
        try workshop.make()
        try await make(in: workshop)
        for party in parties {
            try FileManager.default.moveItem(
                atPath: workshop.folder(party),
                toPath: folder.folder(party)
            )
        }
        try? FileManager.default.removeItem(atPath: workshop.path)
    }

    private func make(in workshop: DataFolder) async throws {
        guard let merchant = MerchantIdentifier(MerchantParty.airline) else {
            preconditionFailure("The names of the demo are names.")
        }
        try workshop.make(.airline)
        try workshop.make(.loyaltyServer)
        let airline = try KeyFile.create(at: workshop.keyFile(.airline), passphrase: passphrase)
        let loyalty = try KeyFile.create(
            at: workshop.keyFile(.loyaltyServer),
            passphrase: passphrase
        )
        let (keyName, wrapped) = try await introduce(merchant, airline)
        let seals = RecordSealer(airline, party: MerchantRecords.schema.party)
        try await Founding.write(
            workshop.database(.airline),
            MerchantRecords.schema,
            [
                try await MerchantRecords.sharedKey(keyName, wrapped: wrapped, sealedBy: seals),
                try await MerchantRecords.agreement(of: merchant, comparison, sealedBy: seals),
            ]
        )
        try await foundProgrammes(workshop, loyalty)
        try await tellIssuer(of: merchant)
    }

    /// Gives airline and acquirer their shared key. One that was left by a founding that broke off
    /// stays there, of no use to anybody.
    private func introduce(
        _ merchant: MerchantIdentifier,
        _ airline: LocalMasterKey
    ) async throws -> (name: String, wrapped: [UInt8]) {
        let acquirer = try KeyFile.read(at: folder.keyFile(.paymentServer), passphrase: passphrase)
        let store = try SQLiteStore(
            path: folder.database(.paymentServer),
            schema: PaymentModule.schema
        )
        let seals = RecordSealer(acquirer, party: PaymentModule.schema.party)
        let shared = try LocalMasterKey.makeShared(acquirer, airline)
        let agreement = try await store.read(
            RecordKey(AcquirerRecords.agreement, merchant.bytes)
        )
        for number in 1...Self.keysMax {
            let name = "k\(number)"
            let key = RecordKey(AcquirerRecords.merchantKey, merchant.bytes + Array(name.utf8))
            guard try await store.read(key) == nil else { continue }
            let writes = [
                try await AcquirerRecords.agreement(
                    of: merchant,
                    comparison,
                    over: agreement?.revision ?? 0,
                    sealedBy: seals
                ),
                try await AcquirerRecords.merchantKey(
                    name,
                    of: merchant,
                    wrapped: shared.first,
                    sealedBy: seals
                ),
            ]
            let outcome = try await store.commit(Transition(writes: writes))
            await store.close()
            guard outcome == .committed else { break }
            return (name, shared.second)
        }
        throw CommandFailure("The payment server's data cannot be changed now. Try again.")
    }

    /// The programmes at the loyalty server, with what they give.
    private func foundProgrammes(_ workshop: DataFolder, _ master: LocalMasterKey) async throws {
        let store = try SQLiteStore(
            path: workshop.database(.loyaltyServer),
            schema: LoyaltyParty.schema
        )
        let (module, benefits) = LoyaltyParty.modules(store, master, link: NoLink())
        let now = SystemClock.now()
        for programme in Self.programmes {
            try await module.create(programme, try Self.rule(), now: now)
        }
        for (benefit, stock) in try Self.benefits() {
            _ = try await benefits.put(benefit, stock: stock, now: now)
        }
        await store.close()
    }

    /// The programmes at the OPAL server, and what the airline sells.
    private func tellIssuer(of merchant: MerchantIdentifier) async throws {
        let master = try KeyFile.read(at: folder.keyFile(.opalServer), passphrase: passphrase)
        let schema = OPALServerRecords.schema
        let store = try SQLiteStore(path: folder.database(.opalServer), schema: schema)
        let seals = RecordSealer(master, party: schema.party)
        let directory = ProgrammeDirectory(store: store, seals: seals)
        for programme in Self.programmes {
            try await directory.put(.init(programme, peer: Role.airline.rawValue))
        }
        try await MerchantDirectory(store: store, seals: seals).set(
            MerchantCategory(Self.category),
            of: merchant,
            by: CardDesk.operatorName,
            now: SystemClock.now()
        )
        await store.close()
    }
}
