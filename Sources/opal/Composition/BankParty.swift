// SPDX-License-Identifier: Apache-2.0

import Bank
import Kernel
import Keys
import Records
import SecurityModule
import SessionKeys
import Sites
import Synchronization
import Wire

/// The bank server 860 of the demo bank, composed: accounts, loads, and the customers of its site.
struct BankParty {
    let store: PartyStore
    let bank: BankModule
    let customers: BankCustomers
    private let lock: FolderLock
    private let rounds = HoldRounds()

    static let name = "Harbour Bank"
    static let identifier = BankIdentifier(bits: 0x4841_5242_4F55_5201)
    /// 5.00 in the demo's currency.
    static let minimumLoad: UInt64 = 5_00

    /// The bank's records and those of its site.
    static let schema = RecordSchema(
        party: BankRecords.schema.party,
        version: BankRecords.schema.version,
        kinds: BankRecords.schema.kinds + BankCustomers.kinds
    )

    /// `loadServer`: its name in the directories of OPAL servers.
    /// `origin`: how people reach the bank's site.
    init(
        _ folder: DataFolder,
        passphrase: String?,
        loadServer: String,
        link: any Link,
        origin: String
    ) async throws {
        lock = try folder.lock(.bank)
        let master = try KeyFile.read(at: folder.keyFile(.bank), passphrase: passphrase)
        store = try PartyStore(folder, .bank, Self.schema)
        let seals = RecordSealer(master, party: Self.schema.party)
        bank = try await Self.module(
            store,
            master,
            seals,
            loadServer: loadServer,
            link: link,
            origin: origin
        )
        customers = BankCustomers(
            store: store,
            seals: seals,
            passwords: PasswordKeeper(master),
            random: SystemRandom(),
            uptime: SystemClock.uptime
        )
    }

    /// The bank module on a store.
    static func module(
        _ store: any RecordStore,
        _ master: LocalMasterKey,
        _ seals: RecordSealer,
        loadServer: String,
        link: any Link,
        origin: String
    ) async throws -> BankModule {
        var keys: [SharedKey] = []
        for key in try await BankRecords.sharedKeys(in: store, sealedBy: seals) {
            guard
                let shared = SharedKey(
                    name: key.name,
                    bytes: try master.unwrapBytes(key.wrapped)
                )
            else { throw CommandFailure("The key \(key.name) of the bank cannot be used.") }
            keys.append(shared)
        }
        guard let current = keys.popLast() else {
            throw CommandFailure("The bank has no key. Make its folder anew.")
        }
        guard
            let profile = BankModule.Profile(
                bank: identifier,
                name: name,
                loadServer: loadServer,
                resultURL: origin + BankSiteSettings.resultPath,
                informationURL: origin + BankSiteSettings.informationPath,
                minimumLoad: minimumLoad
            )
        else { throw CommandFailure("bank.origin or loadServer.name cannot be used.") }
        return BankModule(
            profile,
            sealing: LoadOrderSealer(bank: identifier, current: current, older: keys),
            recordSealing: seals,
            store: store,
            link: link,
            random: SystemRandom()
        )
    }

    /// Goes on where the last round ended, so that many open loads are all asked about.
    func tick() async {
        let last = rounds.last
        let round = try? await bank.settleOpen(now: SystemClock.now(), after: last)
        rounds.last = round?.next
        _ = try? await bank.forgetOldInquiries(now: SystemClock.now())
    }
}

/// Where the last round of questions ended.
private final class HoldRounds: Sendable {
    private let value = Mutex<TransactionIdentifier?>(nil)

    var last: TransactionIdentifier? {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}
