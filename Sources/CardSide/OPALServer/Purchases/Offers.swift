// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
package import Wire

/// Order pages that came from a shop and wait for the person's consent. A page is posted from
/// another site, without the person's session; so it is kept here, sealed, and the browser is sent
/// to the consent page, which has it.
package struct Offers: Sendable {
    package static let kind = RecordKind("offer", keyBytes: 16...16)
    /// Unpaid offers are forgotten after this time; the order is too old by then.
    package static let keepTime = PurchaseLimits.orderTime + PurchaseLimits.clockSkew

    private let store: any RecordStore
    private let seals: any RecordSealing
    private let random: any RandomSource

    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        random: any RandomSource
    ) {
        self.store = store
        self.seals = seals
        self.random = random
    }

    /// Keeps a page.
    ///
    /// - Returns: the name under which the consent page finds it, hard to guess.
    package func keep(
        _ page: OrderPage,
        now: Instant
    ) async throws(OfferFailure) -> TransactionIdentifier {
        let name = TransactionIdentifier(at: now, random: random.pair())
        let key = RecordKey(Offers.kind, name.bytes)
        do {
            let body = try await seals.seal(page.bytes, name: key.sealName(), revision: 1)
            let write = RecordWrite.put(key, expectedRevision: 0, body: body)
            guard try await store.commit(Transition(writes: [write])) == .committed else {
                throw OfferFailure.unavailable
            }
            return name
        } catch {
            throw .unavailable
        }
    }

    /// The page with this name, or nil where there is none (any more).
    package func find(
        _ name: TransactionIdentifier
    ) async throws(OfferFailure) -> OrderPage? {
        let key = RecordKey(Offers.kind, name.bytes)
        let record: Record?
        do throws(StoreFailure) {
            record = try await store.read(key)
        } catch {
            throw .unavailable
        }
        guard let record else { return nil }
        do {
            return try OrderPage(
                bytes: try await seals.open(
                    record.body,
                    name: record.sealName,
                    revision: record.revision
                )
            )
        } catch {
            throw .unavailable
        }
    }

    /// Forgets what is too old, at most a page at a time.
    ///
    /// - Returns: how many offers were forgotten.
    @discardableResult
    package func forgetOld(now: Instant) async throws(StoreFailure) -> Int {
        let deadline = now.subtracting(Offers.keepTime).milliseconds
        var count = 0
        // Names begin with the time in milliseconds (6 bytes), so the oldest come first.
        for record in try await store.list(
            Offers.kind,
            after: nil,
            limit: RecordLimits.pageMax,
            order: .ascending
        ) {
            let madeAt = record.key.bytes.prefix(6).reduce(0) { $0 << 8 | Int64($1) }
            guard madeAt < deadline else { break }
            let write = RecordWrite.delete(record.key, expectedRevision: record.revision)
            if try await store.commit(Transition(writes: [write])) == .committed { count += 1 }
        }
        return count
    }
}

/// Why an offer cannot be kept or shown: the store or the module does not answer.
package enum OfferFailure: Error, Equatable, Sendable {
    case unavailable
}
