// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
package import Kernel
import Records
package import SecurityModule
import Wire

/// Gives a card that is due (``CardDesk/renewal(of:at:)``) a successor and moves its value there:
/// the old card is emptied and the new one loaded with the same amount in one commit, so that the
/// value is on one of them at any time (`docs/decisions/0019`). A step of the holder or of the
/// operator. The successor has the limits of the old card from its first moment, and is frozen
/// where that one was.
///
/// Points move along with the days on which they expire, and with the member's numbers; what has
/// expired is taken out before.
///
/// Safe to be called again: the card keeps its one successor, and what was put back on the old card
/// in the meantime moves as well.
package struct CardSuccession: Sendable {
    /// How a card was renewed.
    package struct Renewal: Equatable, Sendable {
        package let successor: CardIdentifier
        /// What moved just now.
        package let moved: Money
        /// The points that moved just now, by programme.
        package var points: [Money] = []
        /// Whether the successor has the old card's policy. Where its limits are none for the
        /// successor's currency it is frozen instead, until somebody sets others.
        package var keepsPolicy = true
    }

    let users: UserDirectory
    let desk: CardDesk
    private let emulator: Emulator
    let module: any CardModule
    let loading: DirectLoad
    let random: any RandomSource

    /// Successors of successors, at the most.
    static let chainMax = 64

    package init(
        users: UserDirectory,
        desk: CardDesk,
        emulator: Emulator,
        module: any CardModule,
        loads: any LoadModule,
        random: any RandomSource
    ) {
        self.users = users
        self.desk = desk
        self.emulator = emulator
        self.module = module
        self.random = random
        loading = DirectLoad(module: module, loads: loads)
    }

    /// Renews a card that is due (``CardDesk/renewal(of:at:)``), and makes the successor the card
    /// of who held it.
    ///
    /// `who`: in whose name the successor's limits are set.
    package func renew(
        _ card: CardIdentifier,
        by who: String,
        at now: Instant
    ) async throws(SuccessionRefusal) -> Renewal {
        for _ in 0..<UserLimits.triesMax {
            let step = try await step(card, by: who, at: now)
            if step.transition.writes.isEmpty { return step.renewal }
            if try await attempt({ try await users.records.commit(step.transition) }) {
                // Sessions that remember the old card read anew.
                if let holder = step.holder { users.cache.dropAll(of: holder) }
                return step.renewal
            }
        }
        throw .unavailable
    }

    /// One step, not yet durable. There is nothing to commit where nothing is left to do.
    struct Step {
        var transition = Transition(writes: [])
        var renewal: Renewal
        var holder: UserKey?
    }

    private func step(
        _ card: CardIdentifier,
        by who: String,
        at now: Instant
    ) async throws(SuccessionRefusal) -> Step {
        let (old, description) = try await fetched(card)
        if description.isBlocked { throw .cardBlocked }
        let due = try await attempt { try await desk.renewal(of: description, at: now) }
        guard due != nil else { throw .notExpired }
        // Purse 0 is money; a successor has no other.
        guard let purse = description.purses.first else { throw .unavailable }
        if let last = try await lastSuccessor(of: card) {
            return try await toExisting(last, from: old, purse.balance, at: now)
        }
        let policy = description.spending?.policy.forSuccessor
        return try await toNew(from: old, purse.balance, policy, by: who, at: now)
    }

    /// The first step: a new card.
    private func toNew(
        from old: SealedCard,
        _ balance: Money,
        _ policy: SpendingPolicy?,
        by who: String,
        at now: Instant
    ) async throws(SuccessionRefusal) -> Step {
        guard let issuer = try await attempt({ try await desk.issuer(old.card.issuer) }) else {
            throw .unavailable
        }
        let successor = CardIdentifier(
            issuer: issuer.identifier,
            number: random.integer() % (CardIdentifier.numberMax + 1)
        )
        let order = issuer.order(of: successor, now: now)
        let isSameUnit = order.currency == balance.currency && order.exponent == balance.exponent
        let moved = Self.part(of: balance, isSameUnit ? order.balanceMax : 0)
        var step = Step(renewal: Renewal(successor: successor, moved: moved))
        let card = try await personalized(order, policy, by: who, revision: 0, at: now, &step)
        var transfer = CardTransfer(from: old, to: card, at: now)
        try await move(moved, &transfer)
        try await movePoints(&transfer)
        try await finish(transfer, &step)
        try await assign(successor, after: old.card, moved, at: now, &step)
        return step
    }

    /// The new card, with its policy and the row that says so.
    private func personalized(
        _ order: CardOrder,
        _ policy: SpendingPolicy?,
        by who: String,
        revision: UInt64,
        at now: Instant,
        _ step: inout Step
    ) async throws(SuccessionRefusal) -> SealedCard {
        guard let policy else {
            return try await attempt { try await module.personalize(order, revision: revision) }
        }
        let context = CardContext(random: random.integer(), now: now, note: "")
        for next in [policy, SpendingPolicy(limits: nil, isFrozen: true)] {
            let made = try await attempt {
                try await module.personalize(
                    order,
                    policy: next,
                    by: who,
                    revision: revision,
                    context: context
                )
            }
            guard case .success(let change) = made else {
                step.renewal.keepsPolicy = false
                continue
            }
            step.addRow(of: change)
            return change.card
        }
        throw .unavailable
    }

    /// What came back to the old card afterwards.
    private func toExisting(
        _ successor: CardIdentifier,
        from old: SealedCard,
        _ balance: Money,
        at now: Instant
    ) async throws(SuccessionRefusal) -> Step {
        let (card, description) = try await fetched(successor)
        let purse = description.purses.first { $0.balance.isComparable(to: balance) }
        let room = purse.map { max($0.balanceMax, $0.balance.minorUnits) - $0.balance.minorUnits }
        let moved = Self.part(of: balance, room ?? 0)
        var step = Step(renewal: Renewal(successor: successor, moved: moved))
        var transfer = CardTransfer(from: old, to: card, at: now)
        if description.isBlocked || description.expiry.isPast(at: CardTime(now)) {
            let hasPoints = try await hasPoints(old)
            if moved.minorUnits > 0 || hasPoints { throw .successorNotUsable }
            return step
        }
        try await move(moved, &transfer)
        try await movePoints(&transfer)
        try await finish(transfer, &step)
        return step
    }

    // MARK: The parts of a step

    /// Gives the new card to who held the old one.
    private func assign(
        _ successor: CardIdentifier,
        after card: CardIdentifier,
        _ moved: Money,
        at now: Instant,
        _ step: inout Step
    ) async throws(SuccessionRefusal) {
        let record = SuccessionRecord(successor: successor, madeAt: now)
        let write = try await attempt {
            try await users.records.put(
                SuccessionRecord.key(card),
                expectedRevision: 0,
                record.bytes
            )
        }
        step.transition.writes.append(write)
        guard let found = try await attempt({ try await users.holder(of: card) }),
            found.user.card == card
        else { return }
        step.holder = found.key
        var user = found.user
        user.state = .active(successor)
        user.predecessor = card
        let mail = users.wording.cardRenewed(to: user.email, successor, moved, at: now)
        step.transition.writes += try await attempt {
            [
                try await users.write(user, found.key, expectedRevision: found.revision),
                try await users.holderWrite(found.key, of: successor),
                try await users.outbox.write(mail, from: random),
            ]
        }
    }

    private func fetched(
        _ card: CardIdentifier
    ) async throws(SuccessionRefusal) -> (SealedCard, CardDescription) {
        guard let sealed = try await attempt({ try await emulator.fetch(card) }) else {
            throw .unknownCard
        }
        return (sealed, try await attempt { try await module.describe(sealed) })
    }

    /// The card that follows in the end; nil where none does.
    private func lastSuccessor(
        of card: CardIdentifier
    ) async throws(SuccessionRefusal) -> CardIdentifier? {
        var last: CardIdentifier?
        for _ in 0..<CardSuccession.chainMax {
            let key = SuccessionRecord.key(last ?? card)
            guard let opened = try await attempt({ try await users.records.read(key) }) else {
                return last
            }
            last = try await attempt { try SuccessionRecord(opened.body).successor }
        }
        throw .unavailable
    }

    /// What keeps a step from being made, as a refusal.
    func attempt<Value, Failure: Error>(
        _ part: () async throws(Failure) -> Value
    ) async throws(SuccessionRefusal) -> Value {
        do throws(Failure) {
            return try await part()
        } catch {
            if error as? ModuleFailure == .sealBroken { throw .cardDamaged }
            throw .unavailable
        }
    }

    static func part(of balance: Money, _ room: UInt64) -> Money {
        Money(
            minorUnits: min(balance.minorUnits, room),
            currency: balance.currency,
            exponent: balance.exponent
        )
    }
}

