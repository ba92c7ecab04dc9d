// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import LoyaltyServer
import Records
import RecordsSQLite
import Simulation
import Testing

/// On a database file, opened anew between the parts of an earn file.
@Suite struct SQLiteTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("loyalty-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func open() throws -> SQLiteStore {
        try SQLiteStore(
            path: folder.appendingPathComponent("loyalty.sqlite").path,
            schema: LoyaltyRecords.schema
        )
    }

    @Test func `an earn file goes on after its database was closed in the middle`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let first = try LoyaltyWorld(open())
        try await first.found()
        for number in 1...50 {
            try await first.enrol(UInt64(number), in: first.inDatabase, as: "M-\(number)")
        }
        let code = first.inDatabase.code
        let lines = (0..<5_000).map { "R-\($0),M-\($0 % 50 + 1),1,2026-03-01" }
        first.store.crash(after: 3, .after)
        await #expect(throws: LoyaltyFailure.self) { try await first.apply(lines, to: code) }
        await (first.store.inner as? SQLiteStore)?.close()

        let store = try open()
        let second = try LoyaltyWorld(store, seals: first.seals, random: first.random)
        let batch = try await second.apply(lines, to: code)
        #expect(batch.isWhole && batch.accepted == 5_000)
        let sums = try await second.audit().programmes[code]
        #expect(sums?.here == 500_000 && sums?.members == 50)
        // The same lines in another file: each is found in the database.
        let again = try await second.apply(lines, to: code, file: 2)
        #expect(again.known == 5_000 && again.accepted == 0)
        #expect(try await second.findings() == [])
        await store.close()
    }
}
