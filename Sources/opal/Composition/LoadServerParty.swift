// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import LoadSecurityModule
import LoadServer
import Records
import SecurityModule
import SessionKeys

/// The load server 862, composed: database, module 864 with the issuers' load keys, desk.
struct LoadServerParty {
    let store: PartyStore
    let desk: LoadDesk
    private let module: SoftwareLoadModule
    private let seals: RecordSealer
    private let lock: FolderLock

    init(_ folder: DataFolder, passphrase: String?) async throws {
        lock = try folder.lock(.loadServer)
        let master = try KeyFile.read(at: folder.keyFile(.loadServer), passphrase: passphrase)
        store = try PartyStore(folder, .loadServer, LoadServerRecords.schema)
        let seals = RecordSealer(master, party: LoadServerRecords.schema.party)
        let module = SoftwareLoadModule(master)
        for key in try await LoadServerRecords.issuerKeys(in: store, sealedBy: seals) {
            try Self.install(key, in: module)
        }
        self.module = module
        self.seals = seals
        let agreements = try await LoadServerRecords.agreements(in: store, sealedBy: seals)
        desk = LoadDesk(
            store: store,
            seals: seals,
            keys: LoadSealer(
                directory: try await Self.directory(store, master, seals),
                pseudonymKey: master.deriveBytes("OPAL load pseudonym")
            ),
            module: module,
            banks: Set(agreements.map(\.bank)),
            cardSidePeers: [Role.opalServer.rawValue],
            now: SystemClock.now
        )
    }

    /// Gives module 864 the key versions that were shared since the start.
    func tick() async {
        guard let keys = try? await LoadServerRecords.issuerKeys(in: store, sealedBy: seals)
        else { return }
        for key in keys { try? Self.install(key, in: module) }
    }

    /// Gives module 864 the load keys of an issuer.
    static func install(
        _ key: LoadServerRecords.IssuerKey,
        in module: SoftwareLoadModule
    ) throws {
        try module.install(
            key.wrapped,
            as: SoftwareLoadModule.KeyName(issuer: key.issuer, version: key.version)
        )
    }

    private static func directory(
        _ store: any RecordStore,
        _ master: LocalMasterKey,
        _ seals: RecordSealer
    ) async throws -> BankKeyDirectory {
        let directory = BankKeyDirectory()
        for key in try await LoadServerRecords.bankKeys(in: store, sealedBy: seals) {
            guard
                let shared = SharedKey(
                    name: key.name,
                    bytes: try master.unwrapBytes(key.wrapped)
                ),
                directory.add(shared, for: key.bank)
            else {
                throw CommandFailure("The key \(key.name) of a bank cannot be used.")
            }
        }
        return directory
    }
}
