// SPDX-License-Identifier: Apache-2.0

/// One step of a party: everything that becomes durable together, or not at all. Only after its
/// commit may a byte leave.
package struct Transition: Equatable, Sendable {
    package var writes: [RecordWrite]
    package var history: [HistoryRow]

    package init(writes: [RecordWrite], history: [HistoryRow] = []) {
        self.writes = writes
        self.history = history
    }
}

/// A change of one record, guarded by the revision that the step was computed from.
package struct RecordWrite: Equatable, Sendable {
    package enum Change: Equatable, Sendable {
        case put(body: [UInt8], reply: [UInt8], isOpen: Bool)
        case delete
    }

    package let key: RecordKey
    /// The revision that must be stored now; 0 where the record must not exist yet.
    package let expectedRevision: UInt64
    package let change: Change

    /// Writes the record's next state. It will have revision `expectedRevision + 1`.
    package static func put(
        _ key: RecordKey,
        expectedRevision: UInt64,
        body: [UInt8],
        reply: [UInt8] = [],
        isOpen: Bool = false
    ) -> RecordWrite {
        precondition(max(body.count, reply.count) <= RecordLimits.bodyBytesMax)
        return RecordWrite(
            key: key,
            expectedRevision: expectedRevision,
            change: .put(body: body, reply: reply, isOpen: isOpen)
        )
    }

    /// Removes a record that nobody needs any more, such as a session that has ended.
    package static func delete(_ key: RecordKey, expectedRevision: UInt64) -> RecordWrite {
        precondition(expectedRevision >= 1)
        return RecordWrite(key: key, expectedRevision: expectedRevision, change: .delete)
    }
}

/// How a commit ended.
package enum CommitOutcome: Equatable, Sendable {
    /// Durable: on disk, flushed.
    case committed
    /// Nothing was written: this record (or history row, named by its stream) has another revision
    /// than the step was computed from. Read again and decide again.
    case conflict
}
