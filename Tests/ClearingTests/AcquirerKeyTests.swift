// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Keys
import Records
import Testing

/// The clearing house keeps each KB of an acquirer.
@Suite struct AcquirerKeyTests {
    private let store = MemoryStore()
    private let seals = RecordSealer(LocalMasterKey.make(), party: ClearingRecords.schema.party)

    private func all() async throws -> [AcquirerKey] {
        try await AcquirerKey.all(in: store, sealedBy: seals)
    }

    @Test func `each version by itself, and the one that is there stays`() async throws {
        let keys = (0...2).map { AcquirerKey(7, version: $0, wrapped: [$0, 1, 2, 3]) }
        for key in keys { #expect(try await key.keep(in: store, sealedBy: seals)) }
        let other = AcquirerKey(7, version: 1, wrapped: [9])
        #expect(try await !other.keep(in: store, sealedBy: seals))
        #expect(try await all() == keys)
    }

    @Test func `one is retired, and taken again, and keeps its bytes`() async throws {
        let key = AcquirerKey(7, version: 1, wrapped: [1, 2, 3])
        #expect(try await !key.set(isRetired: true, in: store, sealedBy: seals))
        _ = try await key.keep(in: store, sealedBy: seals)
        #expect(try await key.set(isRetired: true, in: store, sealedBy: seals))
        #expect(try await all().map(\.isRetired) == [true])
        #expect(try await all().map(\.wrapped) == [[1, 2, 3]])
        #expect(try await key.set(isRetired: false, in: store, sealedBy: seals))
        #expect(try await all() == [key])
    }

    @Test func `one that was kept before there were versions is the first`() async throws {
        let key = RecordKey(ClearingRecords.batchKey, [0, 0, 0, 7])
        // Format 1: KB alone, counted.
        let body = try await seals.seal([1, 0, 3, 4, 5, 6], name: key.sealName(), revision: 1)
        let write = RecordWrite.put(key, expectedRevision: 0, body: body)
        #expect(try await store.commit(Transition(writes: [write])) == .committed)
        #expect(try await all() == [AcquirerKey(7, wrapped: [4, 5, 6])])
    }
}
