// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Keys
import OPALServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// What the audit finds of loads and of successors.
@Suite struct AuditTests {
    @Test func `A load whose record was taken away is found`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let request = world.request(by: anna)
        _ = await world.server.loads.begin(request)
        let key = AccountLoadRecord.key(request.transaction)
        let record = try #require(try await world.store.read(key))
        let change = RecordWrite.delete(key, expectedRevision: record.revision)
        #expect(try await world.store.commit(Transition(writes: [change])) == .committed)
        try await expectFinding("but no load says so", world)
    }

    @Test func `A load that was changed does not open`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let request = world.request(by: anna)
        _ = await world.server.loads.begin(request)
        let key = AccountLoadRecord.key(request.transaction)
        let record = try #require(try await world.store.read(key))
        let change = RecordWrite.put(
            key,
            expectedRevision: record.revision,
            body: record.body,
            isOpen: true
        )
        #expect(try await world.store.commit(Transition(writes: [change])) == .committed)
        // The card has a credit then, of which nobody says so.
        try await expectFinding("does not open", world, among: 2)
        // What does not open is told as unknown and left alone.
        #expect(await world.server.loads.begin(request).refusal == .storeUnavailable)
        #expect(await world.server.loads.settleOpen(olderThan: .zero) == 0)
        #expect(try await world.server.loads.openLoads(limit: 10).first?.load == nil)
    }

    @Test func `A credit without its card's row is found`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let request = world.request(by: anna)
        world.gateway.network(.declines(.declined))
        _ = await world.server.loads.begin(request)
        // Who holds the keys writes what did not happen.
        let key = AccountLoadRecord.key(request.transaction)
        let record = try #require(try await world.store.read(key))
        var body = try await world.seals.open(
            record.body,
            name: record.sealName,
            revision: record.revision
        )
        body[1] = AccountLoadState.completed.rawValue
        let sealed = try await world.seals.seal(
            body,
            name: key.sealName(),
            revision: record.revision + 1
        )
        let change = RecordWrite.put(key, expectedRevision: record.revision, body: sealed)
        #expect(try await world.store.commit(Transition(writes: [change])) == .committed)
        try await expectFinding("is credited, but not on its card", world)
    }

    @Test(arguments: [false, true])
    func `A credit that no load says anything of is found, and its card named`(
        isFromBank: Bool
    ) async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        try await world.plant(
            700,
            onto: anna.card,
            from: isFromBank ? Self.bank : .account(of: anna.card.issuer),
            TransactionIdentifier(at: world.now, random: world.random.pair())
        )
        try await expectFinding("is on card \(anna.card.masked)", world)
    }

    @Test func `A bank that chooses the transaction of another load has no card blocked`()
        async throws
    {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let request = world.request(by: anna)
        _ = await world.server.loads.begin(request)
        try await world.plant(700, onto: anna.card, from: Self.bank, request.transaction)
        #expect(try await world.auditor.watch(world.server.desk) == [])
        #expect(try await world.server.desk.describe(anna.card)?.isBlocked == false)
        // The bank's load has no record here; the other one is as it should be.
        try await expectFinding("from bank", world)
    }

    @Test func `A card that was loaded twice for one load is found and blocked`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person()
        let request = world.request(by: anna)
        _ = await world.server.loads.begin(request)
        try await world.plant(
            2_500,
            onto: anna.card,
            from: .account(of: anna.card.issuer),
            request.transaction
        )
        try await expectFinding("was loaded twice", world)
        #expect(try await world.auditor.watch(world.server.desk).count == 1)
        #expect(try await world.server.desk.describe(anna.card)?.isBlocked == true)
    }

    private static let bank = BankIdentifier(bits: 0xBA4C_0000_0000_0001)

    @Test func `Value that moved to nobody is found`() async throws {
        let world = try await FundingWorld()
        let anna = try await world.person(value: 4_200)
        world.clock.advance(by: .seconds(800 * 86_400))
        let sealed = try #require(try await world.server.emulator.fetch(anna.card))
        let step = try await world.module.moveOut(
            FundingWorld.euros(4_200),
            of: sealed,
            to: CardIdentifier(issuer: world.issuer.identifier, number: 7),
            transaction: TransactionIdentifier(high: 1, low: 2),
            context: CardContext(random: 1, now: world.now, note: "")
        )
        guard case .moved(let change) = step, let row = change.row else { throw Unexpected(step) }
        let transition = Transition(
            writes: [
                .put(
                    Emulator.key(anna.card),
                    expectedRevision: sealed.revision,
                    body: change.card.body
                )
            ],
            history: [
                HistoryRow(
                    stream: anna.card.bytes,
                    number: row.number,
                    hash: row.hash,
                    body: row.body
                )
            ]
        )
        #expect(try await world.store.commit(transition) == .committed)
        try await expectFinding("not the same to its successor", world)
    }

    private func expectFinding(
        _ words: String,
        _ world: FundingWorld,
        among count: Int = 1
    ) async throws {
        let report = try await world.auditor.run {}
        #expect(report.findings.contains { "\($0)".contains(words) })
        #expect(report.findings.count == count)
    }
}
