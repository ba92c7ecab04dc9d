// SPDX-License-Identifier: Apache-2.0

import Kernel
import Keys
import PaymentServer
import Records
import RecordsSQLite
import SecurityCard
import SecurityModule
import SessionKeys

/// The payment server 206, composed: database 223, terminals with their security cards, payment
/// module.
struct PaymentServerParty {
    let store: SQLiteStore
    let terminals: TerminalInterface
    let module: PaymentModule
    private let lock: FolderLock

    /// The acquirer of the demo scheme.
    static let acquirer: UInt32 = 0x0000_0001

    /// - Parameter count: how many terminals stand in the pool.
    init(_ folder: DataFolder, passphrase: String?, terminals count: Int) async throws {
        lock = try folder.lock(.paymentServer)
        let master = try KeyFile.read(
            at: folder.keyFile(.paymentServer),
            passphrase: passphrase
        )
        store = try SQLiteStore(
            path: folder.database(.paymentServer),
            schema: PaymentModule.schema
        )
        let seals = RecordSealer(master, party: PaymentModule.schema.party)
        let issuerKeys = try await AcquirerRecords.issuerKeys(in: store)
        var pool: [Terminal] = []
        for serial in 1...UInt32(count) {
            let card = SoftwareSecurityCard(
                SecurityCardIdentifier(acquirer: Self.acquirer, serial: serial),
                master: master
            )
            for key in issuerKeys {
                try card.install(
                    purchaseKey: key.wrapped,
                    as: SoftwareSecurityCard.KeyName(issuer: key.issuer, version: key.version)
                )
            }
            pool.append(
                try await Terminal.start(
                    name: "terminal-\(serial)",
                    securityCard: card,
                    store: store
                )
            )
        }
        terminals = TerminalInterface(pool)
        module = PaymentModule(
            store: store,
            seals: seals,
            keys: SaleSealer(
                directory: try await Self.directory(store, master),
                pseudonymKey: master.deriveBytes("OPAL pseudonym")
            ),
            terminals: terminals,
            agreements: try await AcquirerRecords.agreements(in: store, sealedBy: seals),
            now: SystemClock.now
        )
    }

    private static func directory(
        _ store: any RecordStore,
        _ master: LocalMasterKey
    ) async throws -> SharedKeyDirectory {
        let directory = SharedKeyDirectory()
        for key in try await AcquirerRecords.merchantKeys(in: store) {
            guard
                let shared = SharedKey(
                    name: key.name,
                    bytes: try master.unwrapBytes(key.wrapped)
                ),
                directory.add(shared, for: key.merchant)
            else {
                throw CommandFailure(
                    "The key \(key.name) of merchant \(key.merchant.text) cannot be used."
                )
            }
        }
        return directory
    }

    func tick() async {
        await module.giveUpLateSales()
    }
}
