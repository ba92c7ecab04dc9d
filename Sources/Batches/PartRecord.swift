// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records
import Wire

/// Sales of a batch as they came in one part, sealed: 1 to ``CollectionMessage/partMax``, as
/// ``CollectedSale`` bytes one after another. Key: IDPSAM 8, batch number 4, generation 4, index of
/// the first sale 4.
package enum PartRecord {
    package static let kind = RecordKind("part", keyBytes: 20...20)

    /// `index`: of the first sale; 0 comes before all of this generation.
    static func key(_ batch: BatchName, generation: UInt32, from index: UInt32) -> RecordKey {
        var writer = ByteWriter(capacity: 20)
        writer.batch(batch)
        writer.number(generation)
        writer.number(index)
        return RecordKey(kind, writer.bytes)
    }

    /// What the key of a part says.
    static func read(
        _ key: RecordKey
    ) -> (batch: BatchName, generation: UInt32, index: UInt32)? {
        var reader = ByteReader(key.bytes, of: "part key")
        guard let batch = try? reader.batch(), let generation = try? reader.number("generation"),
            let index = try? reader.number("index")
        else { return nil }
        return (batch, generation, index)
    }

    /// - Returns: nil where these are no whole sales.
    package static func sales(_ body: [UInt8]) -> [[UInt8]]? {
        guard !body.isEmpty, body.count % CollectedSale.length == 0 else { return nil }
        return stride(from: 0, to: body.count, by: CollectedSale.length).map {
            Array(body[$0..<$0 + CollectedSale.length])
        }
    }
}
