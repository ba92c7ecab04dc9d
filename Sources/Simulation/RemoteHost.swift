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
    /// From the payment server, or from the concentrator, to this host.
    package let link: FaultyLink
    private let door = Door(as: World.paymentServer)
    private let party: Party
    private let fates: Fates
    private let master = LocalMasterKey.make()
    private let keys: WorldKeys
    let sealer: TerminalSealer
    private let random: SeededRandom
    private let running: Mutex<TerminalModule>

    /// Serials of security cards on other hosts begin behind those of the payment server's own.
    private static let firstSerial: UInt32 = 1001

    init(
        _ index: Int,
        _ keys: WorldKeys,
        _ fates: Fates,
        _ random: SeededRandom
    ) async throws(WorldFailure) {
        let name = "terminal-\(index + 1)"
        let serial = RemoteHost.firstSerial + UInt32(index)
        guard let sealer = TerminalSealer(sharing: random.bytes(SharedKey.keyBytes)) else {
            throw .noSuchName(name)
        }
        self.name = name
        self.keys = keys
        self.fates = fates
        self.random = random
        party = .terminal(index)
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
        let life = fates.life(party)
        let module = RemoteHost.module(
            name,
            card,
            fates.store(store, party, life),
            sealer,
            master
        )
        running = Mutex(module)
        door.open(to: module, life)
    }

    private static func module(
        _ name: String,
        _ card: SoftwareSecurityCard,
        _ store: any RecordStore,
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
    package func stop() { door.close() }

    /// Starts the host anew from its store.
    package func start() {
        let card = keys.securityCard(securityCard.serial, master)
        let life = fates.begin(party)
        let store = fates.store(store, party, life)
        let next = RemoteHost.module(name, card, store, sealer, master)
        running.withLock { $0 = next }
        door.open(to: next, life)
    }

    /// Others answer for it, for instance over a socket.
    package func start(behind service: any LinkService) {
        door.open(to: service, fates.life(party))
    }

    /// Its terminal, as one life of the payment server sees it, behind a concentrator or not.
    func terminal(as life: Life, behind concentrator: ConcentratorHost?) -> Terminal {
        let remote = RemoteSecurityCard(
            securityCard,
            at: name,
            link: MortalLink(inner: concentrator?.link ?? link, life: life),
            sealing: sealer,
            random: random
        )
        return Terminal(name: "\(name)/1", remote: remote)
    }

    /// What the security card says of itself.
    package func description() async -> SecurityCardDescription? {
        guard let record = try? await store.inner.read(memoryKey) else { return nil }
        return await describe(record)
    }

    var memoryKey: RecordKey { RecordKey(TerminalModule.memoryKind, securityCard.bytes) }

    /// What a security card with this memory says of itself.
    func describe(_ record: Record) async -> SecurityCardDescription? {
        let memory = SealedSecurityCard(
            identifier: securityCard,
            revision: record.revision,
            body: record.body
        )
        return try? await keys.securityCard(securityCard.serial, master).describe(memory)
    }

    /// An exchange as stored; nil where it does not open.
    func open(_ record: Record) async -> ExchangeRecord? {
        let seals = RecordSealer(master, party: TerminalModule.schema.party)
        let bytes = try? await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        return bytes.flatMap { try? ExchangeRecord($0) }
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