extension CardSuccession.Step {
    fileprivate mutating func addRow(of change: CardChange) {
        guard let row = change.row else { return }
        let stream = Emulator.key(change.card.card).bytes
        transition.history.append(
            HistoryRow(stream: stream, number: row.number, hash: row.hash, body: row.body)
        )
    }

    /// Makes one revision of several changes of a card.
    mutating func add(_ changes: [CardChange], ending last: SealedCard, after revision: UInt64) {
        let key = Emulator.key(last.card)
        transition.writes.append(.put(key, expectedRevision: revision, body: last.body))
        for change in changes { addRow(of: change) }
    }
}

extension SpendingPolicy {
    /// What goes along to a successor: limits and a freeze. What was allowed once was allowed to
    /// the old card. Nil where there is nothing.
    fileprivate var forSuccessor: SpendingPolicy? {
        limits == nil && !isFrozen ? nil : SpendingPolicy(limits: limits, isFrozen: isFrozen)
    }
}

/// Why a card is not renewed, in the order in which the reasons are looked for.
package enum SuccessionRefusal: Error, CaseIterable, Sendable {
    case unknownCard
    case cardDamaged
    case cardBlocked
    /// It is good as it is.
    case notExpired
    /// The successor is blocked, or has expired and must be renewed first.
    case successorNotUsable
    case unavailable
}
