// SPDX-License-Identifier: Apache-2.0

import Batches
import Kernel
import Keys
import Records
import SecurityCard
import SecurityModule
import SessionKeys
import TerminalHost

/// A host of terminals, composed: its security cards with the issuers' keys, and their memories.
struct TerminalHostParty {
    let store: PartyStore
    let module: TerminalModule
    private let securityCards: SecurityCardRack
    private let seals: RecordSealer
    private let lock: FolderLock

    init(_ folder: DataFolder, passphrase: String?) async throws {
        guard folder.exists(.terminal) else {
            throw CommandFailure(
                "\(folder.folder(.terminal)) holds no terminal. Make one with "
                    + "`opal terminal create` where the payment server is."
            )
        }
        lock = try folder.lock(.terminal)
        let master = try KeyFile.read(at: folder.keyFile(.terminal), passphrase: passphrase)
        store = try PartyStore(folder, .terminal, TerminalModule.schema)
        let seals = RecordSealer(master, party: TerminalModule.schema.party)
        let host = try await TerminalRecords.host(in: store, sealedBy: seals)
        guard let sealer = TerminalSealer(sharing: try master.unwrapBytes(host.wrappedKey)) else {
            throw CommandFailure("The key of \(host.name) cannot be used.")
        }
        let cards = try await Self.securityCards(in: store, master, seals)
        let securityCards = SecurityCardRack()
        if let newest = try await BatchKeyRecord.newest(in: store, sealedBy: seals) {
            try securityCards.install(newest)
        }
        for card in cards { try securityCards.add(card) }
        self.securityCards = securityCards
        self.seals = seals
        for card in cards {
            let key = RecordKey(TerminalModule.memoryKind, card.identifier.bytes)
            guard let record = try await store.read(key) else { continue }
            _ = try await card.describe(
                SealedSecurityCard(
                    identifier: card.identifier,
                    revision: record.revision,
                    body: record.body
                )
            )
        }
        module = TerminalModule(
            name: host.name,
            store: store,
            seals: seals,
            sealing: sealer,
            securityCards: cards
        )
    }

    /// Gives the security cards what was shared since the start: key versions of issuers, and KB.
    ///
    /// `problems`: told of what keeps them from it.
    func tick(_ problems: ProblemLog) async {
        let found = await securityCards.follow(
            batchKey: { try await BatchKeyRecord.newest(in: store, sealedBy: seals) },
            purchaseKeys: {
                try await TerminalRecords.issuerKeys(in: store, sealedBy: seals)
                    .map { ($0.wrapped, $0.issuer, $0.version) }
            }
        )
        problems.tell(found, of: "keys")
    }

    /// The security cards whose memories are in a store, with the issuers' keys.
    static func securityCards(
        in store: any RecordStore,
        _ master: LocalMasterKey,
        _ seals: RecordSealer
    ) async throws -> [SoftwareSecurityCard] {
        let keys = try await TerminalRecords.issuerKeys(in: store, sealedBy: seals)
        return try await TerminalRecords.securityCards(in: store).map { identifier in
            let card = SoftwareSecurityCard(identifier, master: master)
            for key in keys {
                try card.install(
                    purchaseKey: key.wrapped,
                    as: SoftwareSecurityCard.KeyName(issuer: key.issuer, version: key.version)
                )
            }
            return card
        }
    }
}
