// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records
package import SecurityModule
import Wire

/// KB of an acquirer, with which its security cards' batches are checked. Format 1: KB wrapped under
/// the clearing house's local master key (counted). The key is the acquirer 4.
package struct AcquirerKey: Equatable, Sendable {
    package let acquirer: UInt32
    package let wrapped: [UInt8]

    private static let format: UInt8 = 1
    private static let wrappedBytesMax = 128

    package init(_ acquirer: UInt32, wrapped: [UInt8]) {
        self.acquirer = acquirer
        self.wrapped = wrapped
    }
}

extension AcquirerKey: ClearingRecord {
    static let kind = ClearingRecords.batchKey
    var key: [UInt8] { acquirer.bigEndianBytes }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "acquirer key")
        acquirer = try name.number("acquirer")
        var reader = ByteReader(body, of: "batch key")
        guard try reader.byte("format") == AcquirerKey.format else {
            throw reader.failure("format", .invalid)
        }
        wrapped = try reader.counted("KB", max: AcquirerKey.wrappedBytesMax)
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.byte(AcquirerKey.format)
        writer.counted(wrapped)
        return writer.bytes
    }
}

extension AcquirerKey {
    /// The KB of all acquirers, for who makes the clearing house.
    ///
    /// - Throws: `.damaged`, `.store`, `.module`.
    package static func all(
        in store: any RecordStore,
        sealedBy sealing: any RecordSealing
    ) async throws(ClearingFailure) -> [AcquirerKey] {
        try await ClearingBook(store: store, sealing: sealing).list(
            AcquirerKey.self,
            after: nil,
            limit: RecordLimits.pageMax
        )
    }

    /// Keeps the KB of an acquirer; one that is there stays.
    ///
    /// - Returns: whether it is new.
    /// - Throws: `.damaged`, `.store`, `.module`.
    package func keep(
        in store: any RecordStore,
        sealedBy sealing: any RecordSealing
    ) async throws(ClearingFailure) -> Bool {
        let book = ClearingBook(store: store, sealing: sealing)
        return try await book.change { () async throws(ClearingFailure) in
            if try await book.find(AcquirerKey.self, key) != nil {
                return (false, Transition(writes: []))
            }
            var transition = Transition(writes: [])
            try await book.put(self, over: 0, to: &transition)
            return (true, transition)
        }
    }
}
