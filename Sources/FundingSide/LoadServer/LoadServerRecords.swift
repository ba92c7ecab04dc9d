// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// What the load server's operator has set up: agreements with banks and wrapped keys.
package enum LoadServerRecords {
    /// A bank's agreement: its name for the operator, sealed, by IDBANK.
    package static let agreement = RecordKind("agreement", keyBytes: 8...8)
    /// K, wrapped and sealed: IDBANK 8 and the name of the key.
    package static let bankKey = RecordKind("bank_key", keyBytes: 9...24)
    /// KML and KMC of an issuer, wrapped and sealed: BIN 3, version 1.
    package static let issuerKey = RecordKind("issuer_key", keyBytes: 4...4)

    package static let schema = RecordSchema(
        party: "load_server",
        version: 1,
        kinds: [AuthorizationRecord.kind, agreement, bankKey, issuerKey]
    )

    /// A bank that may have cards loaded.
    package struct Agreement: Equatable, Sendable {
        package let bank: BankIdentifier
        /// For the operator, at most ``LoadLimits/bankNameBytesMax`` bytes.
        package let name: String

        package init(bank: BankIdentifier, name: String) {
            self.bank = bank
            self.name = name
        }
    }

    /// K of a bank, wrapped.
    package struct BankKey: Sendable {
        package let bank: BankIdentifier
        package let name: String
        package let wrapped: [UInt8]

        package init(bank: BankIdentifier, name: String, wrapped: [UInt8]) {
            self.bank = bank
            self.name = name
            self.wrapped = wrapped
        }
    }

    /// KML and KMC of an issuer, wrapped.
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

    // MARK: Writes

    /// The write of an agreement.
    ///
    /// `revision`: of the one that it replaces, 0 for a new one.
    package static func write(
        _ agreement: Agreement,
        over revision: UInt64 = 0,
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = RecordKey(self.agreement, agreement.bank.bytes)
        return try await write(Array(agreement.name.utf8), key, over: revision, seals)
    }

    package static func write(
        _ bankKey: BankKey,
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = RecordKey(self.bankKey, bankKey.bank.bytes + Array(bankKey.name.utf8))
        return try await write(bankKey.wrapped, key, over: 0, seals)
    }

    package static func write(
        _ issuerKey: IssuerKey,
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let bytes = issuerKey.issuer.bytes + [issuerKey.version]
        return try await write(issuerKey.wrapped, RecordKey(self.issuerKey, bytes), over: 0, seals)
    }

    private static func write(
        _ content: [UInt8],
        _ key: RecordKey,
        over revision: UInt64,
        _ seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let body = try await seals.seal(content, name: key.sealName(), revision: revision + 1)
        return .put(key, expectedRevision: revision, body: body)
    }

    // MARK: Reading

    /// All agreements.
    ///
    /// - Throws: `.damaged`, naming the row, where one was changed.
    package static func agreements(
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> [Agreement] {
        var agreements: [Agreement] = []
        try await store.forEach(agreement) { record async throws(StoreFailure) in
            let name = String(decoding: try await open(record, seals), as: UTF8.self)
            agreements.append(Agreement(bank: bank(record.key.bytes), name: name))
        }
        return agreements
    }

    /// The wrapped keys that banks share with this load server.
    ///
    /// - Throws: `.damaged`, naming the row, where one was changed.
    package static func bankKeys(
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> [BankKey] {
        var keys: [BankKey] = []
        try await store.forEach(bankKey) { record async throws(StoreFailure) in
            let name = record.key.bytes.dropFirst(BankIdentifier.length)
            keys.append(
                BankKey(
                    bank: bank(record.key.bytes),
                    name: String(decoding: name, as: UTF8.self),
                    wrapped: try await open(record, seals)
                )
            )
        }
        return keys
    }

    /// The wrapped KML and KMC of each issuer and version.
    ///
    /// - Throws: `.damaged`, naming the row, where one was changed.
    package static func issuerKeys(
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> [IssuerKey] {
        var keys: [IssuerKey] = []
        try await store.forEach(issuerKey) { record async throws(StoreFailure) in
            let wrapped = try await open(record, seals)
            let bin = record.key.bytes.dropLast().reduce(0) { $0 << 8 | UInt32($1) }
            guard let version = record.key.bytes.last, let issuer = IssuerIdentifier(bcd: bin)
            else { throw damaged(record) }
            keys.append(IssuerKey(issuer: issuer, version: version, wrapped: wrapped))
        }
        return keys
    }

    private static func bank(_ key: [UInt8]) -> BankIdentifier {
        BankIdentifier(
            bits: key.prefix(BankIdentifier.length).reduce(0) { $0 << 8 | UInt64($1) }
        )
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
