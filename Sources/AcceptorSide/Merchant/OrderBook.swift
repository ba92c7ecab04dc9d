// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

/// The merchant's orders in the store: each is sealed under its name and revision, and each change
/// is one transition with one journal row.
struct OrderBook: Sendable {
    /// An order with the revision that its next state follows from; 0 for one that is new.
    struct Entry: Sendable {
        let order: Order
        let revision: UInt64
    }

    /// One change: the next state and the row that tells of it.
    struct Step: Sendable {
        let next: Order
        /// The revision that the step was decided on.
        let revision: UInt64
        let event: JournalEntry.Event
    }

    /// What is done with an order as it is found: an answer, after these steps are durable.
    struct Decision<Answer: Sendable>: Sendable {
        let steps: [Step]
        let answer: Answer

        static func answer(_ answer: Answer) -> Self { Decision(steps: [], answer: answer) }
    }

    let store: any RecordStore
    let sealing: any RecordSealing

    /// - Throws: `.unknownOrder`, `.damaged`, `.store`, `.module`.
    func read(_ transaction: TransactionIdentifier) async throws(OrderFailure) -> Entry {
        let record: Record?
        do throws(StoreFailure) {
            record = try await store.read(OrderBook.key(transaction))
        } catch { throw .store(error) }
        guard let record else { throw .unknownOrder }
        return try await open(record)
    }

    func open(_ record: Record) async throws(OrderFailure) -> Entry {
        let body: [UInt8]
        do throws(ModuleFailure) {
            body = try await sealing.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
        } catch .sealBroken { throw .damaged } catch { throw .module(error) }
        guard let order = try? Order(body), order.transaction.bytes == record.key.bytes else {
            throw .damaged
        }
        return Entry(order: order, revision: record.revision)
    }

    /// Reads an order, decides, and makes the decision durable; where somebody else was faster,
    /// reads again and decides again.
    ///
    /// - Throws: what `decide` throws; `.busy` after ``MerchantLimits/attemptsMax`` conflicts.
    func change<Answer: Sendable>(
        _ transaction: TransactionIdentifier,
        at now: Instant,
        _ decide: (Entry) async throws(OrderFailure) -> Decision<Answer>
    ) async throws(OrderFailure) -> Answer {
        for _ in 0..<MerchantLimits.attemptsMax {
            let decision = try await decide(try await read(transaction))
            if try await commit(decision.steps, at: now) { return decision.answer }
        }
        throw .busy
    }

    /// - Returns: whether the steps are durable; else nothing of them is.
    func commit(_ steps: [Step], at now: Instant) async throws(OrderFailure) -> Bool {
        if steps.isEmpty { return true }
        var transition = Transition(writes: [])
        do throws(ModuleFailure) {
            for step in steps { try await add(step, at: now, to: &transition) }
        } catch { throw .module(error) }
        do throws(StoreFailure) {
            return try await store.commit(transition) == .committed
        } catch {
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.commitAfterReplyAtMerchant) { return true }
            #endif
            throw .store(error)
        }
    }

    private func add(
        _ step: Step,
        at now: Instant,
        to transition: inout Transition
    ) async throws(ModuleFailure) {
        let key = OrderBook.key(step.next.transaction)
        let row = try await sealing.chain(
            JournalEntry(step.event, at: now).bytes,
            stream: key.bytes,
            number: step.next.lastRow + 1,
            previous: step.next.lastHash
        )
        var order = step.next
        order.lastRow = row.number
        order.lastHash = row.hash
        let body = try await sealing.seal(
            order.bytes,
            name: key.sealName(isOpen: order.state == .open),
            revision: step.revision + 1
        )
        transition.writes.append(
            .put(key, expectedRevision: step.revision, body: body, isOpen: order.state == .open)
        )
        transition.history.append(
            HistoryRow(stream: key.bytes, number: row.number, hash: row.hash, body: row.body)
        )
    }

    private static func key(_ transaction: TransactionIdentifier) -> RecordKey {
        RecordKey(MerchantRecords.order, transaction.bytes)
    }
}
