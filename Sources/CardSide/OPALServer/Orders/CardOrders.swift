// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
package import Kernel
package import Records
package import SecurityModule
import Wire

/// Cards that an issuer has made in bulk. Card, holder, mail with the one-time password and the
/// order's record become durable in one commit: after a kill an order is made or not, and the same
/// file again makes what is missing.
package struct CardOrders: Sendable {
    package enum Outcome: Equatable, Sendable {
        case made(CardIdentifier)
        /// It was made before.
        case known(CardIdentifier)
        case refused(CardOrderRefusal)
    }

    package enum Failure: Error {
        case cards(EmulatorFailure)
        case users(UserFailure)
        /// The limits that were ordered are not set; the same order again sets them.
        case limits(SettingRefusal)
    }

    /// In whose name limits are set.
    static let name = "card order"

    private let desk: CardDesk
    private let users: UserDirectory
    private let records: SealedRecords

    package init(
        desk: CardDesk,
        users: UserDirectory,
        store: any RecordStore,
        sealing: any RecordSealing
    ) {
        self.desk = desk
        self.users = users
        records = SealedRecords(store: store, sealing: sealing)
    }

    /// Makes a card as it was ordered. Asking again gives the same card.
    package func make(
        _ order: OrderedCard,
        for issuer: Issuer,
        at now: Instant
    ) async throws(Failure) -> Outcome {
        for _ in 0..<UserLimits.triesMax {
            if let known = try await known(order, issuer) { return known }
            if order.value ?? 0 > issuer.balanceMax { return .refused(.valueTooHigh) }
            let card = try await newCard(order, issuer, now)
            guard let holder = try await holderWrites(order, issuer, card.card, now) else {
                return .refused(.userTaken)
            }
            let record = CardOrderRecord(card: card.card, order: order)
            do throws(UserFailure) {
                let write = try await records.put(
                    CardOrderRecord.key(order.reference),
                    expectedRevision: 0,
                    record.bytes,
                    isOpen: !order.limits.isNone
                )
                let transition = Transition(
                    writes: card.writes + holder + [write],
                    history: card.history
                )
                guard try await records.commit(transition) else { continue }
            } catch {
                throw .users(error)
            }
            try await setLimits(of: record, issuer, revision: 1)
            return .made(card.card)
        }
        throw .users(.busy)
    }

    /// What was made under the reference; nil where nothing was.
    private func known(
        _ order: OrderedCard,
        _ issuer: Issuer
    ) async throws(Failure) -> Outcome? {
        let key = CardOrderRecord.key(order.reference)
        let opened: SealedRecords.Opened
        let record: CardOrderRecord
        do throws(UserFailure) {
            guard let found = try await records.read(key) else { return nil }
            opened = found
            record = try decoded(opened.body) { body throws(WireFailure) in
                try CardOrderRecord(body, key: key.bytes)
            }
        } catch {
            throw .users(error)
        }
        guard record.order == order, record.card.issuer == issuer.identifier else {
            return .refused(.referenceUsed)
        }
        try await setLimits(of: record, issuer, revision: opened.revision)
        return .known(record.card)
    }

    private func newCard(
        _ order: OrderedCard,
        _ issuer: Issuer,
        _ now: Instant
    ) async throws(Failure) -> CardDesk.NewCard {
        do throws(EmulatorFailure) {
            return try await desk.make(for: issuer, value: order.value, now: now)
        } catch {
            throw .cards(error)
        }
    }

    /// - Returns: nil where the user identifier is taken.
    private func holderWrites(
        _ order: OrderedCard,
        _ issuer: Issuer,
        _ card: CardIdentifier,
        _ now: Instant
    ) async throws(Failure) -> [RecordWrite]? {
        guard let holder = order.holder else { return [] }
        do throws(UserFailure) {
            return try await users.writes(
                ofHolder: holder.identifier,
                holder.email,
                of: card,
                from: issuer.name,
                at: now
            )
        } catch {
            throw .users(error)
        }
    }

    /// Sets what was ordered, once: revision 1 of the record is open until it is done.
    private func setLimits(
        of record: CardOrderRecord,
        _ issuer: Issuer,
        revision: UInt64
    ) async throws(Failure) {
        guard !record.order.limits.isNone, revision == 1 else { return }
        let ordered = record.order.limits
        var limits = SpendingLimits(currency: issuer.currency, exponent: issuer.exponent)
        limits.purchaseMax = ordered.purchase
        limits[.day].minorUnitsMax = ordered.day
        limits[.month].minorUnitsMax = ordered.month
        let set: Result<SpendingPolicy, SettingRefusal>
        do throws(EmulatorFailure) {
            set = try await desk.setLimits(limits, of: record.card, by: CardOrders.name)
        } catch {
            throw .cards(error)
        }
        if case .failure(let refusal) = set { throw .limits(refusal) }
        do throws(UserFailure) {
            let write = try await records.put(
                CardOrderRecord.key(record.order.reference),
                expectedRevision: revision,
                record.bytes
            )
            // Where somebody else was first, it is done.
            _ = try await records.commit(Transition(writes: [write]))
        } catch {
            throw .users(error)
        }
    }
}
