// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// The wrapped master keys of an issuer as a record: sealed, so that they are bound to the issuer
/// and the version that they are for.
package enum IssuerKeys {
    /// The write that makes new keys durable.
    package static func write(
        _ wrapped: [UInt8],
        of issuer: IssuerIdentifier,
        version: UInt8,
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = Issuer.key(issuer, version: version)
        let body = try await seals.seal(wrapped, name: key.sealName(), revision: 1)
        return .put(key, expectedRevision: 0, body: body)
    }

    /// - Returns: the issuer, the version, and the wrapped keys.
    /// - Throws: `.damaged`, naming the row, where it was changed.
    package static func open(
        _ record: Record,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> (issuer: IssuerIdentifier, version: UInt8, wrapped: [UInt8]) {
        let bytes = record.key.bytes
        let opened = try? await seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        guard let opened, let version = bytes.last,
            let issuer = IssuerIdentifier(
                bcd: bytes.dropLast().reduce(0) { $0 << 8 | UInt32($1) }
            )
        else { throw .damaged("\(record.key.kind.name) \(Hex.text(bytes)) does not open") }
        return (issuer, version, opened)
    }
}
