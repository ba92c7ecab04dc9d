// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Synchronization
import Wire

/// Gives out each number once, also after a restart and among several gateways on one database:
/// numbers are taken from a durable counter in blocks, so that messages under way at the same time
/// do not wait for each other.
final class TraceCounter: Sendable {
    private let store: any RecordStore
    private let seals: any RecordSealing
    /// What is left of the blocks that were taken.
    private let left = Mutex<[Range<UInt64>]>([])

    /// The sealed body: format 1, the first number that nobody has taken 8.
    static let kind = RecordKind("trace_counter", keyBytes: 1...1)
    private static let key = RecordKey(kind, [0])
    private static let format: UInt8 = 1

    init(store: any RecordStore, seals: any RecordSealing) {
        self.store = store
        self.seals = seals
    }

    func next() async throws(GatewayFailure) -> TraceNumber {
        for _ in 0..<GatewayLimits.attemptsMax {
            if let count = taken() { return TraceNumber(count: count) }
            try await takeBlock()
        }
        throw .busy
    }

    private func taken() -> UInt64? {
        left.withLock { left in
            guard let block = left.first else { return nil }
            if block.count == 1 {
                left.removeFirst()
            } else {
                left[0] = block.lowerBound + 1..<block.upperBound
            }
            return block.lowerBound
        }
    }

    /// Takes a block from the counter, unless somebody else takes one at this moment.
    private func takeBlock() async throws(GatewayFailure) {
        let (first, revision) = try await read()
        let next = first + GatewayLimits.traceBlock
        let outcome: CommitOutcome
        do {
            var writer = ByteWriter(capacity: 16)
            writer.byte(TraceCounter.format)
            writer.integer(next, bytes: 8)
            let body = try await seals.seal(
                writer.bytes,
                name: TraceCounter.key.sealName(),
                revision: revision + 1
            )
            outcome = try await store.commit(
                Transition(writes: [.put(TraceCounter.key, expectedRevision: revision, body: body)])
            )
        } catch let failure as StoreFailure {
            throw .store(failure)
        } catch let failure as ModuleFailure {
            throw .module(failure)
        } catch {
            preconditionFailure("A store and a module throw nothing else.")
        }
        if outcome == .committed { left.withLock { $0.append(first..<next) } }
    }

    private func read() async throws(GatewayFailure) -> (first: UInt64, revision: UInt64) {
        let record: Record?
        do throws(StoreFailure) {
            record = try await store.read(TraceCounter.key)
        } catch { throw .store(error) }
        guard let record else { return (1, 0) }
        return (try await TraceCounter.next(in: record, seals), record.revision)
    }

    /// The first number that nobody has taken, as a record says.
    static func next(
        in record: Record,
        _ seals: any RecordSealing
    ) async throws(GatewayFailure) -> UInt64 {
        let body: [UInt8]
        do throws(ModuleFailure) {
            body = try await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
        } catch .sealBroken { throw .damaged } catch { throw .module(error) }
        var reader = ByteReader(body, of: "trace counter")
        guard record.key == key, (try? reader.byte("format")) == TraceCounter.format,
            let first = try? reader.integer("next", bytes: 8), first >= 1,
            (try? reader.end()) != nil
        else { throw .damaged }
        return first
    }
}
