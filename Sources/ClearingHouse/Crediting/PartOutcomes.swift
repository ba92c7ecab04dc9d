// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// What became of sales that were credited together, in their order. Format 1: number 2, and of
/// each its ``CreditOutcome`` 1. The key is the place of the first.
struct PartOutcomes: Equatable, Sendable {
    let first: BatchPlace
    let outcomes: [CreditOutcome]

    private static let format: UInt8 = 1
}

extension PartOutcomes: ClearingRecord {
    static let kind = ClearingRecords.outcomes
    var key: [UInt8] { first.bytes }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "outcomes key")
        first = try name.place()
        var reader = ByteReader(body, of: "outcomes")
        guard try reader.byte("format") == PartOutcomes.format else {
            throw reader.failure("format", .invalid)
        }
        outcomes = try reader.list(
            "outcomes",
            max: CollectionMessage.partMax
        ) { reader throws(WireFailure) in
            try reader.value("outcome", bytes: 1) { CreditOutcome(code: UInt8($0)) }
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 3 + outcomes.count)
        writer.byte(PartOutcomes.format)
        writer.list(outcomes) { $0.byte($1.code) }
        return writer.bytes
    }
}
