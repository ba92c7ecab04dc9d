// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule

/// What the merchant keeps: one record for each order and one for its refunds, by its TRX, the key
/// that it shares with the payment server, wrapped and sealed, by its name, and its agreement with
/// the acquirer, sealed.
package enum MerchantRecords {
    package static let order = RecordKind("order", keyBytes: 16...16)
    package static let sharedKey = RecordKind("shared_key", keyBytes: 1...16)
    /// Where S3 is compared, in one byte, by MERCH.
    package static let agreement = RecordKind("agreement", keyBytes: 15...15)
    /// See ``MerchantRefunds``.
    package static let refund = RecordKind("refund", keyBytes: 16...16)
    package static let schema = RecordSchema(
        party: "merchant",
        version: 2,
        kinds: [order, sharedKey, agreement, refund]
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

    /// The write of an agreement.
    ///
    /// `revision`: of the one that it replaces, 0 for a new one.
    package static func agreement(
        of merchant: MerchantIdentifier,
        _ policy: ComparisonPolicy,
        over revision: UInt64 = 0,
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = RecordKey(agreement, merchant.bytes)
        let body = try await seals.seal(
            [policy.rawValue],
            name: key.sealName(),
            revision: revision + 1
        )
        return .put(key, expectedRevision: revision, body: body)
    }

    /// Where S3 is compared for this merchant's sales.
    ///
    /// - Returns: the security card, where nothing else was agreed.
    /// - Throws: `.damaged` where the record does not open.
    package static func policy(
        of merchant: MerchantIdentifier,
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> ComparisonPolicy {
        guard let record = try await store.read(RecordKey(agreement, merchant.bytes)) else {
            return .securityCard
        }
        let body = try? await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        guard let code = body?.first, let policy = ComparisonPolicy(rawValue: code) else {
            throw .damaged("the agreement of the shop")
        }
        return policy
    }
}
