// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule

/// What the acquirer's operator has set up: agreements with merchants and wrapped keys.
package enum AcquirerRecords {
    /// A merchant's agreement: MERCH, and the comparison policy in one byte, sealed.
    package static let agreement = RecordKind("agreement", keyBytes: 15...15)
    /// K, wrapped: MERCH 15 and the name of the key.
    package static let merchantKey = RecordKind("merchant_key", keyBytes: 16...31)
    /// KMP of an issuer, wrapped: BIN 3, version 1.
    package static let issuerKey = RecordKind("issuer_key", keyBytes: 4...4)

    package static func agreement(
        of merchant: MerchantIdentifier, _ policy: ComparisonPolicy,
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = RecordKey(agreement, merchant.bytes)
        let body = try await seals.seal([policy.rawValue], name: key.sealName(), revision: 1)
        return .put(key, expectedRevision: 0, body: body)
    }

    package static func merchantKey(
        _ name: String, of merchant: MerchantIdentifier, wrapped: [UInt8]
    ) -> RecordWrite {
        .put(
            RecordKey(merchantKey, merchant.bytes + Array(name.utf8)), expectedRevision: 0,
            body: wrapped)
    }

    package static func issuerKey(
        _ issuer: IssuerIdentifier, version: UInt8, wrapped: [UInt8]
    ) -> RecordWrite {
        .put(
            RecordKey(issuerKey, Array(issuer.bcd.bigEndianBytes.dropFirst()) + [version]),
            expectedRevision: 0, body: wrapped)
    }

    /// All agreements.
    ///
    /// - Throws: `.damaged` where one does not open.
    package static func agreements(
        in store: any RecordStore, sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> [PaymentModule.Agreement] {
        var agreements: [PaymentModule.Agreement] = []
        for record in try await store.list(
            agreement, after: nil, limit: RecordLimits.pageMax, order: .ascending)
        {
            let body = try? await seals.open(
                record.body, name: record.sealName, revision: record.revision)
            guard let code = body?.first, let policy = ComparisonPolicy(rawValue: code),
                let merchant = MerchantIdentifier(
                    String(decoding: record.key.bytes, as: UTF8.self))
            else { throw .damaged("the agreement of a merchant") }
            agreements.append(PaymentModule.Agreement(merchant: merchant, policy: policy))
        }
        return agreements
    }

    /// The wrapped keys that merchants share with this payment server.
    package static func merchantKeys(
        in store: any RecordStore
    ) async throws(StoreFailure) -> [(merchant: MerchantIdentifier, name: String, wrapped: [UInt8])]
    {
        var keys: [(MerchantIdentifier, String, [UInt8])] = []
        for record in try await store.list(
            merchantKey, after: nil, limit: RecordLimits.pageMax, order: .ascending)
        {
            let bytes = record.key.bytes
            guard
                let merchant = MerchantIdentifier(
                    String(decoding: bytes.prefix(MerchantIdentifier.length), as: UTF8.self))
            else { throw .damaged("the key of a merchant") }
            let name = String(
                decoding: bytes.dropFirst(MerchantIdentifier.length), as: UTF8.self)
            keys.append((merchant, name, record.body))
        }
        return keys
    }

    /// The wrapped KMP of each issuer and version.
    package static func issuerKeys(
        in store: any RecordStore
    ) async throws(StoreFailure) -> [(issuer: IssuerIdentifier, version: UInt8, wrapped: [UInt8])] {
        var keys: [(IssuerIdentifier, UInt8, [UInt8])] = []
        for record in try await store.list(
            issuerKey, after: nil, limit: RecordLimits.pageMax, order: .ascending)
        {
            let bytes = record.key.bytes
            guard let issuer = IssuerIdentifier(bcd: bytes.prefix(3).reduce(0) { $0 << 8 | UInt32($1) }),
                let version = bytes.last
            else { throw .damaged("the key of an issuer") }
            keys.append((issuer, version, record.body))
        }
        return keys
    }
}
