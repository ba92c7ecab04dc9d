// SPDX-License-Identifier: Apache-2.0

package import Records
package import SecurityModule

/// What the merchant keeps: one record for each order, by its TRX, and the key that it shares
/// with the payment server, wrapped and sealed, by its name.
package enum MerchantRecords {
    package static let order = RecordKind("order", keyBytes: 16...16)
    package static let sharedKey = RecordKind("shared_key", keyBytes: 1...16)
    package static let schema = RecordSchema(
        party: "merchant",
        version: 1,
        kinds: [order, sharedKey]
    )

    /// The write of a key that is shared with the payment server.
    package static func sharedKey(
        _ name: String,
        wrapped: [UInt8],
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = RecordKey(sharedKey, Array(name.utf8))
        let body = try await seals.seal(wrapped, name: key.sealName(), revision: 1)
        return .put(key, expectedRevision: 0, body: body)
    }
}
