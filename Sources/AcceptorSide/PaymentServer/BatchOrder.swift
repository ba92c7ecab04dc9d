// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// The operator's order to close batches, sealed: one record with the key 00, milliseconds since
/// 1970 8. Who orders does not drive the security cards: the running payment server does it in its
/// next round, and one that is stopped when it starts. The order stays, and is replaced by the next
/// one: what was closed by it is not due again.
package struct BatchOrder: Equatable, Sendable {
    package static let kind = RecordKind("batch_order", keyBytes: 1...1)
    private static let key = RecordKey(kind, [0])

    /// Each batch whose first sale is not later than this is to be closed.
    package let cutOff: Instant
    /// 0 before it is stored.
    private let revision: UInt64

    private init(cutOff: Instant, revision: UInt64) {
        self.cutOff = cutOff
        self.revision = revision
    }

    /// Makes an order durable, in the place of the one before.
    ///
    /// `cutOff`: each batch whose first sale is not later is to be closed.
    /// - Returns: false where somebody else ordered at the same time.
    /// - Throws: `StoreFailure`; `.damaged` where the order before does not open.
    package static func give(
        _ cutOff: Instant,
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> Bool {
        let revision = try await read(in: store, sealedBy: seals)?.revision ?? 0
        let body: [UInt8]
        do throws(ModuleFailure) {
            body = try await seals.seal(
                cutOff.milliseconds.bigEndianBytes,
                name: key.sealName(),
                revision: revision + 1
            )
        } catch {
            throw .unavailable("an order cannot be sealed: \(error)")
        }
        let write = RecordWrite.put(key, expectedRevision: revision, body: body)
        return try await store.commit(Transition(writes: [write])) == .committed
    }

    /// The last order; nil where none was given.
    ///
    /// - Throws: `.damaged` where it does not open.
    package static func read(
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> BatchOrder? {
        guard let record = try await store.read(key) else { return nil }
        let body = try? await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        guard let body, body.count == MemoryLayout<Int64>.size else {
            throw .damaged("batch_order does not open")
        }
        let milliseconds = body.reduce(0) { $0 << 8 | Int64($1) }
        return BatchOrder(
            cutOff: Instant(milliseconds: milliseconds),
            revision: record.revision
        )
    }
}
