// SPDX-License-Identifier: Apache-2.0

import Foundation
import Records
import RecordsSQLite
import Testing

/// A party that does nothing but write numbers down.
struct Party {
    static let kind = RecordKind("number", keyBytes: 8...8)
    static let schema = RecordSchema(party: "counter", version: 3, kinds: [kind])

    let store: SQLiteStore

    init(_ path: String) throws {
        store = try SQLiteStore(path: path, schema: Self.schema)
    }

    /// Makes the next number durable, as a record and as a row of history.
    func write(_ number: UInt64) async throws {
        let row = HistoryRow(
            stream: [1],
            number: number,
            hash: [UInt8](repeating: 0, count: RecordLimits.hashBytes),
            body: []
        )
        let key = RecordKey(Self.kind, (0..<8).map { UInt8(truncatingIfNeeded: number >> $0 * 8) })
        let transition = Transition(
            writes: [.put(key, expectedRevision: 0, body: [7])],
            history: [row]
        )
        #expect(try await store.commit(transition) == .committed)
    }

    /// How many numbers a database has that nobody writes to.
    static func count(in path: String) async throws -> Int {
        let store = try SQLiteStore(path: path, schema: schema)
        let count = try await store.count(kind)
        await store.close()
        return count
    }
}

/// Runs `body` with a folder of its own, which is removed afterwards.
func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/opal-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
}

/// A data folder of two parties, each with three numbers, and files beside them.
func withData(_ body: (_ data: String, _ backUps: String) async throws -> Void) async throws {
    try await withFolder { folder in
        let data = folder + "/data"
        for name in ["first", "second", "ca"] {
            try FileManager.default.createDirectory(
                atPath: "\(data)/\(name)",
                withIntermediateDirectories: true
            )
        }
        for name in ["first", "second"] {
            let party = try Party("\(data)/\(name)/\(name).sqlite")
            for number in UInt64(1)...3 { try await party.write(number) }
            await party.store.close()
            try put(#"{"check":"\#(name)","key":"00"}"#, "\(data)/\(name)/module.key", 0o600)
            try put("", "\(data)/\(name)/lock", 0o600)
        }
        try put("certificate", "\(data)/ca/ca.pem", 0o644)
        try put("key", "\(data)/ca/ca.key", 0o600)
        try await body(data, folder + "/back-ups")
    }
}

func put(_ text: String, _ path: String, _ mode: Int) throws {
    let isMade = FileManager.default.createFile(
        atPath: path,
        contents: Data(text.utf8),
        attributes: [.posixPermissions: mode]
    )
    #expect(isMade)
}
