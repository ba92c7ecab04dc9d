// SPDX-License-Identifier: Apache-2.0

package import CardEmulator
package import Kernel
package import Records
package import SecurityModule
package import Wire

/// The issuer's desk at the OPAL server: makes cards, shows them, makes their settings.
package struct CardDesk: Sendable {
    let store: any RecordStore
    let module: any CardModule
    private let loading: DirectLoad
    let seals: any RecordSealing
    private let random: any RandomSource
    let emulator: Emulator
    let now: @Sendable () -> Instant
    /// What merchants sell.
    package let merchants: MerchantDirectory

    /// `now`: asked for the moment of each setting of a card.
    package init(
        store: any RecordStore,
        module: any CardModule,
        loads: any LoadModule,
        seals: any RecordSealing,
        random: any RandomSource,
        now: @escaping @Sendable () -> Instant
    ) {
        self.store = store
        self.module = module
        loading = DirectLoad(module: module, loads: loads)
        self.seals = seals
        self.random = random
        self.now = now
        merchants = MerchantDirectory(store: store, seals: seals)
        var emulator = Emulator(module: module, store: store, random: random)
        emulator.categories = merchants
        self.emulator = emulator
    }

    // MARK: Issuers

    package func issuer(_ identifier: IssuerIdentifier) async throws(StoreFailure) -> Issuer? {
        guard let record = try await store.read(Issuer.key(identifier)) else { return nil }
        return try await self.issuer(record)
    }

    /// All issuers.
    ///
    /// - Throws: `StoreFailure`, also where the record of one of them does not open.
    package func issuers() async throws(StoreFailure) -> [Issuer] {
        let all = try await issuersThatOpen()
        if let damage = all.damaged.first { throw .damaged(damage) }
        return all.issuers
    }

    /// The issuers whose records open, and what is the matter with each of the others.
    package func issuersThatOpen() async throws(StoreFailure) -> (
        issuers: [Issuer], damaged: [String]
    ) {
        var issuers: [Issuer] = []
        var damaged: [String] = []
        try await store.forEach(Issuer.kind) { record async throws(StoreFailure) in
            do throws(StoreFailure) {
                issuers.append(try await issuer(record))
            } catch .damaged(let text) {
                damaged.append(text)
            } catch {
                throw error
            }
        }
        return (issuers, damaged)
    }

    private func issuer(_ record: Record) async throws(StoreFailure) -> Issuer {
        do {
            let body = try await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
            return try Issuer(body, key: record.key.bytes)
        } catch {
            throw .damaged("the record of issuer \(Hex.text(record.key.bytes)): \(error)")
        }
    }

    /// The write that makes a new issuer durable.
    package static func write(
        _ issuer: Issuer,
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = Issuer.key(issuer.identifier)
        let body = try await seals.seal(issuer.bytes, name: key.sealName(), revision: 1)
        return .put(key, expectedRevision: 0, body: body)
    }

    // MARK: New cards

    /// A new card, not yet stored: the writes and rows that make it durable, together with
    /// whatever the caller adds.
    package struct NewCard: Sendable {
        package let card: CardIdentifier
        package let writes: [RecordWrite]
        package let history: [HistoryRow]
    }

    /// Makes a card, with the issuer's value for new cards on it (FIG. 10, steps 502 and 504). The
    /// value is loaded by the card's own commands, so that it is signed like any load.
    ///
    /// `value`: minor units to load instead of the issuer's setting.
    package func make(
        for issuer: Issuer,
        value: UInt64? = nil,
        now: Instant
    ) async throws(EmulatorFailure) -> NewCard {
        let value = value ?? issuer.newCardValue
        let card = CardIdentifier(
            issuer: issuer.identifier,
            number: random.integer() % (CardIdentifier.numberMax + 1)
        )
        let order = issuer.order(of: card, now: now)
        do throws(ModuleFailure) {
            guard value > 0 else {
                let sealed = try await module.personalize(order, revision: 1)
                return NewCard(card: card, writes: [Self.first(sealed)], history: [])
            }
            let blank = try await module.personalize(order, revision: 0)
            let change = try await loading.load(
                Money(
                    minorUnits: value,
                    currency: issuer.currency,
                    exponent: issuer.exponent
                ),
                onto: blank,
                from: .own(of: issuer.identifier),
                TransactionIdentifier(at: now, random: random.pair()),
                context: CardContext(random: random.integer(), now: now, note: issuer.name)
            )
            guard let row = change.row else { throw .unavailable("the card was not loaded") }
            return NewCard(
                card: card,
                writes: [Self.first(change.card)],
                history: [
                    HistoryRow(
                        stream: card.bytes,
                        number: row.number,
                        hash: row.hash,
                        body: row.body
                    )
                ]
            )
        } catch {
            throw .module(error)
        }
    }

    private static func first(_ card: SealedCard) -> RecordWrite {
        .put(Emulator.key(card.card), expectedRevision: 0, body: card.body)
    }

    // MARK: Cards

    package func describe(
        _ card: CardIdentifier
    ) async throws(EmulatorFailure) -> CardDescription? {
        do {
            guard let sealed = try await emulator.fetch(card) else { return nil }
            return try await module.describe(sealed)
        } catch let failure as StoreFailure {
            throw .store(failure)
        } catch let failure as ModuleFailure {
            throw .module(failure)
        } catch {
            preconditionFailure("Only the failures above are thrown.")
        }
    }

    /// Cards in the order of their numbers.
    package func cards(
        after cursor: CardIdentifier?,
        limit: Int
    ) async throws(StoreFailure) -> [CardIdentifier] {
        try await store.list(
            Emulator.cardKind,
            after: cursor?.bytes,
            limit: limit,
            order: .ascending
        ).compactMap { record in
            CardIdentifier(bcd: record.key.bytes.reduce(0) { $0 << 8 | UInt64($1) })
        }
    }

    /// A card's history behind a row, oldest first.
    ///
    /// - Throws: `.damaged` where a row cannot be read.
    package func history(
        _ card: CardIdentifier,
        after number: UInt64,
        limit: Int
    ) async throws(StoreFailure) -> [(number: UInt64, entry: CardHistoryEntry)] {
        var rows: [(UInt64, CardHistoryEntry)] = []
        for row in try await store.history(card.bytes, after: number, limit: limit) {
            do throws(WireFailure) {
                rows.append((row.number, try CardHistoryEntry(row.body)))
            } catch {
                throw .damaged("history row \(row.number): \(error)")
            }
        }
        return rows
    }
}
