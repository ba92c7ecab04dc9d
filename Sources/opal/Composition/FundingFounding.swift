// SPDX-License-Identifier: Apache-2.0

import Bank
import CardEmulator
import Foundation
import HSM
import Kernel
import Keys
import LoadServer
import OPALServer
import Records
import RecordsSQLite
import SecurityModule
import Sites
import Wire

/// Makes the demo's funding side beside the parties that are there: a load server with the load
/// keys of the issuers, and a bank with their funds pools and the customer `demo`.
struct FundingFounding {
    let folder: DataFolder
    let passphrase: String?

    static let customer = "demo"
    private static let account = "DEMO-0001"
    /// 500.00 in the demo's currency.
    private static let deposit: UInt64 = 500_00
    private static let keyName = "k1"

    /// As ``Founding/run()``: none or all of it.
    func run() async throws {
        let parties: [DataFolder.Party] = [.loadServer, .bank]
        let present = parties.filter(folder.exists)
        if present.count == parties.count { return }
        guard present.isEmpty else {
            throw CommandFailure(
                "\(folder.path) holds a bank without a load server, or the other way round. "
                    + "Restore the rest, or choose an empty folder."
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
        var masters: [LocalMasterKey] = []
        for party in [DataFolder.Party.loadServer, .bank] {
            try workshop.make(party)
            masters.append(
                try KeyFile.create(at: workshop.keyFile(party), passphrase: passphrase)
            )
        }
        let (loadServer, bank) = (masters[0], masters[1])
        let shared = try LocalMasterKey.makeShared(loadServer, bank)
        let side = try await issuers(sharedWith: loadServer)
        let seals = RecordSealer(loadServer, party: LoadServerRecords.schema.party)
        var writes = [
            try await LoadServerRecords.write(
                LoadServerRecords.Agreement(bank: BankParty.identifier, name: BankParty.name),
                sealedBy: seals
            ),
            try await LoadServerRecords.write(
                LoadServerRecords.BankKey(
                    bank: BankParty.identifier,
                    name: Self.keyName,
                    wrapped: shared.first
                ),
                sealedBy: seals
            ),
        ]
        for key in side.keys {
            writes.append(try await LoadServerRecords.write(key, sealedBy: seals))
        }
        try await Founding.write(
            workshop.database(.loadServer),
            LoadServerRecords.schema,
            writes
        )
        let bankSeals = RecordSealer(bank, party: BankParty.schema.party)
        try await Founding.write(
            workshop.database(.bank),
            BankParty.schema,
            [
                try await BankRecords.sharedKey(
                    Self.keyName,
                    wrapped: shared.second,
                    sealedBy: bankSeals
                )
            ]
        )
        try await open(workshop, for: side.issuers)
    }

    /// The issuers of the OPAL server in this data folder, and their load keys, wrapped for the
    /// load server.
    private func issuers(
        sharedWith loadServer: LocalMasterKey
    ) async throws -> (issuers: [Issuer], keys: [LoadServerRecords.IssuerKey]) {
        let master = try KeyFile.read(at: folder.keyFile(.opalServer), passphrase: passphrase)
        let schema = OPALServerRecords.schema
        let store = try SQLiteStore(readingAt: folder.database(.opalServer), schema: schema)
        let seals = RecordSealer(master, party: schema.party)
        let module = SoftwareModule(master)
        let desk = CardDesk(
            store: store,
            module: module,
            loads: module,
            seals: seals,
            random: SystemRandom(),
            now: SystemClock.now
        )
        var records: [Record] = []
        try await store.forEach(Issuer.keyKind) { records.append($0) }
        var keys: [LoadServerRecords.IssuerKey] = []
        for record in records {
            let issuer = try await IssuerKeys.open(record, sealedBy: seals)
            keys.append(
                LoadServerRecords.IssuerKey(
                    issuer: issuer.issuer,
                    version: issuer.version,
                    wrapped: try module.exportLoadKeys(issuer.wrapped, to: loadServer)
                )
            )
        }
        let issuers = try await desk.issuers()
        await store.close()
        return (issuers, keys)
    }

    /// Opens the funds pools, and the account of the demo customer.
    private func open(_ workshop: DataFolder, for issuers: [Issuer]) async throws {
        let party = try await BankParty(
            workshop,
            passphrase: passphrase,
            loadServer: Role.loadServer.rawValue,
            link: NoLink(),
            origin: "http://localhost"
        )
        let now = SystemClock.now()
        for issuer in issuers {
            try await party.bank.openPool(
                of: issuer.identifier,
                issuer.currency,
                issuer.exponent,
                now: now
            )
        }
        guard let name = SignInName(Self.customer), let number = AccountNumber(Self.account)
        else { preconditionFailure("The names of the demo are names.") }
        try await party.bank.openAccount(number, owner: name.text, .euro, .cents, now: now)
        try await party.bank.deposit(Self.deposit, into: number, now: now)
        let password = ReadablePassword.make()
        guard try await party.customers.signIn.make(name, password: password) else {
            preconditionFailure("A new bank has no customers.")
        }
        try await party.customers.give(number, to: name)
        await party.store.close()
        try folder.write(secret: password, to: folder.bankPassword)
    }
}
