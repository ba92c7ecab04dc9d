// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records

/// Records of one kind as they were opened, by key, with their revision.
struct Opened<Value: Sendable>: Sendable {
    private struct Entry {
        let revision: UInt64
        let transaction: TransactionIdentifier
        let value: Value
    }

    private var entries: [RecordKey: Entry] = [:]

    func has(_ record: Record) -> Bool { entries[record.key]?.revision == record.revision }

    mutating func add(
        _ value: Value,
        _ record: Record,
        _ transaction: TransactionIdentifier = .unknown
    ) {
        entries[record.key] = Entry(
            revision: record.revision,
            transaction: transaction,
            value: value
        )
    }

    /// Forgets what is no longer stored.
    mutating func keep(_ records: [Record]) {
        guard records.count < entries.count else { return }
        let keys = Set(records.map(\.key))
        entries = entries.filter { keys.contains($0.key) }
    }

    var values: [Value] { entries.values.map(\.value) }

    var byTransaction: [TransactionIdentifier: Value] {
        Dictionary(entries.values.map { ($0.transaction, $0.value) }) { first, _ in first }
    }
}
