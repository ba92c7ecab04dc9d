// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// A sale as its security card has collected it: ``CollectedSale`` bytes, sealed, written in the
/// commit that counts the sale. Key: IDPSAM 8, batch number 4, index 4.
package enum CollectedRecord {
    package static let kind = RecordKind("collected", keyBytes: 16...16)

    /// `place`: index 0 comes before all sales of the batch.
    package static func key(_ place: BatchPlace) -> RecordKey { RecordKey(kind, place.bytes) }

    /// `bytes`: those of the ``CollectedSale`` at this place.
    package static func write(
        _ bytes: [UInt8],
        at place: BatchPlace,
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = key(place)
        let body = try await seals.seal(bytes, name: key.sealName(), revision: 1)
        return .put(key, expectedRevision: 0, body: body)
    }

    /// - Returns: ``CollectedSale`` bytes, the sale and its place.
    /// - Throws: `.damaged`, naming the row, where it was changed.
    package static func open(
        _ record: Record,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> (bytes: [UInt8], sale: CollectedSale, place: BatchPlace) {
        let bytes = try? await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        guard let bytes, let (sale, place) = try? CollectedSale.read(bytes),
            key(place) == record.key
        else { throw .damaged("collected \(Hex.text(record.key.bytes)) does not open") }
        return (bytes, sale, place)
    }
}
