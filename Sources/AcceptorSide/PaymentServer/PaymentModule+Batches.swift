// SPDX-License-Identifier: Apache-2.0

package import Batches
import Kernel
import Records
import SecurityModule
import Synchronization
package import Wire

// Collection: what security cards have counted becomes durable with its place in a batch, and
// batches are closed and sent towards the clearing house (`docs/decisions/0026`).
extension PaymentModule {
    /// Adds what makes a counted sale a part of its batch.
    ///
    /// `place`: as the security card said.
    func collect(
        _ sale: SaleRecord,
        at place: BatchPlace,
        into transition: inout Transition
    ) async throws(Refusal) {
        guard let answer = sale.answer else {
            preconditionFailure("What is counted has an answer.")
        }
        guard place.batch.securityCard == sale.command.securityCard else {
            throw .storeUnavailable
        }
        let bytes = CollectedSale(sale.draw, sale.command, answer).bytes(at: place)
        let mayBeTaken = doubtfulPlaces.withLock { $0.contains(place.batch.securityCard) }
        if mayBeTaken, try await isTaken(place, by: bytes, of: sale) { return }
        do throws(ModuleFailure) {
            transition.writes.append(
                try await CollectedRecord.write(bytes, at: place, sealedBy: seals)
            )
        } catch {
            throw .storeUnavailable
        }
    }

    /// Whether a place is on record already. The memory of a security card on another host may be
    /// put back to an older one, and give a place twice; a sale ends all the same, because a card
    /// was debited for it.
    private func isTaken(
        _ place: BatchPlace,
        by bytes: [UInt8],
        of sale: SaleRecord
    ) async throws(Refusal) -> Bool {
        do throws(StoreFailure) {
            guard let record = try await store.read(CollectedRecord.key(place)) else {
                return false
            }
            let stored = try? await CollectedRecord.open(record, sealedBy: seals).bytes
            if stored != bytes { alarm(UncountedSale(sale)) }
            return true
        } catch {
            throw .storeUnavailable
        }
    }

    /// A commit with a collected sale met a conflict: from now on it is looked whether a place of
    /// this security card is on record already.
    func noteConflict(_ transition: Transition) {
        for write in transition.writes where write.key.kind == CollectedRecord.kind {
            var reader = ByteReader(write.key.bytes, of: "collected key")
            guard let place = try? reader.place() else { continue }
            doubtfulPlaces.withLock { _ = $0.insert(place.batch.securityCard) }
        }
    }

    /// Closes the batches that are due, by the policy or by the operator's order
    /// (``BatchOrder``). To be called every few seconds or minutes.
    ///
    /// `alarms`: told of what cannot be closed.
    /// - Returns: how many were closed; where a terminal serves a sale now, the next round finds
    ///   its batch again.
    @discardableResult
    package func closeBatches(
        _ policy: BatchPolicy,
        alarms: BatchAlarms = BatchAlarms { _ in }
    ) async -> Int {
        let policy = policy.with(order: await order())
        var count = 0
        for terminal in terminals.terminals where terminal.isPresent {
            do throws(StoreFailure) {
                let name = try await book.nextBatch(of: terminal.identifier)
                guard try await isDue(name, policy, terminal) else { continue }
                if await close(name, terminal, alarms) { count += 1 }
            } catch {
                // The next round looks again; one that does not open is for the operator.
                if case .damaged = error { alarms.tell(.notClosed(terminal.identifier)) }
            }
        }
        return count
    }

    /// What the operator has ordered; nil where nothing was, or by a clock that was ahead: it would
    /// close each sale's batch until then. An order that does not open is for the audit.
    private func order() async -> Instant? {
        let order = try? await BatchOrder.read(in: store, sealedBy: seals)?.cutOff
        guard let order, order <= now() else { return nil }
        return order
    }

    private var book: BatchBook { BatchBook(store: store, seals: seals) }

    private func isDue(
        _ name: BatchName,
        _ policy: BatchPolicy,
        _ terminal: Terminal
    ) async throws(StoreFailure) -> Bool {
        guard let open = await description(of: terminal)?.openBatch else { return false }
        // It was closed on another host, and the answer got lost.
        if open.number > name.number { return true }
        if open.number == name.number, open.count >= policy.count { return true }
        guard let first = try await book.firstSale(of: name) else { return false }
        return policy.isDue(since: first.time.instant, at: now())
    }

    private func close(
        _ name: BatchName,
        _ terminal: Terminal,
        _ alarms: BatchAlarms
    ) async -> Bool {
        // Until it is closed no sale is counted, where the batch is full: the terminal is kept.
        guard let leased = try? await leased(name.securityCard, keepsIt: true) else {
            return false
        }
        defer { terminals.release(leased) }
        do throws(ModuleFailure) {
            guard let closed = try await leased.close(name, at: now()) else { return false }
            let batch = BatchRecord(closed.header, .waiting)
            let memory = await leased.write(closed.memory)
            var transition = Transition(writes: memory.map { [$0] } ?? [])
            transition.writes.append(try await batch.write(over: 0, sealedBy: seals))
            return (try? await commit(transition, (leased, closed.memory))) != nil
        } catch {
            if case .unavailable = error { return false }
            alarms.tell(.notClosed(name.securityCard))
            return false
        }
    }

    /// Sends closed batches to the concentration point, or to the clearing house.
    ///
    /// `alarm`: told once of each batch that stays.
    package func batchSender(
        over link: any Link,
        alarm: @escaping @Sendable (BatchAlarm) -> Void
    ) -> BatchSender {
        BatchSender(
            store: store,
            seals: seals,
            contents: CollectedSales(store: store, seals: seals),
            link: link,
            alarm: alarm
        )
    }
}
