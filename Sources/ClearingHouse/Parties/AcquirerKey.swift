// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records
package import SecurityModule
import Wire

/// A KB of an acquirer, with which its security cards' batches and its refunds are checked
/// (`docs/decisions/0038`).
package struct AcquirerKey: Equatable, Sendable {
    package let acquirer: UInt32
    /// The first one is 0.
    package let version: UInt8
    /// KB under the clearing house's local master key.
    package let wrapped: [UInt8]
    /// Whether nothing new is taken that is signed with it. What was taken before is still checked
    /// with it by the audit.
    package fileprivate(set) var isRetired = false

    package init(_ acquirer: UInt32, version: UInt8 = 0, wrapped: [UInt8]) {
        self.acquirer = acquirer
        self.version = version
        self.wrapped = wrapped
    }
}

/// All KB of an acquirer. The key is the acquirer 4. Format 2: a list of version 1, whether it is
/// retired 1, KB wrapped (counted). Format 1 has the first KB alone, counted.
struct AcquirerKeys: ClearingRecord {
    static let kind = ClearingRecords.batchKey
    private static let format: UInt8 = 2
    private static let formatOfOne: UInt8 = 1
    private static let wrappedBytesMax = 128
    private static let versionsMax = 256

    let acquirer: UInt32
    /// The newest is the last.
    private(set) var keys: [AcquirerKey]

    var key: [UInt8] { acquirer.bigEndianBytes }

    init(of acquirer: UInt32) {
        self.acquirer = acquirer
        keys = []
    }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "acquirer key")
        let acquirer = try name.number("acquirer")
        self.acquirer = acquirer
        var reader = ByteReader(body, of: "batch key")
        switch try reader.byte("format") {
        case Self.formatOfOne:
            let wrapped = try reader.counted("KB", max: Self.wrappedBytesMax)
            keys = [AcquirerKey(acquirer, wrapped: wrapped)]
        case Self.format:
            keys = try reader.list("keys", max: Self.versionsMax) { reader throws(WireFailure) in
                let version = try reader.byte("version")
                let isRetired = try reader.flag("retired")
                let wrapped = try reader.counted("KB", max: Self.wrappedBytesMax)
                var key = AcquirerKey(acquirer, version: version, wrapped: wrapped)
                key.isRetired = isRetired
                return key
            }
        default: throw reader.failure("format", .invalid)
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.byte(Self.format)
        writer.list(keys) { writer, key in
            writer.byte(key.version)
            writer.flag(key.isRetired)
            writer.counted(key.wrapped)
        }
        return writer.bytes
    }

    /// Adds one; one that is there stays.
    ///
    /// - Returns: whether it is new.
    mutating func add(_ key: AcquirerKey) -> Bool {
        if keys.contains(where: { $0.version == key.version }) { return false }
        keys.append(key)
        keys.sort { $0.version < $1.version }
        return true
    }

    /// - Returns: false where there is no such key.
    mutating func set(_ version: UInt8, isRetired: Bool) -> Bool {
        guard let index = keys.firstIndex(where: { $0.version == version }) else { return false }
        keys[index].isRetired = isRetired
        return true
    }
}

extension AcquirerKey {
    /// The KB of all acquirers, each acquirer's newest last, for who makes the clearing house.
    ///
    /// - Throws: `.damaged`, `.store`, `.module`.
    package static func all(
        in store: any RecordStore,
        sealedBy sealing: any RecordSealing
    ) async throws(ClearingFailure) -> [AcquirerKey] {
        try await ClearingBook(store: store, sealing: sealing).list(
            AcquirerKeys.self,
            after: nil,
            limit: RecordLimits.pageMax
        ).flatMap(\.keys)
    }

    /// Keeps the KB of an acquirer; one that is there stays.
    ///
    /// - Returns: whether it is new.
    /// - Throws: `.damaged`, `.store`, `.module`.
    package func keep(
        in store: any RecordStore,
        sealedBy sealing: any RecordSealing
    ) async throws(ClearingFailure) -> Bool {
        try await change(in: store, sealedBy: sealing) { $0.add(self) }
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
        try await change(in: store, sealedBy: sealing) { $0.set(version, isRetired: isRetired) }
    }

    /// `step`: says whether it has changed anything.
    private func change(
        in store: any RecordStore,
        sealedBy sealing: any RecordSealing,
        _ step: (inout AcquirerKeys) -> Bool
    ) async throws(ClearingFailure) -> Bool {
        let book = ClearingBook(store: store, sealing: sealing)
        return try await book.change { () async throws(ClearingFailure) in
            var transition = Transition(writes: [])
            let known = try await book.find(AcquirerKeys.self, acquirer.bigEndianBytes)
            var keys = known?.value ?? AcquirerKeys(of: acquirer)
            guard step(&keys) else { return (false, transition) }
            try await book.put(keys, over: known?.revision ?? 0, to: &transition)
            return (true, transition)
        }
    }
}
