// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// What the acquirer has set up at a host of terminals: its name and its wrapped keys.
package enum TerminalRecords {
    /// The host, sealed: one record with the key 00; name (text), and the key shared with the
    /// payment server, wrapped (counted).
    package static let host = RecordKind("host", keyBytes: 1...1)
    /// KMP of an issuer, wrapped and sealed: BIN 3, version 1.
    package static let issuerKey = RecordKind("issuer_key", keyBytes: 4...4)
    private static let wrappedBytesMax = 64

    package struct Host: Sendable {
        package let name: String
        package let wrappedKey: [UInt8]

        package init(name: String, wrappedKey: [UInt8]) {
            self.name = name
            self.wrappedKey = wrappedKey
        }
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

    /// The memory of a new security card.
    package static func memory(_ memory: SealedSecurityCard) -> RecordWrite {
        .put(
            RecordKey(TerminalModule.memoryKind, memory.identifier.bytes),
            expectedRevision: 0,
            body: memory.body
        )
    }

    package static func write(
        _ host: Host,
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = RecordKey(self.host, [0])
        var writer = ByteWriter(capacity: 80)
        writer.text(host.name)
        writer.counted(host.wrappedKey)
        let body = try await seals.seal(writer.bytes, name: key.sealName(), revision: 1)
        return .put(key, expectedRevision: 0, body: body)
    }

    package static func write(
        _ key: IssuerKey,
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let bytes = key.issuer.bytes + [key.version]
        let recordKey = RecordKey(issuerKey, bytes)
        let body = try await seals.seal(key.wrapped, name: recordKey.sealName(), revision: 1)
        return .put(recordKey, expectedRevision: 0, body: body)
    }

    /// - Throws: `.damaged` where there is none or it does not open.
    package static func host(
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> Host {
        guard let record = try await store.read(RecordKey(host, [0])) else {
            throw .damaged("the host has no name")
        }
        do {
            let bytes = try await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
            var reader = ByteReader(bytes, of: "host")
            let name = try reader.text("name", bytesMax: TerminalHeader.nameBytesMax)
            let wrapped = try reader.counted("wrapped key", max: wrappedBytesMax)
            try reader.end()
            return Host(name: name, wrappedKey: wrapped)
        } catch {
            throw .damaged("the record of the host does not open")
        }
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
            let bytes = record.key.bytes
            let wrapped = try? await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
            guard let wrapped, let version = bytes.last,
                let issuer = IssuerIdentifier(
                    bcd: bytes.dropLast().reduce(0) { $0 << 8 | UInt32($1) }
                )
            else { throw .damaged("issuer_key \(Hex.text(bytes)) does not open") }
            keys.append(IssuerKey(issuer: issuer, version: version, wrapped: wrapped))
        }
        return keys
    }

    /// The security cards whose memories are here.
    package static func securityCards(
        in store: any RecordStore
    ) async throws(StoreFailure) -> [SecurityCardIdentifier] {
        var cards: [SecurityCardIdentifier] = []
        try await store.forEach(TerminalModule.memoryKind) { record in
            cards.append(
                SecurityCardIdentifier(bits: record.key.bytes.reduce(0) { $0 << 8 | UInt64($1) })
            )
        }
        return cards
    }
}
