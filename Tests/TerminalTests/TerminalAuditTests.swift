// SPDX-License-Identifier: Apache-2.0

import Records
import Simulation
import TerminalHost
import Testing

/// The audit of a host of terminals.
@Suite struct TerminalAuditTests {
    private static func world() async throws -> (World, RemoteHost) {
        let world = try await World.remote(1)
        #expect(try await world.buy().outcome.isPaid)
        return (world, try #require(world.hosts.first))
    }

    @Test func `what was counted is on record, and nothing is off`() async throws {
        let (_, host) = try await Self.world()
        let report = try await host.audit.run()
        #expect(report.findings.isEmpty)
        #expect(report.entries.map(\.state) == [.counted])
    }

    @Test func `an exchange that was changed is named`() async throws {
        let (_, host) = try await Self.world()
        let store = host.store.inner
        let record = try #require(
            try await store.list(ExchangeRecord.kind, after: nil, limit: 1, order: .ascending).first
        )
        var body = record.body
        body[20] ^= 1
        let write = RecordWrite.put(record.key, expectedRevision: record.revision, body: body)
        #expect(try await store.commit(Transition(writes: [write])) == .committed)
        let problems = try await host.audit.run().findings.map(\.problem)
        #expect(problems.contains("does not open"))
        #expect(problems.contains("counted more than is on record"))
    }

    @Test func `an exchange that was removed is missed`() async throws {
        let (_, host) = try await Self.world()
        let store = host.store.inner
        let record = try #require(
            try await store.list(ExchangeRecord.kind, after: nil, limit: 1, order: .ascending).first
        )
        let write = RecordWrite.delete(record.key, expectedRevision: record.revision)
        #expect(try await store.commit(Transition(writes: [write])) == .committed)
        let problems = try await host.audit.run().findings.map(\.problem)
        #expect(problems == ["counted more than is on record"])
    }
}
