// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
package import Wire

/// A closed batch as payment server and concentration point keep it, sealed. Key: IDPSAM 8, batch
/// number 4. Format 1: state 1, reason of the last refusal 1 (00 for none), generation 4, whether
/// there is progress 1 and of it next index 4, digest 32, totals; header (counted). Open until it
/// is acknowledged and its sales are not needed here any more.
package struct BatchRecord: Equatable, Sendable {
    package enum State: UInt8, Sendable {
        /// Its sales are coming in.
        case receiving = 1
        /// All of it is here, and has to go on.
        case waiting = 2
        /// It is durable at the clearing house; what is not needed here any more is removed.
        case acknowledged = 3
        case closed = 4
    }

    /// How far a batch has come that is being received: the next index, and the chain and the
    /// totals up to there.
    package struct Progress: Equatable, Sendable {
        package var next: UInt32
        package var digest: [UInt8]
        package var totals: BatchTotals

        package init(next: UInt32, digest: [UInt8], totals: BatchTotals) {
            self.next = next
            self.digest = digest
            self.totals = totals
        }
    }

    package static let kind = RecordKind("batch", keyBytes: 12...12)
    private static let format: UInt8 = 1
    private static let headerBytesMax = 2048

    package let header: BatchHeader
    package var state: State
    /// Why it was not taken when it was offered last.
    package var refusal: BatchRefusal?
    /// Counted up when the sales that are here are given up and come in again.
    package var generation: UInt32
    /// While it is received.
    package var progress: Progress?

    package init(
        _ header: BatchHeader,
        _ state: State,
        generation: UInt32 = 1,
        progress: Progress? = nil
    ) {
        precondition((state == .receiving) == (progress != nil))
        self.header = header
        self.state = state
        refusal = nil
        self.generation = generation
        self.progress = progress
    }

    package var name: BatchName { header.name }

    package var isOpen: Bool { state != .closed }

    /// Whether it is durable at the clearing house.
    package var isAcknowledged: Bool { state == .acknowledged || state == .closed }

    package static func key(_ name: BatchName) -> RecordKey { RecordKey(kind, name.bytes) }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "batch record")
        guard try reader.byte("format") == BatchRecord.format else {
            throw reader.failure("format", .invalid)
        }
        state = try reader.value("state", bytes: 1) { State(rawValue: UInt8($0)) }
        let reason = try reader.byte("reason")
        refusal = BatchRefusal(rawValue: reason)
        guard reason == 0 || refusal != nil else { throw reader.failure("reason", .invalid) }
        generation = try reader.number("generation")
        progress = try reader.optional("progress") { reader throws(WireFailure) in
            let next = try reader.number("next index")
            let digest = try reader.bytes("digest", count: BatchHeader.digestBytes)
            let totals = try reader.batchTotals(max: BatchHeader.totalsMax)
            return Progress(next: next, digest: digest, totals: BatchTotals(totals))
        }
        header = try BatchHeader(
            try reader.counted("header", max: BatchRecord.headerBytesMax)
        )
        guard (state == .receiving) == (progress != nil) else {
            throw reader.failure("progress", .invalid)
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.byte(BatchRecord.format)
        writer.byte(state.rawValue)
        writer.byte(refusal?.rawValue ?? 0)
        writer.number(generation)
        writer.byte(progress == nil ? 0 : 1)
        if let progress {
            writer.number(progress.next)
            writer.append(progress.digest)
            writer.batchTotals(progress.totals.list)
        }
        writer.counted(header.bytes)
        return writer.bytes
    }
}

extension BatchRecord {
    /// A batch as stored.
    package struct Stored: Sendable {
        package var batch: BatchRecord
        /// 0 before it is.
        package let revision: UInt64

        package init(_ batch: BatchRecord, revision: UInt64) {
            self.batch = batch
            self.revision = revision
        }
    }

    /// The write of its next state.
    ///
    /// `revision`: of the one that it replaces, 0 for a new one.
    package func write(
        over revision: UInt64,
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = BatchRecord.key(name)
        let body = try await seals.seal(
            bytes,
            name: key.sealName(isOpen: isOpen),
            revision: revision + 1
        )
        return .put(key, expectedRevision: revision, body: body, isOpen: isOpen)
    }

    /// - Throws: `.damaged`, naming the row, where it was changed by somebody else.
    package static func open(
        _ record: Record,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> Stored {
        let bytes = try? await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        guard let bytes, let batch = try? BatchRecord(bytes), batch.isOpen == record.isOpen,
            record.key == key(batch.name)
        else { throw .damaged("batch \(Hex.text(record.key.bytes)) does not open") }
        return Stored(batch, revision: record.revision)
    }

    /// - Throws: `.damaged` where it was changed by somebody else.
    package static func read(
        _ name: BatchName,
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> Stored? {
        guard let record = try await store.read(key(name)) else { return nil }
        return try await open(record, sealedBy: seals)
    }
}
