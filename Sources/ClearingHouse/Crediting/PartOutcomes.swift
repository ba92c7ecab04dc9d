// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// What became of sales that were credited together, in their order. Format 1: number 2, and of
/// each 00 where it was cleared, or why not (``SuspenseReason``). The key is the place of the first.
struct PartOutcomes: Equatable, Sendable {
    let first: BatchPlace
    /// Nil for a sale that was cleared.
    let reasons: [SuspenseReason?]

    private static let format: UInt8 = 1
    private static let cleared: UInt8 = 0
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
        reasons = try reader.list(
            "outcomes",
            max: CollectionMessage.partMax
        ) { reader throws(WireFailure) in
            let code = try reader.byte("outcome")
            if code == PartOutcomes.cleared { return nil }
            guard let reason = SuspenseReason(code: code) else {
                throw reader.failure("outcome", .invalid)
            }
            return reason
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 3 + reasons.count)
        writer.byte(PartOutcomes.format)
        writer.list(reasons) { $0.byte($1?.code ?? PartOutcomes.cleared) }
        return writer.bytes
    }
}
