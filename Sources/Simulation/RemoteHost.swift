// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Keys
import PaymentServer
import Records
import SecurityCard
package import SecurityModule
import SessionKeys
import Synchronization
package import TerminalHost
package import Wire

/// A host of terminals in a ``World``, with one security card: its own store and keys, on a link
/// that can fail.
package final class RemoteHost: Sendable {
    package let name: String
    package let securityCard: SecurityCardIdentifier
    package let store = FaultyStore(MemoryStore())
    /// From the payment server to this host.
    package let link: FaultyLink
    private let door = Door(as: World.paymentServer)
    private let master = LocalMasterKey.make()
    private let keys: WorldKeys
    private let sealer: TerminalSealer
    private let running: Mutex<TerminalModule>

    /// Serials of security cards on other hosts begin behind those of the payment server's own.
    private static let firstSerial: UInt32 = 1001

    init(_ index: Int, _ keys: WorldKeys, _ random: SeededRandom) async throws(WorldFailure) {
        let name = "terminal-\(index + 1)"
        let serial = RemoteHost.firstSerial + UInt32(index)
        guard let sealer = TerminalSealer(sharing: random.bytes(SharedKey.keyBytes)) else {
            throw .noSuchName(name)
        }
        self.name = name
        self.keys = keys
        self.sealer = sealer
        securityCard = SecurityCardIdentifier(acquirer: 7, serial: serial)
        link = FaultyLink(door)
        let card = keys.securityCard(serial, master)
        do {
            let memory = try await card.personalize()
            let writes = [TerminalRecords.memory(memory)]
            _ = try await store.inner.commit(Transition(writes: writes))
        } catch {
            throw .conflict
        }
        running = Mutex(RemoteHost.module(name, card, store, sealer, master))
        start()
    }

    private static func module(
        _ name: String,
        _ card: SoftwareSecurityCard,
        _ store: FaultyStore,
        _ sealer: TerminalSealer,
        _ master: LocalMasterKey
    ) -> TerminalModule {
        TerminalModule(
            name: name,
            store: store,
            seals: RecordSealer(master, party: TerminalModule.schema.party),
            sealing: sealer,
            securityCards: [card]
        )
    }

    /// The host as it runs now.
    package var module: TerminalModule { running.withLock { $0 } }

    /// Nobody answers any more.
    package func stop() { door.open(to: nil) }

    /// Starts the host anew from its store.
    package func start() {
        let card = keys.securityCard(securityCard.serial, master)
        let next = RemoteHost.module(name, card, store, sealer, master)
        running.withLock { $0 = next }
        door.open(to: next)
    }

    /// Others answer for it, for instance over a socket.
    package func start(behind service: any LinkService) { door.open(to: service) }

    /// Its terminal, as the payment server sees it.
    func terminal() -> Terminal {
        let remote = RemoteSecurityCard(securityCard, at: name, link: link, sealing: sealer)
        return Terminal(name: "\(name)/1", remote: remote)
    }

    /// What the security card says of itself.
    package func description() async -> SecurityCardDescription? {
        let key = RecordKey(TerminalModule.memoryKind, securityCard.bytes)
        guard let record = try? await store.inner.read(key) else { return nil }
        let memory = SealedSecurityCard(
            identifier: securityCard,
            revision: record.revision,
            body: record.body
        )
        return try? await keys.securityCard(securityCard.serial, master).describe(memory)
    }

    package var audit: TerminalAudit {
        TerminalAudit(
            name: name,
            store: store.inner,
            seals: RecordSealer(master, party: TerminalModule.schema.party),
            securityCards: [keys.securityCard(securityCard.serial, master)]
        )
    }
}
