// SPDX-License-Identifier: Apache-2.0

import Batches
import ConcentrationPoint
import Kernel
import Keys
import Records
import Testing
import Wire

/// The audit of a concentration point finds what does not go with the headers of its batches.
@Suite struct PointAuditTests {
    private let route = Route()

    private func findings(_ problem: String? = nil) async throws -> [String] {
        try await ConcentrationAudit(
            store: route.pointStore,
            seals: route.pointSeals,
            checking: BatchKeys()
        ).run { _ in problem }.map(\.description)
    }

    /// The first sales of a batch are at the concentration point; all of them, where none is named.
    @discardableResult
    private func take(_ batch: Batch, upTo count: Int? = nil) async throws -> ConcentrationPoint {
        let point = route.start()
        _ = try await route.ask(.offer(batch.header))
        for index in 1...(count ?? batch.sales.count) {
            _ = try await route.ask(batch.part(from: index, count: 1))
        }
        return point
    }

    private func parts() async throws -> [Record] {
        try await route.pointStore.list(
            RecordKind("part", keyBytes: 20...20),
            after: nil,
            limit: 100,
            order: .ascending
        )
    }

    @Test(arguments: [2, 4])
    func `a batch is sound while it comes in, while it waits, and when it is acknowledged`(
        count: Int
    ) async throws {
        let batch = try Batch(sales: 4)
        let point = try await take(batch, upTo: count)
        #expect(try await findings() == [])
        try await point.forward()
        #expect(try await findings() == [])
    }

    @Test(arguments: [3, 4])
    func `a part that is not there any more is found`(count: Int) async throws {
        let batch = try Batch(sales: 4)
        try await take(batch, upTo: count)
        let part = try #require(try await parts().dropFirst().first)
        let write = RecordWrite.delete(part.key, expectedRevision: part.revision)
        #expect(try await route.pointStore.commit(Transition(writes: [write])) == .committed)
        #expect(
            try await findings() == [
                "concentration point, batch \(Hex.text(batch.name.bytes)): "
                    + "its sales are not those of its header"
            ]
        )
    }

    @Test func `a part that was changed is found`() async throws {
        try await take(try Batch(sales: 4))
        let part = try #require(try await parts().first)
        var body = part.body
        body[body.count / 2] ^= 1
        let write = RecordWrite.put(part.key, expectedRevision: part.revision, body: body)
        #expect(try await route.pointStore.commit(Transition(writes: [write])) == .committed)
        #expect(
            try await findings() == [
                "concentration point, part \(Hex.text(part.key.bytes)): does not open"
            ]
        )
    }

    @Test func `what others know against a batch is found at the batch`() async throws {
        let batch = try Batch(sales: 1)
        try await take(batch)
        #expect(
            try await findings("is unknown") == [
                "concentration point, batch \(Hex.text(batch.name.bytes)): is unknown"
            ]
        )
    }
}
