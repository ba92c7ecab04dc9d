// SPDX-License-Identifier: Apache-2.0

/// Where a party keeps its records: the port that every store implements and that one contract
/// test checks (`Tests/RecordsTests/RecordStoreContract.swift`).
///
/// What every implementation must hold:
/// - `commit` writes all of a transition or nothing, and returns `.committed` only when the whole
///   of it is durable.
/// - A write whose expected revision is not the stored one makes the whole transition a
///   `.conflict`; so does a history row whose number is not the stream's next.
/// - What `commit` answered is seen by each `read` that starts afterwards.
/// - Transitions that wait together may share one flush; one of them that conflicts leaves the
///   others untouched. A lone caller never waits for a timer.
package protocol RecordStore: Sendable {
    /// The record as last committed, or nil.
    func read(_ key: RecordKey) async throws(StoreFailure) -> Record?

    /// Makes a step durable.
    func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome

    /// Records of one kind in the order of their key bytes, beginning behind `cursor` (or at the
    /// first, respectively the last one); at most `limit`, which is capped at
    /// ``RecordLimits/pageMax``.
    func list(_ kind: RecordKind, after cursor: [UInt8]?, limit: Int, order: RecordOrder)
        async throws(StoreFailure) -> [Record]

    /// The open records of one kind, in the order of their key bytes, capped as `list` is.
    func listOpen(_ kind: RecordKind, after cursor: [UInt8]?, limit: Int)
        async throws(StoreFailure) -> [Record]

    /// Rows of one stream behind `number`, in ascending order, capped as `list` is.
    func history(_ stream: [UInt8], after number: UInt64, limit: Int)
        async throws(StoreFailure) -> [HistoryRow]

    /// How many records of this kind there are.
    func count(_ kind: RecordKind) async throws(StoreFailure) -> Int
}

/// The order in which records are listed.
package enum RecordOrder: Sendable {
    case ascending
    case descending
}

/// Why a store could not do what it was asked. Whatever the case, nothing of the transition is
/// stored, except that after `.unavailable` a commit may or may not have happened: read again.
package enum StoreFailure: Error, Equatable, Sendable {
    /// No room is left on the disk.
    case diskFull
    /// Another program holds the database.
    case locked
    /// The database file is not readable as one. The text is for the log and holds no record.
    case damaged(String)
    /// The data were written by a newer version of this program.
    case newerVersion(found: Int, supported: Int)
    /// The data belong to another party.
    case otherParty(found: String, expected: String)
    /// The store cannot be reached or has been closed.
    case unavailable(String)

    /// Whether the same call may succeed later without anybody's help.
    package var isTransient: Bool {
        switch self {
        case .locked, .unavailable: true
        case .diskFull, .damaged, .newerVersion, .otherParty: false
        }
    }
}

/// What a party keeps: the schema that a store is opened with.
package struct RecordSchema: Sendable {
    /// The party, for instance `payment_server`; data of another party are refused.
    package let party: String
    /// Counted up when the encoding of a body changes; newer data are refused.
    package let version: Int
    package let kinds: [RecordKind]

    package init(party: String, version: Int, kinds: [RecordKind]) {
        precondition(version >= 1 && Set(kinds.map(\.name)).count == kinds.count)
        self.party = party
        self.version = version
        self.kinds = kinds
    }
}
