// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records
package import SecurityModule
import Wire

/// What the bank keeps: accounts by their numbers, loads and questions about cards by their TRX,
/// and the keys that it shares with the load server, wrapped and sealed, by their names.
package enum BankRecords {
    package static let account = RecordKind("account", keyBytes: 1...AccountNumber.bytesMax)
    package static let hold = RecordKind("hold", keyBytes: 16...16)
    package static let inquiry = RecordKind("inquiry", keyBytes: 16...16)
    package static let sharedKey = RecordKind("shared_key", keyBytes: 1...16)

    package static let schema = RecordSchema(
        party: "bank",
        version: 1,
        kinds: [account, hold, inquiry, sharedKey]
    )

    /// The write of a key that is shared with the load server.
    package static func sharedKey(
        _ name: String,
        wrapped: [UInt8],
        sealedBy seals: any RecordSealing
    ) async throws(ModuleFailure) -> RecordWrite {
        let key = RecordKey(sharedKey, Array(name.utf8))
        let body = try await seals.seal(wrapped, name: key.sealName(), revision: 1)
        return .put(key, expectedRevision: 0, body: body)
    }

    /// The keys that are shared with the load server, wrapped, in the order of their names.
    ///
    /// - Throws: `.damaged` where one does not open.
    package static func sharedKeys(
        in store: any RecordStore,
        sealedBy seals: any RecordSealing
    ) async throws(StoreFailure) -> [(name: String, wrapped: [UInt8])] {
        var keys: [(name: String, wrapped: [UInt8])] = []
        try await store.forEach(sharedKey) { record async throws(StoreFailure) in
            let name = String(decoding: record.key.bytes, as: UTF8.self)
            guard
                let wrapped = try? await seals.open(
                    record.body,
                    name: record.sealName,
                    revision: record.revision
                )
            else { throw .damaged("the shared key \(name) does not open") }
            keys.append((name, wrapped))
        }
        return keys
    }
}
