// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records
package import SecurityModule
package import Wire

/// Sends closed batches towards the clearing house: from the payment server to concentration
/// point 68, and from there on. It offers a batch, sends what is wanted of it, part by part, and
/// keeps all until it is acknowledged. Where it is cut off, the next round goes on.
package final class BatchSender: Sendable {
    /// What came of one round.
    package struct Report: Equatable, Sendable {
        /// Sales that went out.
        package var sent: Int
        /// Batches that are durable at the clearing house, as was learnt now.
        package var acknowledged: Int
        /// Batches that are whole at the next hop, and not yet at the clearing house.
        package var underWay: Int
        /// Batches that were not taken.
        package var refused: Int
        /// Whether nobody answered, or could do anything.
        package var isAway: Bool

        package init(
            sent: Int = 0,
            acknowledged: Int = 0,
            underWay: Int = 0,
            refused: Int = 0,
            isAway: Bool = false
        ) {
            self.sent = sent
            self.acknowledged = acknowledged
            self.underWay = underWay
            self.refused = refused
            self.isAway = isAway
        }
    }

    /// What a batch has come to.
    private enum Outcome {
        case passed
        /// No later batch of this security card can go.
        case stays
        case away
    }

    private let store: any RecordStore
    private let seals: any RecordSealing
    private let contents: any BatchContents
    private let link: any Link
    private let alarms: BatchAlarms

    /// Messages about one batch beyond its parts, before it waits for the next round: whoever asks
    /// for the same again and again gets no more.
    private static let sparesMax = 8

    /// `store`: with records of ``BatchRecord/kind``.
    /// `link`: to the next hop.
    /// `alarm`: told once of each batch that stays.
    package init(
        store: any RecordStore,
        seals: any RecordSealing,
        contents: any BatchContents,
        link: any Link,
        alarm: @escaping @Sendable (BatchAlarm) -> Void
    ) {
        self.store = store
        self.seals = seals
        self.contents = contents
        self.link = link
        alarms = BatchAlarms(alarm)
    }

    /// Offers what is open, of each security card in the order of its batches. To be called every
    /// few seconds or minutes.
    ///
    /// - Throws: `StoreFailure`; what has been sent is not lost.
    @discardableResult
    package func run() async throws(StoreFailure) -> Report {
        var report = Report()
        var blocked: SecurityCardIdentifier?
        var cursor: [UInt8]?
        while true {
            let page = try await store.listOpen(
                BatchRecord.kind,
                after: cursor,
                limit: RecordLimits.pageMax
            )
            for record in page {
                guard let name = BatchSender.name(record.key), name.securityCard != blocked
                else { continue }
                switch try await send(record, name, &report) {
                case .passed: break
                case .stays: blocked = name.securityCard
                case .away:
                    report.isAway = true
                    return report
                }
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return report }
            cursor = last.key.bytes
        }
    }

    private func send(
        _ record: Record,
        _ name: BatchName,
        _ report: inout Report
    ) async throws(StoreFailure) -> Outcome {
        do throws(StoreFailure) {
            let stored = try await BatchRecord.open(record, sealedBy: seals)
            switch stored.batch.state {
            case .receiving: return .stays
            case .waiting: return try await send(stored, &report)
            case .acknowledged:
                try await close(stored)
                return .passed
            case .closed: return .passed
            }
        } catch {
            // The batches of other security cards can go.
            guard case .damaged = error else { throw error }
            alarms.tell(.damaged(name))
            return .stays
        }
    }

    private func send(
        _ stored: BatchRecord.Stored,
        _ report: inout Report
    ) async throws(StoreFailure) -> Outcome {
        let (batch, name) = (stored.batch, stored.batch.name)
        var message = CollectionMessage.offer(batch.header)
        let parts = Int(batch.header.count) / CollectionMessage.partMax
        for _ in 0..<parts + BatchSender.sparesMax {
            switch await ask(message) {
            case .wanted(name, let index) where index == batch.header.count + 1:
                report.underWay += 1
                return .passed
            case .wanted(name, let index) where (1...batch.header.count).contains(index):
                let sales = try await contents.sales(
                    of: batch,
                    from: index,
                    limit: CollectionMessage.partMax
                )
                guard !sales.isEmpty else {
                    alarms.tell(.incomplete(name, missing: index))
                    return .stays
                }
                report.sent += sales.count
                message = .part(name, from: index, sales: sales)
            case .acknowledged(name):
                report.acknowledged += 1
                try await acknowledge(stored)
                return .passed
            case .refused(name, .notOffered): message = .offer(batch.header)
            case .refused(name, let reason):
                report.refused += 1
                try await note(reason, of: stored)
                return .stays
            default: return .away
            }
        }
        return .stays
    }

    /// - Returns: nil where no answer came, or none that is one.
    private func ask(_ message: CollectionMessage) async -> CollectionMessage? {
        do throws(LinkFailure) {
            let bytes: [UInt8]
            do throws(LinkFailure) {
                bytes = try await link.request(message.bytes)
            } catch .broken {
                // Perhaps the other end was started again: the same bytes have the same effect.
                bytes = try await link.request(message.bytes)
            }
            return try? CollectionMessage(bytes)
        } catch {
            return nil
        }
    }

    // MARK: What was learnt

    private func acknowledge(_ stored: BatchRecord.Stored) async throws(StoreFailure) {
        var next = stored
        next.batch.state = .acknowledged
        next.batch.refusal = nil
        guard try await commit(next) else { return }
        try await close(BatchRecord.Stored(next.batch, revision: stored.revision + 1))
    }

    private func close(_ stored: BatchRecord.Stored) async throws(StoreFailure) {
        try await contents.release(stored.batch)
        var next = stored
        next.batch.state = .closed
        _ = try await commit(next)
    }

    private func note(
        _ reason: BatchRefusal,
        of stored: BatchRecord.Stored
    ) async throws(StoreFailure) {
        guard stored.batch.refusal != reason else { return }
        var next = stored
        next.batch.refusal = reason
        if try await commit(next) { alarms.tell(.refused(stored.batch.name, reason)) }
    }

    /// - Returns: false where another round was first: it has learnt the same, or the next one
    ///   will.
    private func commit(_ next: BatchRecord.Stored) async throws(StoreFailure) -> Bool {
        let write: RecordWrite
        do throws(ModuleFailure) {
            write = try await next.batch.write(over: next.revision, sealedBy: seals)
        } catch {
            throw .unavailable("a batch cannot be sealed: \(error)")
        }
        return try await store.commit(Transition(writes: [write])) == .committed
    }

    private static func name(_ key: RecordKey) -> BatchName? {
        var reader = ByteReader(key.bytes, of: "batch key")
        return try? reader.batch()
    }
}
