// SPDX-License-Identifier: Apache-2.0

package import Crypto
import Foundation
package import SecurityModule

/// Seals what a party stores: AES-256-GCM under a key derived from the local master key, bound to
/// the name and the revision of the record. A sealed body is 28 bytes longer: IV 12, tag 16.
package struct RecordSealer: RecordSealing {
    private let key: SymmetricKey

    /// `party`: the party whose records these are.
    package init(_ master: LocalMasterKey, party: String) {
        key = master.derive("OPAL record sealing", Array(party.utf8))
    }

    package func seal(
        _ body: [UInt8],
        name: [UInt8],
        revision: UInt64
    ) async throws(ModuleFailure) -> [UInt8] {
        try Self.seal(body, key: key, name: name, revision: revision)
    }

    package func open(
        _ sealed: [UInt8],
        name: [UInt8],
        revision: UInt64
    ) async throws(ModuleFailure) -> [UInt8] {
        try Self.open(sealed, key: key, name: name, revision: revision)
    }

    package func chain(
        _ body: [UInt8],
        stream: [UInt8],
        number: UInt64,
        previous: [UInt8]
    ) async throws(ModuleFailure) -> ChainedRow {
        Self.chain(body, stream: stream, number: number, previous: previous)
    }
}

extension RecordSealer {
    package static func seal(
        _ body: [UInt8],
        key: SymmetricKey,
        name: [UInt8],
        revision: UInt64
    ) throws(ModuleFailure) -> [UInt8] {
        guard
            let box = try? AES.GCM.seal(
                body,
                using: key,
                authenticating: binding(name, revision)
            ),
            let combined = box.combined
        else { throw .unavailable("AES-GCM did not seal") }
        return Array(combined)
    }

    package static func open(
        _ sealed: [UInt8],
        key: SymmetricKey,
        name: [UInt8],
        revision: UInt64
    ) throws(ModuleFailure) -> [UInt8] {
        guard let box = try? AES.GCM.SealedBox(combined: sealed),
            let body = try? AES.GCM.open(box, using: key, authenticating: binding(name, revision))
        else { throw .sealBroken }
        return Array(body)
    }

    /// SHA-256(previous || stream || number || body).
    package static func chain(
        _ body: [UInt8],
        stream: [UInt8],
        number: UInt64,
        previous: [UInt8]
    ) -> ChainedRow {
        var hash = SHA256()
        hash.update(data: previous)
        hash.update(data: stream)
        hash.update(data: bigEndian(number))
        hash.update(data: body)
        return ChainedRow(number: number, hash: Array(hash.finalize()), body: body)
    }

    private static func binding(_ name: [UInt8], _ revision: UInt64) -> [UInt8] {
        name + bigEndian(revision)
    }

    private static func bigEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - $0 * 8)) }
    }
}
