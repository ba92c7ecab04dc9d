// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Records
import Simulation
import Testing
import Wire

/// Which cards the issuer says are blocked, and in which order it says so.
@Suite struct BlockingListTests {
    private func block(_ isBlocked: Bool, _ card: Int, _ float: FloatWorld) async throws {
        #expect(try await float.world.desk.setBlocked(isBlocked, float.world.cards[card]))
    }

    private func refresh(_ float: FloatWorld) async throws -> Int {
        try await float.blocking.refresh(at: float.world.clock.now)
    }

    /// What a clearing house is told that asks after a revision.
    private func told(
        after revision: UInt64,
        _ float: FloatWorld,
        as peer: String = FloatWorld.clearingHouse
    ) async throws -> (revision: UInt64, updates: [SchemeUpdate]) {
        let question = CollectionMessage.updatesQuestion(after: revision)
        let answer = await float.blocking.answer(question.bytes, from: peer)
        guard case .updates(let last, false, let updates) = try CollectionMessage(answer) else {
            throw Unexpected()
        }
        return (last, updates)
    }

    @Test func `each change of a card is told once, in order, behind the revision that was told`()
        async throws
    {
        let float = try await FloatWorld()
        let cards = float.world.cards
        #expect(try await refresh(float) == 0)
        try await block(true, 0, float)
        #expect(try await refresh(float) == 1)
        #expect(try await refresh(float) == 0)
        let first = try await told(after: 0, float)
        #expect(first.updates == [.card(cards[0], isBlocked: true)])
        try await block(true, 1, float)
        #expect(try await refresh(float) == 1)
        try await block(false, 0, float)
        #expect(try await refresh(float) == 1)
        let second = try await told(after: first.revision, float)
        #expect(
            second.updates == [
                .card(cards[1], isBlocked: true), .card(cards[0], isBlocked: false),
            ]
        )
        let third = try await told(after: second.revision, float)
        #expect(third.revision == second.revision && third.updates.isEmpty)
        // Asked from the beginning, it says all of it again.
        #expect(try await told(after: 0, float).updates.count == 3)
    }

    @Test func `a card that was blocked and unblocked between two rounds is not told`()
        async throws
    {
        let float = try await FloatWorld()
        try await block(true, 0, float)
        try await block(false, 0, float)
        #expect(try await refresh(float) == 0)
    }

    @Test func `where the cards are set back, the list goes on behind what was told`()
        async throws
    {
        let float = try await FloatWorld()
        let mark = float.cards.mark
        try await block(true, 0, float)
        #expect(try await refresh(float) == 1)
        let before = try await told(after: 0, float)
        try await float.cards.rollBack(to: mark)
        #expect(try await refresh(float) == 1)
        let after = try await told(after: before.revision, float)
        #expect(after.revision > before.revision)
        #expect(after.updates == [.card(float.world.cards[0], isBlocked: false)])
    }

    @Test func `a list that was lost begins behind the one before`() async throws {
        let float = try await FloatWorld()
        try await block(true, 0, float)
        #expect(try await refresh(float) == 1)
        let before = try await told(after: 0, float)
        float.world.clock.advance(by: .seconds(60))
        try await float.ledgerStore.rollBack(to: 0)
        #expect(try await refresh(float) == 1)
        let after = try await told(after: before.revision, float)
        #expect(after.updates == [.card(float.world.cards[0], isBlocked: true)])
    }

    @Test func `who is no clearing house, or asks something else, learns nothing`() async throws {
        let float = try await FloatWorld()
        try await block(true, 0, float)
        #expect(try await refresh(float) == 1)
        let question = CollectionMessage.updatesQuestion(after: 0).bytes
        let unavailable = CollectionMessage.unavailable.bytes
        #expect(await float.blocking.answer(question, from: "shop") == unavailable)
        for wrong in [[], [1], question.dropLast()] as [[UInt8]] {
            let answer = await float.blocking.answer(wrong, from: FloatWorld.clearingHouse)
            #expect(answer == unavailable)
        }
    }

    @Test func `a change whose record was changed is named, and told by nobody`() async throws {
        let float = try await FloatWorld()
        try await block(true, 0, float)
        #expect(try await refresh(float) == 1)
        #expect(try await float.audit().findings.isEmpty)
        let change = try #require(try await float.blocking.changes(after: 0, limit: 1).first)
        let key = RecordKey(RecordKind("block_change", keyBytes: 8...8), bytes(change.revision))
        let record = try #require(try await float.ledgerStore.read(key))
        var body = record.body
        body[body.count / 2] ^= 1
        let write = RecordWrite.put(key, expectedRevision: record.revision, body: body)
        #expect(try await float.ledgerStore.commit(Transition(writes: [write])) == .committed)
        let problems = try await float.audit().findings
        #expect(problems.map(\.problem) == ["does not open"])
        let question = CollectionMessage.updatesQuestion(after: 0).bytes
        let answer = await float.blocking.answer(question, from: FloatWorld.clearingHouse)
        #expect(answer == CollectionMessage.unavailable.bytes)
    }

    private func bytes(_ revision: UInt64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: revision >> $0) }
    }
}
