// SPDX-License-Identifier: Apache-2.0

import HSM
import Kernel
import Keys
import LoadSecurityModule
package import LoadServer
import SecurityModule
import SessionKeys
import Synchronization

/// The load server of a ``World``, with its module 864: its own store and keys, on links that can
/// fail.
package final class LoadServerHost: Sendable {
    package let store: FaultyStore
    /// From the OPAL server.
    package let link: FaultyLink
    /// From the bank.
    package let bankLink: FaultyLink
    private let door = Door(as: World.opalServerName)
    private let bankDoor = Door(as: "bank")
    private let master = LocalMasterKey.make()
    private let directory = BankKeyDirectory()
    private let keys: LoadSealer
    private let module: SoftwareLoadModule
    private let fates: Fates
    private let running: Mutex<LoadDesk?> = Mutex(nil)

    /// Its name in the directories of OPAL servers.
    static let name = "loads.example"

    init(
        _ store: FaultyStore,
        _ worldKeys: WorldKeys,
        _ fates: Fates,
        _ random: SeededRandom
    ) throws(WorldFailure) {
        self.store = store
        self.fates = fates
        link = FaultyLink(door)
        bankLink = FaultyLink(bankDoor)
        keys = LoadSealer(
            directory: directory,
            pseudonymKey: random.bytes(LoadSealer.pseudonymKeyBytes)
        )
        module = try worldKeys.loadModule(master)
        start(fates.life(.loadServer))
    }

    /// The load server as it runs now.
    package var desk: LoadDesk {
        guard let desk = running.withLock({ $0 }) else {
            preconditionFailure("It runs from the beginning.")
        }
        return desk
    }

    /// Starts it anew from its store.
    package func start() {
        start(fates.begin(.loadServer))
    }

    private func start(_ life: Life) {
        let fates = fates
        let desk = LoadDesk(
            store: fates.store(store, .loadServer, life),
            seals: RecordSealer(master, party: "load_server"),
            keys: keys,
            module: module,
            banks: [BankHost.identifier],
            cardSidePeers: [World.opalServerName],
            now: { fates.now(of: .loadServer) }
        )
        running.withLock { $0 = desk }
        door.open(to: desk, life)
        bankDoor.open(to: desk, life)
    }

    /// Nobody answers any more.
    package func stop() {
        door.close()
        bankDoor.close()
    }

    /// Shares a key with a bank.
    func share(_ key: SharedKey, with bank: BankIdentifier) -> Bool {
        directory.add(key, for: bank)
    }

    package var audit: LoadAudit {
        LoadAudit(
            store: store.inner,
            seals: RecordSealer(master, party: "load_server"),
            module: module
        )
    }
}
