// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// What the acquirer's operator has set up: agreements with merchants and wrapped keys.
package enum AcquirerRecords {
    /// A merchant's agreement: MERCH, and the comparison policy in one byte, sealed.
    package static let agreement = RecordKind("agreement", keyBytes: 15...15)
    /// K, wrapped and sealed: MERCH 15 and the name of the key.
    package static let merchantKey = RecordKind("merchant_key", keyBytes: 16...31)
    /// KMP of an issuer, wrapped and sealed: BIN 3, version 1.
    package static let issuerKey = RecordKind("issuer_key", keyBytes: 4...4)

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

    /// K of a merchant, wrapped.
    package struct MerchantKey: Sendable {
        package let merchant: MerchantIdentifier
        package let name: String
        package let wrapped: [UInt8]
    }

    /// KMP of an issuer, wrapped.
    package struct IssuerKey: Sendable {
        package let issuer: IssuerIdentifier
        package let version: UInt8
        package let wrapped: [UInt8]

        package init(issuer: IssuerIdentifier, version: UInt8, wrapped: [UInt8]) {
            self.issuer = issuer
            self.version = version
            self.wrapped = wrapped
        }
    }

    package static func merchantKey(
        _ name: String,
        of merchant: MerchantIdentifier,
        wrapped: [UInt8],
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = RecordKey(merchantKey, merchant.bytes + Array(name.utf8))
        let body = try await seals.seal(wrapped, name: key.sealName(), revision: 1)
        return .put(key, expectedRevision: 0, body: body)
    }

    package static func issuerKey(
        _ issuerKey: IssuerKey,
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let bytes = issuerKey.issuer.bytes + [issuerKey.version]
        let key = RecordKey(self.issuerKey, bytes)
        let body = try await seals.seal(issuerKey.wrapped, name: key.sealName(), revision: 1)
        return .put(key, expectedRevision: 0, body: body)
    }

    /// All agreements.
    ///
    /// - Throws: `.damaged` where one does not open.
    package static func agreements(
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> [PaymentModule.Agreement] {
        var agreements: [PaymentModule.Agreement] = []
        try await store.forEach(agreement) { record async throws(StoreFailure) in
            let body = try? await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
            guard let code = body?.first, let policy = ComparisonPolicy(rawValue: code),
                let merchant = MerchantIdentifier(
                    String(decoding: record.key.bytes, as: UTF8.self)
                )
            else { throw .damaged("the agreement of a merchant") }
            agreements.append(PaymentModule.Agreement(merchant: merchant, policy: policy))
        }
        return agreements
    }

    /// The wrapped keys that merchants share with this payment server.
    ///
    /// - Throws: `.damaged` where one does not open.
    package static func merchantKeys(
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> [MerchantKey] {
        var keys: [MerchantKey] = []
        try await store.forEach(merchantKey) { record async throws(StoreFailure) in
            keys.append(try await openMerchantKey(record, sealedBy: seals))
        }
        return keys
    }

    /// The wrapped KMP of each issuer and version.
    ///
    /// - Throws: `.damaged` where one does not open.
    package static func issuerKeys(
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> [IssuerKey] {
        var keys: [IssuerKey] = []
        try await store.forEach(issuerKey) { record async throws(StoreFailure) in
            keys.append(try await openIssuerKey(record, sealedBy: seals))
        }
        return keys
    }

    private static func openMerchantKey(
        _ record: Record,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> MerchantKey {
        let bytes = record.key.bytes
        let wrapped = try await open(record, seals)
        let length = MerchantIdentifier.length
        guard
            let merchant = MerchantIdentifier(
                String(decoding: bytes.prefix(length), as: UTF8.self)
            )
        else { throw damaged(record) }
        return MerchantKey(
            merchant: merchant,
            name: String(decoding: bytes.dropFirst(length), as: UTF8.self),
            wrapped: wrapped
        )
    }

    /// - Throws: `.damaged`, naming the row, where it was changed.
    package static func openIssuerKey(
        _ record: Record,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> IssuerKey {
        let bytes = record.key.bytes
        let wrapped = try await open(record, seals)
        guard let version = bytes.last,
            let issuer = IssuerIdentifier(
                bcd: bytes.dropLast().reduce(0) { $0 << 8 | UInt32($1) }
            )
        else { throw damaged(record) }
        return IssuerKey(issuer: issuer, version: version, wrapped: wrapped)
    }

    private static func open(
        _ record: Record,
        _ seals: any RecordSealing
    ) async throws(StoreFailure) -> [UInt8] {
        guard
            let body = try? await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
        else { throw damaged(record) }
        return body
    }

    private static func damaged(_ record: Record) -> StoreFailure {
        .damaged("\(record.key.kind.name) \(Hex.text(record.key.bytes)) does not open")
    }
}
