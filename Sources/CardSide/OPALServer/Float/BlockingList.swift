// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Kernel
package import Records
package import SecurityModule
import Wire

/// The issuer's blocking list: which cards were blocked and unblocked, in the order of a revision,
/// for clearing houses that ask what is new (`docs/messages/collection.md`, message 93) and tell
/// payment servers.
///
/// A card refuses by itself as soon as it is blocked. The list follows: rounds compare it with the
/// cards, whoever has blocked them (an operator, the watch, a restore, wrong signatures). It lies
/// in the database of ``FloatRecords``: set back with the cards, it would give revisions twice.
package struct BlockingList: LinkService {
    private let ledger: SealedRecords
    private let cards: any RecordStore
    private let module: any CardModule
    private let clearingHouses: Set<String>

    /// Changes that become durable in one commit.
    private static let chunkMax = 128

    /// Parameters as of ``SaleProofs``.
    package init(
        ledger: (store: any RecordStore, seals: any RecordSealing),
        cards: any RecordStore,
        module: any CardModule,
        clearingHouses: Set<String>
    ) {
        self.ledger = SealedRecords(store: ledger.store, sealing: ledger.seals)
        self.cards = cards
        self.module = module
        self.clearingHouses = clearingHouses
    }

    /// Answers a clearing house that is known by its name; everybody else learns nothing.
    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        guard clearingHouses.contains(peer),
            case .updatesQuestion(let revision)? = try? CollectionMessage(request)
        else { return CollectionMessage.unavailable.bytes }
        do throws(FloatFailure) {
            let most = CollectionMessage.updatesMax
            let found = try await changes(after: revision, limit: most + 1)
            let told = found.prefix(most)
            return CollectionMessage.updates(
                revision: told.last?.revision ?? revision,
                hasMore: found.count > most,
                told.map { .card($0.card, isBlocked: $0.isBlocked) }
            ).bytes
        } catch {
            return CollectionMessage.unavailable.bytes
        }
    }

    /// Changes behind a revision, in order; at most `limit`.
    package func changes(
        after revision: UInt64,
        limit: Int
    ) async throws(FloatFailure) -> [BlockChange] {
        let page = try await reading { () async throws(StoreFailure) in
            try await ledger.store.list(
                BlockChange.kind,
                after: revision.bigEndianBytes,
                limit: limit,
                order: .ascending
            )
        }
        var changes: [BlockChange] = []
        for record in page { changes.append(try await open(record)) }
        return changes
    }

    // MARK: Following the cards

    /// Lists what has changed since the last round. A card whose record does not open stays as it
    /// was listed: it refuses by itself.
    ///
    /// Returns how many changes were listed.
    @discardableResult
    package func refresh(at now: Instant) async throws(FloatFailure) -> Int {
        var changed: [(card: CardIdentifier, isBlocked: Bool)] = []
        try await forEach(Emulator.cardKind, in: cards) { record async throws(FloatFailure) in
            guard let card = Self.card(record), await isBlocked(record, card) == true else {
                return
            }
            let listed = try await reading { () async throws(StoreFailure) in
                try await ledger.store.read(ListedCard.key(card))
            }
            if listed?.isOpen != true { changed.append((card, true)) }
        }
        for listed in try await blockedOnes() {
            guard let card = Self.card(listed) else { continue }
            let record = try await reading { () async throws(StoreFailure) in
                try await cards.read(Emulator.key(card))
            }
            if let record, await isBlocked(record, card) == false { changed.append((card, false)) }
        }
        for begin in stride(from: 0, to: changed.count, by: Self.chunkMax) {
            try await list(changed[begin..<min(begin + Self.chunkMax, changed.count)], at: now)
        }
        return changed.count
    }

    /// Cards that are listed as blocked.
    private func blockedOnes() async throws(FloatFailure) -> [Record] {
        var all: [Record] = []
        while true {
            let cursor = all.last?.key.bytes
            let page = try await reading { () async throws(StoreFailure) in
                try await ledger.store.listOpen(
                    ListedCard.kind,
                    after: cursor,
                    limit: RecordLimits.pageMax
                )
            }
            all += page
            if page.count < RecordLimits.pageMax { return all }
        }
    }

    private func list(
        _ changes: ArraySlice<(card: CardIdentifier, isBlocked: Bool)>,
        at now: Instant
    ) async throws(FloatFailure) {
        var revision = max(try await lastRevision(), UInt64(max(0, now.milliseconds)))
        var writes: [RecordWrite] = []
        for (card, isBlocked) in changes {
            revision += 1
            let change = BlockChange(
                revision: revision,
                card: card,
                isBlocked: isBlocked,
                listedAt: now
            )
            writes += try await self.writes(of: change)
        }
        do throws(UserFailure) {
            guard try await ledger.commit(Transition(writes: writes)) else {
                throw UserFailure.busy
            }
        } catch {
            throw FloatFailure(error)
        }
    }

    private func writes(of change: BlockChange) async throws(FloatFailure) -> [RecordWrite] {
        let listed = try await reading { () async throws(StoreFailure) in
            try await ledger.store.read(ListedCard.key(change.card))
        }
        do throws(UserFailure) {
            return [
                try await ledger.put(
                    BlockChange.key(change.revision),
                    expectedRevision: 0,
                    change.bytes
                ),
                try await ledger.put(
                    ListedCard.key(change.card),
                    expectedRevision: listed?.revision ?? 0,
                    ListedCard(revision: change.revision).bytes,
                    isOpen: change.isBlocked
                ),
            ]
        } catch {
            throw FloatFailure(error)
        }
    }

    private func lastRevision() async throws(FloatFailure) -> UInt64 {
        let newest = try await reading { () async throws(StoreFailure) in
            try await ledger.store.list(
                BlockChange.kind,
                after: nil,
                limit: 1,
                order: .descending
            )
        }
        return newest.first?.key.bytes.reduce(0) { $0 << 8 | UInt64($1) } ?? 0
    }

    // MARK: Records

    private static func card(_ record: Record) -> CardIdentifier? {
        CardIdentifier(bcd: record.key.bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// - Returns: nil where the record does not open.
    private func isBlocked(_ record: Record, _ card: CardIdentifier) async -> Bool? {
        let sealed = SealedCard(card: card, revision: record.revision, body: record.body)
        return try? await module.describe(sealed).isBlocked
    }

    private func open(_ record: Record) async throws(FloatFailure) -> BlockChange {
        do throws(UserFailure) {
            let opened = try await ledger.open(record)
            return try decoded(opened.body) { body throws(WireFailure) in
                try BlockChange(body, key: record.key.bytes)
            }
        } catch {
            throw FloatFailure(error)
        }
    }

    private func forEach(
        _ kind: RecordKind,
        in store: any RecordStore,
        _ body: (Record) async throws(FloatFailure) -> Void
    ) async throws(FloatFailure) {
        var cursor: [UInt8]?
        while true {
            let behind = cursor
            let page = try await reading { () async throws(StoreFailure) in
                try await store.list(
                    kind,
                    after: behind,
                    limit: RecordLimits.pageMax,
                    order: .ascending
                )
            }
            for record in page { try await body(record) }
            guard page.count == RecordLimits.pageMax else { return }
            cursor = page.last?.key.bytes
        }
    }
}
