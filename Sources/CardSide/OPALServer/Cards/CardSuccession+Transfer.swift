// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Kernel
import Records
import SecurityModule
import Wire

/// What moves from one card to another, not yet durable: the changes of both, in their order.
struct CardTransfer {
    /// A card as stored, or of revision 0 where it is not, and what has become of it.
    struct Side {
        let base: SealedCard
        var changes: [CardChange] = []

        var card: SealedCard { changes.last?.card ?? base }
    }

    var old: Side
    var new: Side
    let now: Instant
    /// Points that moved, by programme.
    var points: [Money] = []
    /// Member's numbers that moved.
    var memberships: [Membership] = []

    init(from old: SealedCard, to new: SealedCard, at now: Instant) {
        self.old = Side(base: old)
        self.new = Side(base: new)
        self.now = now
    }
}

extension CardSuccession {
    // MARK: Value

    /// Empties one card and loads the other; nothing where there is nothing to move.
    ///
    /// `day`: until when points can be spent.
    func move(
        _ amount: Money,
        until day: CardDate? = nil,
        _ transfer: inout CardTransfer
    ) async throws(SuccessionRefusal) {
        if amount.minorUnits == 0 { return }
        let (old, new, now) = (transfer.old.card, transfer.new.card, transfer.now)
        let transaction = TransactionIdentifier(at: now, random: random.pair())
        func context(_ note: String) -> CardContext {
            CardContext(random: random.integer(), now: now, note: note)
        }
        let emptied = try await attempt {
            try await module.moveOut(
                amount,
                of: old,
                to: new.card,
                transaction: transaction,
                context: context("To card \(new.card.masked)")
            )
        }
        guard case .moved(let out) = emptied else { throw .unavailable }
        let loaded = try await attempt {
            try await loading.load(
                amount,
                onto: new,
                from: day.map { .points(of: amount.currency, until: $0) }
                    ?? .move(within: old.card.issuer),
                transaction,
                context: context("From your expired card \(old.card.masked)")
            )
        }
        transfer.old.changes.append(out)
        transfer.new.changes.append(loaded)
    }

    // MARK: Points

    /// Whether a card has points that could move.
    func hasPoints(_ card: SealedCard) async throws(SuccessionRefusal) -> Bool {
        let description = try await attempt { try await module.describe(card) }
        return description.points.contains { $0.total > 0 }
    }

    /// Takes out what has expired, enters the member's numbers on the new card, and moves the
    /// points there, each day for itself. What finds no room stays.
    func movePoints(_ transfer: inout CardTransfer) async throws(SuccessionRefusal) {
        try await expire(&transfer.old, at: transfer.now)
        try await expire(&transfer.new, at: transfer.now)
        let old = try await attempt { try await module.describe(transfer.old.card) }
        for membership in old.memberships {
            guard try await enter(membership, as: old, &transfer) else { continue }
            guard let (purse, points) = old.points(of: membership.programme) else { continue }
            var moved: UInt64 = 0
            for tranche in points.all {
                // Of one day nothing moves, or what of it finds room: later days come after it, so
                // that what expires first is taken first.
                let part = try await room(for: tranche, in: purse.balance, transfer.new.card)
                try await move(Self.part(of: purse.balance, part), until: tranche.expiry, &transfer)
                moved += part
                if part < tranche.minorUnits { break }
            }
            if moved > 0 { transfer.points.append(Self.part(of: purse.balance, moved)) }
        }
    }

    private func expire(
        _ side: inout CardTransfer.Side,
        at now: Instant
    ) async throws(SuccessionRefusal) {
        let context = CardContext(random: 0, now: now, note: "")
        while let change = try await attempt({
            try await module.expire(side.card, context: context)
        }) {
            side.changes.append(change)
        }
    }

    /// - Returns: whether the new card has this number now.
    private func enter(
        _ membership: Membership,
        as old: CardDescription,
        _ transfer: inout CardTransfer
    ) async throws(SuccessionRefusal) -> Bool {
        let new = try await attempt { try await module.describe(transfer.new.card) }
        let purse = old.points(of: membership.programme)?.purse
        let hasPurse = purse == nil || new.points(of: membership.programme) != nil
        if new.memberships.contains(membership), hasPurse { return true }
        let card = transfer.new.card
        let made = try await attempt {
            try await module.set(
                .membership(
                    membership,
                    purse?.balance.exponent ?? .units,
                    balanceMax: purse?.balanceMax
                ),
                by: CardSuccession.name,
                on: card,
                context: CardContext(random: 0, now: transfer.now, note: "")
            )
        }
        guard case .success(let change) = made else { return false }
        transfer.new.changes.append(change)
        transfer.memberships.append(membership)
        return true
    }

    /// In whose name the numbers are entered on the new card.
    private static let name = "renewal"

    /// How much of a tranche the new card takes.
    private func room(
        for tranche: PointsTranche,
        in unit: Money,
        _ card: SealedCard
    ) async throws(SuccessionRefusal) -> UInt64 {
        let new = try await attempt { try await module.describe(card) }
        guard let (purse, points) = new.points(of: unit.currency),
            purse.balance.isComparable(to: unit), points.hasRoom(for: tranche.expiry)
        else { return 0 }
        let balance = purse.balance.minorUnits
        return min(tranche.minorUnits, max(purse.balanceMax, balance) - balance)
    }

    // MARK: One transition

    /// Makes one revision of each card, and points the members' records to the new one.
    func finish(
        _ transfer: CardTransfer,
        _ step: inout Step
    ) async throws(SuccessionRefusal) {
        step.renewal.points = transfer.points
        for side in [transfer.old, transfer.new] {
            if side.changes.isEmpty, side.base.revision > 0 { continue }
            let last = try await attempt {
                try await module.join(side.changes, after: side.base)
            }
            step.add(side.changes, ending: last, after: side.base.revision)
        }
        for membership in transfer.memberships {
            let key = MemberRecord.key(membership)
            let found = try await attempt { try await users.records.read(key) }
            guard let found, var member = try? MemberRecord(found.body),
                member.card == transfer.old.base.card
            else { continue }
            member.card = transfer.new.base.card
            let bytes = member.bytes
            let write = try await attempt {
                try await users.records.put(key, expectedRevision: found.revision, bytes)
            }
            step.transition.writes.append(write)
        }
    }
}
