// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

/// Weekly allowances and standing top-ups: loads that a person has ordered once and that begin by
/// themselves.
///
/// What it must hold: what is due is loaded once, on however many servers and however often it is
/// looked at. An occurrence becomes durable before it is begun, and its transaction follows from
/// it. Of what was missed while nobody looked, the latest occurrence is made up and no other.
package struct StandingOrders: Sendable {
    let users: UserDirectory
    let loads: AccountLoads
    let guardians: Guardians

    package init(loads: AccountLoads, guardians: Guardians) {
        users = loads.users
        self.loads = loads
        self.guardians = guardians
    }

    /// Does what is due. To be called at start-up and then about once a minute. While the gateway
    /// does not answer nothing is begun, so that no attempt is used up by its absence.
    package func run(at now: Instant) async {
        guard await loads.isGatewayAnswering() else { return }
        await forEachOpen(AllowanceRecord.self) { await run($0, at: now) }
        await forEachOpen(TopUpRecord.self) { await run($0, at: now) }
    }

    /// How an attempt has ended.
    enum Ending: Sendable {
        case loaded
        case notLoaded(AccountLoadRefusal)
    }

    /// Begins the present attempt of an occurrence, or looks what became of it.
    ///
    /// - Returns: nil where it has not ended, or cannot be begun now.
    func attempt(_ occurrence: Occurrence, of order: some StandingOrder) async -> Ending? {
        #if PLANTED_BUGS
            let isNew = PlantedBug.isPlanted(.occurrenceBegunTwice)
            let transaction =
                isNew
                ? TransactionIdentifier(at: occurrence.moment, random: users.random.pair())
                : occurrence.transaction(of: order.name, users.hashes)
        #else
            let transaction = occurrence.transaction(of: order.name, users.hashes)
        #endif
        if let known = try? await loads.read(transaction) { return Self.ending(of: known.load) }
        guard let request = await request(transaction, for: occurrence, of: order) else {
            return nil
        }
        if order.isActive {
            _ = await loads.begin(request)
        } else {
            // What was ended by its owner is not begun any more, by nobody who does not know yet.
            _ = try? await loads.forbid(request, .notAllowed)
        }
        // Only what is durable counts.
        guard let begun = try? await loads.read(transaction) else { return nil }
        return Self.ending(of: begun.load)
    }

    /// Makes durable that the present attempt is never begun: another server may be about to begin
    /// it, with the order as it was before.
    ///
    /// - Returns: whether it is so; false where it was begun, and where that is not known.
    func forbid(_ occurrence: Occurrence, of order: some StandingOrder) async -> Bool {
        let transaction = occurrence.transaction(of: order.name, users.hashes)
        guard let request = await request(transaction, for: occurrence, of: order) else {
            return false
        }
        do throws(AccountLoadRefusal) {
            if try await loads.forbid(request, .notAllowed) { return true }
            // By a server that came no further than this.
            return try await loads.read(transaction)?.load.isForbidden ?? false
        } catch {
            return false
        }
    }

    /// The load of the present attempt; nil where it cannot be said now whose card it is.
    private func request(
        _ transaction: TransactionIdentifier,
        for occurrence: Occurrence,
        of order: some StandingOrder
    ) async -> AccountLoadRequest? {
        guard let card = try? await users.read(order.holder)?.user.card else { return nil }
        return loads.request(
            transaction,
            by: order.payer,
            onto: card,
            of: occurrence.amount,
            purpose: order.purpose
        )
    }

    private static func ending(of load: AccountLoadRecord) -> Ending? {
        switch load.outcome {
        case .loaded: .loaded
        case .refused(let refusal): .notLoaded(refusal)
        case .pending, .throttled: nil
        }
    }

    // MARK: Records

    func stored<Order: StandingOrder>(
        _ kind: Order.Type,
        _ key: RecordKey
    ) async throws(UserFailure) -> StoredOrder<Order>? {
        guard let opened = try await users.records.read(key) else { return nil }
        return try Self.order(kind, opened)
    }

    /// - Returns: nil where another server was first.
    func commit<Order: StandingOrder>(
        _ next: Order,
        expectedRevision: UInt64,
        _ mail: MailMessage? = nil
    ) async throws(UserFailure) -> StoredOrder<Order>? {
        var writes = [
            try await users.records.put(
                next.key,
                expectedRevision: expectedRevision,
                next.bytes,
                isOpen: next.isOpen
            )
        ]
        if let mail { writes.append(try await users.outbox.write(mail, from: users.random)) }
        let isStored = try await users.records.commit(Transition(writes: writes))
        return isStored ? StoredOrder(order: next, revision: expectedRevision + 1) : nil
    }

    private static func order<Order: StandingOrder>(
        _ kind: Order.Type,
        _ opened: SealedRecords.Opened
    ) throws(UserFailure) -> StoredOrder<Order> {
        let order = try decoded(opened.body) { body throws(WireFailure) in
            try Order(body, key: opened.key.bytes)
        }
        return StoredOrder(order: order, revision: opened.revision)
    }

    /// Orders side by side, a few at a time. One that does not open stops itself alone.
    private func forEachOpen<Order: StandingOrder>(
        _ kind: Order.Type,
        _ body: @escaping @Sendable (StoredOrder<Order>) async -> Void
    ) async {
        var cursor: [UInt8]?
        while true {
            guard
                let page = try? await users.records.store.listOpen(
                    Order.kind,
                    after: cursor,
                    limit: RecordLimits.pageMax
                )
            else { return }
            var waiting = page[...]
            await withTaskGroup { group in
                for _ in 0..<FundingLimits.loadsAtOnce {
                    guard let next = waiting.popFirst() else { break }
                    group.addTask { await run(next, kind, body) }
                }
                while await group.next() != nil {
                    guard let next = waiting.popFirst() else { continue }
                    group.addTask { await run(next, kind, body) }
                }
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return }
            cursor = last.key.bytes
        }
    }

    private func run<Order: StandingOrder>(
        _ record: Record,
        _ kind: Order.Type,
        _ body: @escaping @Sendable (StoredOrder<Order>) async -> Void
    ) async {
        guard let opened = try? await users.records.open(record),
            let order = try? Self.order(kind, opened)
        else { return }
        await body(order)
    }
}

extension AccountLoadRecord {
    /// Whether it was refused before anybody looked for an account.
    fileprivate var isForbidden: Bool {
        state == .declined && account == nil && refusal == .notAllowed
    }
}

/// Why a standing order is not taken, in the order in which the reasons are looked for.
package enum StandingOrderRefusal: Error, CaseIterable, Sendable {
    /// Who orders has no account: a child, for instance.
    case noFundingAccount
    case notYourChild
    /// The child has not come for the first time.
    case noCardYet
    case cardNotUsable
    case currencyNotHeld
    case belowMinimum
    /// The card could not hold it.
    case aboveMaximum
    case unavailable
}
