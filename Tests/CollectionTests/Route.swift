// SPDX-License-Identifier: Apache-2.0

import Batches
import ConcentrationPoint
import Kernel
import Keys
import PaymentServer
import Records
import SecurityModule
import Simulation
import Synchronization
import Wire

/// The way of batches: a payment server's store, concentration point, and the played clearing
/// house, with links that can fail.
final class Route: Sendable {
    static let paymentServer = "payment-server"

    let paymentStore: any RecordStore
    let pointStore: any RecordStore
    let paymentSeals = RecordSealer(LocalMasterKey.make(), party: "payment_server")
    let pointSeals = RecordSealer(LocalMasterKey.make(), party: "concentration_point")
    let clearingHouse = PlayedClearingHouse()
    /// From the payment server to the concentration point.
    let link: FaultyLink
    /// From there to the clearing house.
    let onward: FaultyLink
    private let door = Entrance()
    private let alarms = Mutex<[BatchAlarm]>([])

    /// What answers at the concentration point now.
    private final class Entrance: LinkService {
        let service = Mutex<(any LinkService)?>(nil)

        func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
            guard let service = service.withLock({ $0 }) else {
                return CollectionMessage.unavailable.bytes
            }
            return await service.answer(request, from: peer)
        }
    }

    init(
        paymentStore: any RecordStore = MemoryStore(),
        pointStore: any RecordStore = MemoryStore()
    ) {
        self.paymentStore = paymentStore
        self.pointStore = pointStore
        link = FaultyLink(DirectLink(to: door, as: Route.paymentServer))
        onward = FaultyLink(DirectLink(to: clearingHouse, as: "concentration-point"))
    }

    var told: [BatchAlarm] { alarms.withLock { $0 } }

    /// Starts a concentration point on its store, or on one in front of it.
    @discardableResult
    func start(on store: (any RecordStore)? = nil) -> ConcentrationPoint {
        let point = ConcentrationPoint(
            store: store ?? pointStore,
            seals: pointSeals,
            checking: BatchKeys(),
            senders: [Route.paymentServer: [acquirer], "other": [acquirer + 1]],
            clearingHouse: onward,
            alarm: { alarm in self.alarms.withLock { $0.append(alarm) } }
        )
        door.service.withLock { $0 = point }
        return point
    }

    func keep(_ batch: Batch) async throws {
        try await batch.keep(in: paymentStore, paymentSeals)
    }

    /// The sender of a payment server that was just started.
    func sender(on store: (any RecordStore)? = nil) -> BatchSender {
        let store = store ?? paymentStore
        return BatchSender(
            store: store,
            seals: paymentSeals,
            contents: CollectedSales(store: store, seals: paymentSeals),
            link: link,
            alarm: { alarm in self.alarms.withLock { $0.append(alarm) } }
        )
    }

    /// Lets all rounds run, each party started anew, until nothing is open at the payment server.
    ///
    /// - Returns: false where something stays.
    func settle(rounds: Int = 6) async throws -> Bool {
        link.plan.clear()
        onward.plan.clear()
        for _ in 0..<rounds {
            let point = start()
            try await sender().run()
            try await point.forward()
            try await sender().run()
            if try await open.isEmpty { return true }
        }
        return false
    }

    /// The batches that are open at the payment server.
    var open: [BatchName] {
        get async throws {
            var names: [BatchName] = []
            for record in try await paymentStore.listOpen(
                BatchRecord.kind,
                after: nil,
                limit: 100
            ) {
                names.append(try await BatchRecord.open(record, sealedBy: paymentSeals).batch.name)
            }
            return names
        }
    }

    /// Asks the concentration point as the payment server, or as somebody else.
    func ask(
        _ message: CollectionMessage,
        as peer: String = Route.paymentServer
    ) async throws -> CollectionMessage {
        try CollectionMessage(await door.answer(message.bytes, from: peer))
    }

    /// Whether the clearing house has exactly these batches, each once and whole, and the
    /// concentration point has nothing left to send.
    func hasCleared(_ batches: [Batch]) async throws -> Bool {
        let now = clearingHouse.now
        let isThere = batches.allSatisfy {
            now.acknowledged.contains($0.name) && now.sales[$0.name] == $0.sales
        }
        let parts = try await pointStore.count(RecordKind("part", keyBytes: 20...20))
        let open = try await pointStore.listOpen(BatchRecord.kind, after: nil, limit: 1)
        return isThere && now.sales.count == batches.count && parts == 0 && open.isEmpty
    }
}
