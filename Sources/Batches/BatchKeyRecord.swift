// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records
package import SecurityModule
import Wire

/// KB of an acquirer at its payment server or at a host of terminals: wrapped under the local
/// master key of that party, and sealed. A record for each version; key: version 1. Security cards
/// sign with the newest (`docs/decisions/0038`).
package struct BatchKeyRecord: Equatable, Sendable {
    package static let kind = RecordKind("batch_key", keyBytes: 1...1)

    /// The first one is 0.
    package let version: UInt8
    package let wrapped: [UInt8]

    package init(version: UInt8, wrapped: [UInt8]) {
        self.version = version
        self.wrapped = wrapped
    }

    /// The write that makes it durable; there must not be one of this version.
    package func write(
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = RecordKey(Self.kind, [version])
        let body = try await seals.seal(wrapped, name: key.sealName(), revision: 1)
        return .put(key, expectedRevision: 0, body: body)
    }

    /// All versions, the newest last.
    ///
    /// - Throws: `.damaged`, naming the version, where one does not open.
    package static func all(
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> [BatchKeyRecord] {
        var keys: [BatchKeyRecord] = []
        try await store.forEach(kind) { record async throws(StoreFailure) in
            keys.append(try await open(record, seals))
        }
        return keys
    }

    /// The one to sign with; nil where there is none yet.
    ///
    /// - Throws: `.damaged` where it does not open, whatever the others do.
    package static func newest(
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> BatchKeyRecord? {
        let last = try await store.list(kind, after: nil, limit: 1, order: .descending).first
        guard let last else { return nil }
        return try await open(last, seals)
    }

    private static func open(
        _ record: Record,
        _ seals: any RecordSealing
    ) async throws(StoreFailure) -> BatchKeyRecord {
        let wrapped = try? await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        guard let wrapped, let version = record.key.bytes.first else {
            throw .damaged("batch_key \(Hex.text(record.key.bytes)) does not open")
        }
        return BatchKeyRecord(version: version, wrapped: wrapped)
    }
}
