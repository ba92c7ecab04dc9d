// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records
package import SecurityModule
import Synchronization
package import Wire

/// What the clearing house has told payment servers: cards that are blocked, key versions that end,
/// merchants that are not cleared for. Durable, and at hand for each draw.
package final class SchemeUpdates: Sendable {
    private struct KeyVersion: Hashable {
        let issuer: IssuerIdentifier
        let version: UInt8
    }

    private struct State {
        var revision: UInt64 = 0
        var blocked: Set<CardIdentifier> = []
        var lastDays: [KeyVersion: CardDate] = [:]
        var closed: Set<MerchantIdentifier> = []

        mutating func take(_ update: SchemeUpdate) {
            switch update {
            case .card(let card, true): blocked.insert(card)
            case .card(let card, false): blocked.remove(card)
            case .keyVersionEnds(let issuer, let version, let lastDay):
                lastDays[KeyVersion(issuer: issuer, version: version)] = lastDay
            case .merchant(let merchant, true): closed.remove(merchant)
            case .merchant(let merchant, false): closed.insert(merchant)
            }
        }
    }

    /// The last update about one card, key version or merchant, as a ``CollectionMessage`` with
    /// this update alone, sealed. Key: kind 1, then card 8, BIN 3 and VKP 1, or MERCH 15.
    package static let update = RecordKind("scheme_update", keyBytes: 5...16)
    /// The revision up to which updates are here 8, sealed: one record with the key 00.
    package static let revision = RecordKind("update_revision", keyBytes: 1...1)
    /// Answers that one round asks for.
    private static let pagesMax = 64

    private let store: any RecordStore
    private let seals: any RecordSealing
    private let state = Mutex(State())

    package init(store: any RecordStore, seals: any RecordSealing) {
        self.store = store
        self.seals = seals
    }

    /// Reads what is stored; before the first draw.
    ///
    /// - Throws: `.damaged` where something was changed.
    package func load() async throws(StoreFailure) {
        var read = State()
        try await store.forEach(SchemeUpdates.update) { record async throws(StoreFailure) in
            guard case .updates(_, _, let updates) = try? CollectionMessage(try await open(record))
            else { throw .damaged("scheme_update \(Hex.text(record.key.bytes))") }
            for update in updates { read.take(update) }
        }
        let key = RecordKey(SchemeUpdates.revision, [0])
        if let record = try await store.read(key) {
            read.revision = try await open(record).reduce(0) { $0 << 8 | UInt64($1) }
        }
        let loaded = read
        state.withLock { $0 = loaded }
    }

    /// Asks what is new, and takes it. To be called every few seconds or minutes.
    ///
    /// `link`: to the concentration point, or to the clearing house.
    /// Returns how many updates came; 0 also where nobody answers.
    @discardableResult
    package func refresh(over link: any Link) async throws(StoreFailure) -> Int {
        var count = 0
        for _ in 0..<SchemeUpdates.pagesMax {
            let revision = state.withLock(\.revision)
            let question = CollectionMessage.updatesQuestion(after: revision)
            guard let bytes = try? await link.request(question.bytes),
                case .updates(let last, let hasMore, let updates) = try? CollectionMessage(bytes),
                last > revision, try await keep(updates, upTo: last)
            else { break }
            state.withLock { state in
                for update in updates { state.take(update) }
                state.revision = last
            }
            count += updates.count
            if !hasMore { break }
        }
        return count
    }

    /// Why nothing is drawn from a card; nil where it may be.
    func refusal(_ draw: CardDraw, at moment: Instant) -> Refusal? {
        let answer = draw.initializeAnswer
        let version = KeyVersion(issuer: answer.card.issuer, version: answer.purchaseKeyVersion)
        return state.withLock { state in
            if state.closed.contains(draw.merchant) { return .unknownMerchant }
            if state.blocked.contains(answer.card) { return .cardBlocked }
            if state.lastDays[version]?.isPast(at: CardTime(moment)) == true {
                return .keyVersionEnded
            }
            return nil
        }
    }

    // MARK: Records

    /// - Returns: false where another round was first.
    private func keep(
        _ updates: [SchemeUpdate],
        upTo last: UInt64
    ) async throws(StoreFailure) -> Bool {
        // Of several about the same, the last one counts.
        var bodies: [RecordKey: [UInt8]] = [
            RecordKey(SchemeUpdates.revision, [0]): last.bigEndianBytes
        ]
        for update in updates {
            let message = CollectionMessage.updates(revision: last, hasMore: false, [update])
            bodies[SchemeUpdates.key(update)] = message.bytes
        }
        var writes: [RecordWrite] = []
        for (key, body) in bodies {
            let revision = try await store.read(key)?.revision ?? 0
            do throws(ModuleFailure) {
                let sealed = try await seals.seal(
                    body,
                    name: key.sealName(),
                    revision: revision + 1
                )
                writes.append(.put(key, expectedRevision: revision, body: sealed))
            } catch {
                throw .unavailable("updates cannot be sealed: \(error)")
            }
        }
        return try await store.commit(Transition(writes: writes)) == .committed
    }

    private func open(_ record: Record) async throws(StoreFailure) -> [UInt8] {
        let body = try? await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        guard let body else {
            throw .damaged("\(record.key.kind.name) \(Hex.text(record.key.bytes)) does not open")
        }
        return body
    }

    private static func key(_ update: SchemeUpdate) -> RecordKey {
        switch update {
        case .card(let card, _): RecordKey(self.update, [1] + card.bytes)
        case .keyVersionEnds(let issuer, let version, _):
            RecordKey(self.update, [2] + issuer.bytes + [version])
        case .merchant(let merchant, _): RecordKey(self.update, [3] + merchant.bytes)
        }
    }
}
