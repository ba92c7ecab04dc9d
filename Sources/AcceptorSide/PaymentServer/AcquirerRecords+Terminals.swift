// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

// The terminals on other hosts.
extension AcquirerRecords {
    /// A security card on another host, sealed: IDPSAM; its host (text) and the key that payment
    /// server and host share, wrapped (counted).
    package static let remoteTerminal = RecordKind("remote_terminal", keyBytes: 8...8)
    private static let wrappedBytesMax = 64

    /// A security card on another host.
    package struct RemoteTerminal: Sendable {
        package let securityCard: SecurityCardIdentifier
        package let host: String
        package let wrappedKey: [UInt8]

        package init(securityCard: SecurityCardIdentifier, host: String, wrappedKey: [UInt8]) {
            self.securityCard = securityCard
            self.host = host
            self.wrappedKey = wrappedKey
        }
    }

    package static func remoteTerminal(
        _ terminal: RemoteTerminal,
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = RecordKey(remoteTerminal, terminal.securityCard.bytes)
        var writer = ByteWriter(capacity: 80)
        writer.text(terminal.host)
        writer.counted(terminal.wrappedKey)
        let body = try await seals.seal(writer.bytes, name: key.sealName(), revision: 1)
        return .put(key, expectedRevision: 0, body: body)
    }

    /// All security cards on other hosts, in the order of IDPSAM.
    ///
    /// - Throws: `.damaged` where one does not open.
    package static func remoteTerminals(
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> [RemoteTerminal] {
        var terminals: [RemoteTerminal] = []
        try await store.forEach(remoteTerminal) { record async throws(StoreFailure) in
            terminals.append(try await openRemoteTerminal(record, sealedBy: seals))
        }
        return terminals
    }

    /// - Throws: `.damaged`, naming the row, where it was changed.
    package static func openRemoteTerminal(
        _ record: Record,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> RemoteTerminal {
        do {
            let bytes = try await seals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
            var reader = ByteReader(bytes, of: "remote terminal")
            let host = try reader.text("host", bytesMax: TerminalHeader.nameBytesMax)
            let wrapped = try reader.counted("wrapped key", max: wrappedBytesMax)
            try reader.end()
            guard !host.isEmpty else { throw reader.failure("host", .invalid) }
            let bits = record.key.bytes.reduce(0) { $0 << 8 | UInt64($1) }
            return RemoteTerminal(
                securityCard: SecurityCardIdentifier(bits: bits),
                host: host,
                wrappedKey: wrapped
            )
        } catch {
            throw .damaged("remote_terminal \(Hex.text(record.key.bytes)) does not open")
        }
    }
}
