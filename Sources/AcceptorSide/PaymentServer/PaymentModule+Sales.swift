// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records
import SecurityModule
import Synchronization
import Wire

// Database 223: reading, committing and recovering sales.
extension PaymentModule {
    /// A sale as stored.
    package struct Stored: Sendable {
        package let sale: SaleRecord
        package let revision: UInt64
        /// The bytes last answered.
        package let reply: [UInt8]

        /// Whether the last answer has brought the result.
        var isResultOut: Bool { (try? PartyMessage(reply))?.bringsResult == true }
    }

    func read(_ transaction: TransactionIdentifier) async throws(Refusal) -> Stored? {
        do throws(StoreFailure) {
            guard let record = try await store.read(SaleRecord.key(transaction)) else {
                return nil
            }
            return try await open(record)
        } catch {
            throw .storeUnavailable
        }
    }

    /// Opens a sale's record.
    ///
    /// - Throws: `.damaged` where it was changed by somebody else.
    package func open(_ record: Record) async throws(StoreFailure) -> Stored {
        do {
            let bytes = try await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
            return Stored(
                sale: try SaleRecord(bytes),
                revision: record.revision,
                reply: record.reply
            )
        } catch {
            throw .damaged("the sale \(Hex.text(record.key.bytes)) does not open")
        }
    }

    /// Makes a step durable: sale, security card, journal and reply in one transition.
    ///
    /// `place`: where its security card has collected it, when this step counts it.
    /// `change`: the terminal, and the memory of its security card afterwards, where it changed.
    func commit(
        _ sale: inout SaleRecord,
        revision: UInt64,
        reply: [UInt8],
        steps: [SaleStep],
        collectedAt place: BatchPlace? = nil,
        _ change: (terminal: Terminal, memory: SealedSecurityCard)?
    ) async throws(Refusal) {
        var transition = Transition(writes: [])
        if let change, let write = await change.terminal.write(change.memory) {
            transition.writes.append(write)
        }
        try await append(&sale, revision: revision, reply: reply, steps: steps, to: &transition)
        if let place { try await collect(sale, at: place, into: &transition) }
        try await commit(transition, change)
    }

    /// Adds what makes a sale's next state durable.
    func append(
        _ sale: inout SaleRecord,
        revision: UInt64,
        reply: [UInt8],
        steps: [SaleStep],
        to transition: inout Transition
    ) async throws(Refusal) {
        let key = SaleRecord.key(sale.transaction)
        do throws(ModuleFailure) {
            for step in steps {
                let row = try await seals.chain(
                    step.bytes,
                    stream: key.bytes,
                    number: sale.rowCount + 1,
                    previous: sale.rowHash
                )
                sale.rowCount = row.number
                sale.rowHash = row.hash
                transition.history.append(
                    HistoryRow(
                        stream: key.bytes,
                        number: row.number,
                        hash: row.hash,
                        body: row.body
                    )
                )
            }
            let body = try await seals.seal(
                sale.bytes,
                name: key.sealName(isOpen: sale.isOpen, reply: reply),
                revision: revision + 1
            )
            transition.writes.append(
                .put(
                    key,
                    expectedRevision: revision,
                    body: body,
                    reply: reply,
                    isOpen: sale.isOpen
                )
            )
        } catch {
            throw .storeUnavailable
        }
    }

