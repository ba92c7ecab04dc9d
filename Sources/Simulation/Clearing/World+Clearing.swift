// SPDX-License-Identifier: Apache-2.0

import Batches
import Kernel
import Keys
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Synchronization
import Wire

/// Who takes the batches of a ``World``.
package struct ClearingParties: Sendable {
    package let house: ClearingHost
    package let point: PointHost
}

// What the parties do for clearing.
extension World {
    static func clearing(
        _ plan: WorldPlan,
        _ keys: WorldKeys,
        _ issuer: Issuer,
        _ shops: [Shop],
        _ fates: Fates
    ) async throws(WorldFailure) -> ClearingParties? {
        guard let terms = plan.clearing else { return nil }
        let house = try await ClearingHost(
            keys,
            issuer.identifier,
            shops.map(\.merchant),
            terms,
            fates
        )
        return ClearingParties(house: house, point: PointHost(house.link, fates))
    }

    /// The issuer's terms are on record at the OPAL server: refunds ask for them.
    func enterIssuer() async throws(WorldFailure) {
        guard clearing != nil else { return }
        do {
            let write = try await CardDesk.write(issuer, sealedBy: Cardholders.seals(keys))
            _ = try await opalStore.inner.commit(Transition(writes: [write]))
        } catch {
            throw .conflict
        }
    }

    /// The acquirer's key of refunds.
    var refundKey: RefundSigner {
        RefundSigner(WorldKeys.acquirerNumber, master: CMACKey(keys.batchMaster))
    }

    /// From the payment server as it runs now to the concentration point.
    var collectionLink: MortalLink? {
        clearing.map { MortalLink(inner: $0.point.link, life: fates.life(.paymentServer)) }
    }

    /// One round of what the payment server does for collection by itself.
    ///
    /// `closesAll`: whether each batch with a sale is closed; else those that are due.
    func collect(closesAll: Bool) async {
        guard let link = collectionLink, let plan = clearing?.house.plan else { return }
        let (payments, updates) = running.withLock { ($0.payments, $0.updates) }
        await payments.closeBatches(
            closesAll ? .byOrder : BatchPolicy(count: plan.batchCount, age: plan.batchAge)
        )
        _ = try? await payments.batchSender(over: link) { _ in }.run()
        _ = try? await payments.sendRefunds(over: link, signedBy: refundKey)
        _ = try? await updates?.refresh(over: link)
    }

    /// What the clearing house has told, as one life of the payment server sees it; nil where there
    /// is no clearing house.
    static func updates(
        _ keys: WorldKeys,
        _ store: FaultyStore,
        _ clearing: ClearingParties?,
        _ fates: Fates
    ) async -> SchemeUpdates? {
        guard clearing != nil else { return nil }
        let updates = SchemeUpdates(
            store: fates.store(store, .paymentServer, fates.life(.paymentServer)),
            seals: RecordSealer(keys.acquirer, party: PaymentModule.schema.party)
        )
        // One that cannot be read now is asked for anew.
        _ = try? await updates.load()
        return updates
    }

    /// Whether each sale is cleared or set aside, each refund has its end, and what was paid out is
    /// on a statement.
    ///
    /// `ledger`: as it was read the last time.
    func isClearingQuiet(_ ledger: inout Ledger) async -> Bool {
        guard let clearing else { return true }
        let links = [clearing.point.link, clearing.house.link, clearing.house.issuerLink]
        guard links.allSatisfy(\.isIdle) else { return false }
        let payments: [RecordKind] = [BatchRecord.kind, RefundRecords.kind]
        do throws(StoreFailure) {
            guard try await isEach(payments, closedIn: paymentStore),
                try await isEach([BatchRecord.kind], closedIn: clearing.house.store)
            else { return false }
            for shop in shops
            where try await !isEach([MerchantRecords.refund], closedIn: shop.store) {
                return false
            }
        } catch {
            return false
        }
        await ledger.read(self, of: Set(parties))
        let places = Set(ledger.clearing.lines.values.map(\.sale.transaction))
        let isCollected = ledger.sales.values.allSatisfy { sale in
            sale.state != .sold || sale.draw.type != .purchase
                || places.contains(sale.transaction)
        }
        return isCollected && ledger.clearing.isQuiet
    }

    /// The links of clearing, with who is at their ends.
    var clearingRoutes: [Route] {
        guard let clearing else { return [] }
        let (point, house) = (clearing.point, clearing.house)
        return [
            Route(caller: .paymentServer, callee: .concentrationPoint, link: point.link),
            Route(caller: .concentrationPoint, callee: .clearingHouse, link: house.link),
            Route(caller: .clearingHouse, callee: .opalServer, link: house.issuerLink),
        ]
    }

    /// The stores of clearing, with whose they are; the OPAL server has a second one.
    var clearingStores: [(party: Party, store: FaultyStore)] {
        guard let clearing else { return [] }
        return [
            (.concentrationPoint, clearing.point.store), (.clearingHouse, clearing.house.store),
            (.opalServer, clearing.house.float),
        ]
    }

    private func isEach(
        _ kinds: [RecordKind],
        closedIn store: FaultyStore
    ) async throws(StoreFailure) -> Bool {
        for kind in kinds {
            let open = try await store.inner.listOpen(kind, after: nil, limit: 1)
            if !open.isEmpty { return false }
        }
        return true
    }
}
