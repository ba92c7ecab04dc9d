// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records
package import SecurityModule
import Wire

/// KB of an acquirer, with which its security cards' batches and its refunds are checked. The key
/// is the acquirer 4, and of a version behind the first one the version 1. Format 2: whether it is
/// retired 1, KB wrapped under the clearing house's local master key (counted). Format 1 has KB
/// alone.
package struct AcquirerKey: Equatable, Sendable {
    package let acquirer: UInt32
    /// The first one is 0.
    package let version: UInt8
    package let wrapped: [UInt8]
    /// Whether nothing new is taken that is signed with it. What was taken before is still checked
    /// with it by the audit.
    package private(set) var isRetired = false

    private static let format: UInt8 = 2
    private static let formatWithoutEnd: UInt8 = 1
    private static let wrappedBytesMax = 128

    package init(_ acquirer: UInt32, version: UInt8 = 0, wrapped: [UInt8]) {
        self.acquirer = acquirer
        self.version = version
        self.wrapped = wrapped
    }
}

extension AcquirerKey: ClearingRecord {
    static let kind = ClearingRecords.batchKey
    var key: [UInt8] { acquirer.bigEndianBytes + (version == 0 ? [] : [version]) }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "acquirer key")
        acquirer = try name.number("acquirer")
        version = key.count > 4 ? try name.byte("version") : 0
        try name.end()
        var reader = ByteReader(body, of: "batch key")
        let format = try reader.byte("format")
        guard (AcquirerKey.formatWithoutEnd...AcquirerKey.format).contains(format) else {
            throw reader.failure("format", .invalid)
        }
        if format > AcquirerKey.formatWithoutEnd { isRetired = try reader.flag("retired") }
        wrapped = try reader.counted("KB", max: AcquirerKey.wrappedBytesMax)
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.byte(AcquirerKey.format)
        writer.flag(isRetired)
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

    /// Says whether nothing new is taken that is signed with it.
    ///
    /// - Returns: false where there is no such key.
    /// - Throws: `.damaged`, `.store`, `.module`.
    package func set(
        isRetired: Bool,
        in store: any RecordStore,
        sealedBy sealing: any RecordSealing
    ) async throws(ClearingFailure) -> Bool {
        let book = ClearingBook(store: store, sealing: sealing)
        return try await book.change { () async throws(ClearingFailure) in
            var transition = Transition(writes: [])
            guard let known = try await book.find(AcquirerKey.self, key) else {
                return (false, transition)
            }
            var changed = known.value
            changed.isRetired = isRetired
            try await book.put(changed, over: known.revision, to: &transition)
            return (true, transition)
        }
    }
}