    func commit(
        _ transition: Transition,
        _ change: (terminal: Terminal, memory: SealedSecurityCard)?
    ) async throws(Refusal) {
        let outcome: CommitOutcome
        do throws(StoreFailure) {
            outcome = try await store.commit(transition)
        } catch {
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.commitAfterReply) { return }
            #endif
            // Whether it was stored is known only by looking.
            if case .unavailable = error { await change?.terminal.reload(from: store) }
            throw .storeUnavailable
        }
        guard outcome == .committed else {
            noteConflict(transition)
            await change?.terminal.reload(from: store)
            throw .orderInProgress
        }
        if let change { await change.terminal.adopt(change.memory) }
    }

    /// The terminal of a sale; leased again where it was released with S2.
    ///
    /// - Throws: `.busy` where another sale has it now.
    func terminal(of held: inout Held, keepsIt: Bool) async throws(Refusal) -> Terminal {
        if let terminal = held.terminal { return terminal }
        let securityCard = held.sale.command.securityCard
        guard let terminal = try await leased(securityCard, keepsIt: keepsIt) else { throw .busy }
        held.terminal = terminal
        return terminal
    }

    /// The terminal with this security card, whose memory may be older than its sales and is read
    /// anew; nil where it is busy or not here.
    func leased(
        _ securityCard: SecurityCardIdentifier,
        keepsIt: Bool
    ) async throws(Refusal) -> Terminal? {
        guard let terminal = terminals.lease(securityCard, keepsIt: keepsIt) else { return nil }
        guard await terminal.reload(from: store) else {
            terminals.release(terminal)
            throw .storeUnavailable
        }
        return terminal
    }

    func release(_ held: Held) {
        if let terminal = held.terminal { release(terminal, of: held.sale.request.terms.policy) }
    }

    /// Takes a drawn sale with its terminal: from memory, or after a restart from the database.
    func take(_ transaction: TransactionIdentifier) async throws(Refusal) -> Held? {
        if let held = held.withLock({ $0.removeValue(forKey: transaction) }) { return held }
        guard let stored = try await read(transaction), stored.sale.state.isOpen else {
            return nil
        }
        var terminal: Terminal?
        if !stored.sale.request.terms.policy.releasesTerminalEarly {
            terminal = try await leased(stored.sale.command.securityCard, keepsIt: true)
            guard terminal != nil else { return nil }
        }
        do throws(ModuleFailure) {
            return try await held(stored, terminal)
        } catch {
            if let terminal { release(terminal, of: stored.sale.request.terms.policy) }
            throw .storeUnavailable
        }
    }

    func held(
        _ stored: Stored,
        _ terminal: Terminal?
    ) async throws(ModuleFailure) -> Held {
        let request = stored.sale.request
        return Held(
            terminal: terminal,
            session: try await keys.session(for: request.terms, request.proof),
            sale: stored.sale,
            revision: stored.revision,
            isResultOut: stored.isResultOut
        )
    }

    /// Gives up what has waited longer than ``PurchaseLimits/saleTime`` for the card's answer. To
    /// be called at start-up and then every few seconds.
    ///
    /// - Returns: how many sales were given up.
    @discardableResult
    package func giveUpLateSales() async -> Int {
        defer { terminals.endRound() }
        var count = 0
        var seen: Set<TransactionIdentifier> = []
        var cursor: [UInt8]?
        while true {
            guard
                let page = try? await store.listOpen(
                    SaleRecord.kind,
                    after: cursor,
                    limit: RecordLimits.pageMax
                )
            else { return count }
            for record in page {
                guard let stored = try? await open(record) else { continue }
                seen.insert(stored.sale.transaction)
                guard isLate(stored.sale) else { continue }
                #if PLANTED_BUGS
                    if PlantedBug.isPlanted(.voidAfterSold), stored.sale.state == .sold,
                        var held = try? await held(stored, nil)
                    {
                        _ = try? await giveUp(&held, keepsTerminal: true)
                        release(held)
                    }
                #endif
                // Of a terminal that has dropped out nothing is known: the sale waits for it.
                guard stored.sale.state.isOpen, mayGiveUp(stored.sale),
                    !terminals.isAway(stored.sale.command.securityCard),
                    var held = try? await take(stored.sale.transaction)
                else { continue }
                // Where its terminal serves another sale now, the next round finds it again.
                if (try? await giveUp(&held, keepsTerminal: true)) != nil { count += 1 }
                release(held)
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { break }
            cursor = last.key.bytes
        }
        waits.withLock { $0.keep(only: seen) }
        return count
    }

    /// Whether a sale has waited longer than ``PurchaseLimits/saleTime``.
    func isLate(_ sale: SaleRecord) -> Bool {
        let (now, uptime) = (now(), uptime())
        let age = waits.withLock {
            $0.age(of: sale.transaction, begunAt: sale.drawnAt, now: now, uptime: uptime)
        }
        return age > PurchaseLimits.saleTime
    }

    /// Whether time alone ends a sale.
    private func mayGiveUp(_ sale: SaleRecord) -> Bool {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.oneTripGivenUpByTime) { return true }
        #endif
        return !sale.request.terms.policy.isOneTrip
    }

    /// Asks a security card outcome and lifts what failed.
    func ask<Value>(
        _ question: () async throws(ModuleFailure) -> Result<Value, Refusal>
    ) async throws(Refusal) -> Value {
        let result: Result<Value, Refusal>
        do throws(ModuleFailure) {
            result = try await question()
        } catch {
            throw error == .keyUnknown ? .issuerNotAccepted : .storeUnavailable
        }
        return try result.get()
    }
}
