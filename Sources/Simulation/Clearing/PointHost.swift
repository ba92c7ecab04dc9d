// SPDX-License-Identifier: Apache-2.0

import Batches
import ConcentrationPoint
import Keys
import Records
import SecurityModule
import Synchronization
import Wire

/// The concentration point of a ``World``, between payment server and clearing house: its own store
/// and keys, on links that can fail.
package final class PointHost: Sendable {
    package let store = FaultyStore(MemoryStore())
    /// From the payment server.
    package let link: FaultyLink
    private let clearingHouse: FaultyLink
    private let door = Door(as: World.paymentServer)
    private let master = LocalMasterKey.make()
    private let fates: Fates
    private let running = Mutex<ConcentrationPoint?>(nil)

    /// Its name on its link to the clearing house.
    static let peer = "point.example"

    /// `clearingHouse`: the link on.
    init(_ clearingHouse: FaultyLink, _ fates: Fates) {
        self.clearingHouse = clearingHouse
        self.fates = fates
        link = FaultyLink(door)
        start(fates.life(.concentrationPoint))
    }

    /// Starts it anew from its store.
    package func start() { start(fates.begin(.concentrationPoint)) }

    private func start(_ life: Life) {
        let point = ConcentrationPoint(
            store: fates.store(store, .concentrationPoint, life),
            seals: RecordSealer(master, party: ConcentrationPoint.schema.party),
            checking: BatchKeys(),
            senders: [World.paymentServer: [WorldKeys.acquirerNumber]],
            clearingHouse: MortalLink(inner: clearingHouse, life: life)
        )
        running.withLock { $0 = point }
        door.open(to: point, life)
    }

    /// One round of what it does by itself.
    func round() async {
        let point = running.withLock { $0 }
        _ = try? await point?.forward()
        _ = try? await point?.refreshUpdates()
    }
}
