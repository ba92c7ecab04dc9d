// SPDX-License-Identifier: Apache-2.0

import Bank
import CardEmulator
import Foundation
import Kernel
import LoadServer
import OPALServer
import Records
import RecordsSQLite
import SecurityModule
import Simulation
import Testing
import Wire

/// Loads on databases, and databases that somebody changed.
@Suite struct StoreTests {
    /// Runs `body` with a database for each party in a folder of its own, which is removed
    /// afterwards.
    private func withDatabases(
        _ body: (LoadWorld.Stores, [SQLiteStore]) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/opal-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let opal = try SQLiteStore(path: folder + "/opal.db", schema: OPALServerRecords.schema)
        let server = try SQLiteStore(path: folder + "/load.db", schema: LoadServerRecords.schema)
        let bank = try SQLiteStore(path: folder + "/bank.db", schema: BankRecords.schema)
        let result: Result<Void, any Error>
        do {
            let stores = LoadWorld.Stores(opal: opal, loadServer: server, bank: bank)
            result = .success(try await body(stores, [opal, server, bank]))
        } catch {
            result = .failure(error)
        }
        for store in [opal, server, bank] { await store.close() }
        try result.get()
    }

    @Test func `a load on databases goes to the cent`() async throws {
        try await withDatabases { stores, _ in
            let world = try await LoadWorld(stores: stores)
            #expect(try await world.loadWhole(2_500).state == .loaded)
            let page = try await world.begin(700, 1)
            let declined = await world.loads.decline(page, for: world.cards[1])
            #expect(try await world.bring(declined, page).state == .released)
            for party in FaultTests.Party.allCases { party.restart(in: world) }
            try await world.expectSound(loaded: 2_500)
        }
    }

    @Test func `loads at the same time on databases all reach the pool`() async throws {
        try await withDatabases { stores, _ in
            let world = try await LoadWorld([0, 0, 0, 0, 0, 0, 0, 0], stores: stores)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for card in 0..<8 {
                    group.addTask {
                        for _ in 0..<3 { try await world.loadWhole(500 + UInt64(card), card) }
                    }
                }
                try await group.waitForAll()
            }
            try await world.expectSound(loaded: (0..<8).reduce(0) { $0 + 3 * (500 + UInt64($1)) })
        }
    }

    @Test(arguments: 0..<3)
    func `a full disk at a party loses nothing, and the next load works`(
        _ party: Int
    ) async throws {
        try await withDatabases { stores, databases in
            let world = try await LoadWorld([0], stores: stores)
            try databases[party].boundFile(toPages: 1)
            for _ in 0..<40 {
                guard let page = try? await world.begin(500) else { break }
                let outcome = await world.load(page)
                guard outcome.isLoaded, (try? await world.bring(outcome, page)) != nil else {
                    break
                }
            }
            try databases[party].boundFile(toPages: nil)
            #expect(try await world.loadWhole(600).state == .loaded)
            try await world.expectSound()
        }
    }

    // MARK: Changed by somebody else

    private func first(_ kind: RecordKind, in store: FaultyStore) async throws -> Record {
        let page = try await store.inner.list(kind, after: nil, limit: 1, order: .ascending)
        return try #require(page.first)
    }

    private func damage(_ record: Record, in store: FaultyStore) async throws {
        var body = record.body
        body[20] ^= 1
        let put = RecordWrite.put(
            record.key,
            expectedRevision: record.revision,
            body: body,
            reply: record.reply,
            isOpen: record.isOpen
        )
        #expect(try await store.inner.commit(Transition(writes: [put])) == .committed)
    }

    @Test func `a load that was changed at the OPAL server stays open, and is named`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        world.link.plan.script(.dropRequest, at: 2)
        _ = await world.load(page)
        try await damage(try await first(LoadRecord.kind, in: world.opalStore), in: world.opalStore)
        #expect(await world.loads.settleOpenLoads(olderThan: .zero) == 0)
        #expect(try await world.loads.openLoads(limit: 10).map(\.load) == [nil])
        #expect(await world.load(page).isPending)
        let name = Hex.text(page.terms.transaction.bytes)
        // The card has a credit then, of which nobody says so.
        let (transaction, bank) = (page.terms.transaction.text, LoadWorld.bankIdentifier.text)
        #expect(
            try await world.cardReport().findings.map(\.description)
                == [
                    "OPAL server, load \(name): does not open",
                    "OPAL server, load \(transaction): is on card \(world.cards[0].masked) "
                        + "from bank \(bank), but no load says so",
                ]
        )
        #expect(try await world.loadWhole(500, 1).state == .loaded, "the other card goes on")
    }

    @Test func `a load that was changed at the load server is named, and ends nothing`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        _ = await world.load(page)
        let record = try await first(AuthorizationRecord.kind, in: world.loadStore)
        try await damage(record, in: world.loadStore)
        await #expect(throws: BankFailure.loadServerRefused(.storeUnavailable)) {
            try await world.bank.ask(about: page.terms.transaction, now: world.now)
        }
        #expect(try await world.desk.loads(limit: 10).map(\.record) == [nil])
        let name = Hex.text(page.terms.transaction.bytes)
        #expect(
            try await world.loadReport().findings.map(\.description)
                == ["load server, authorization \(name): does not open"]
        )
    }

    @Test func `an account that was changed is named, and moves no money`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let outcome = await world.load(page)
        let key = RecordKey(BankRecords.account, world.account.bytes)
        let record = try #require(try await world.bankStore.inner.read(key))
        try await damage(record, in: world.bankStore)
        await #expect(throws: BankFailure.damaged) { try await world.bring(outcome, page) }
        let hold = try await first(BankRecords.hold, in: world.bankStore)
        try await damage(hold, in: world.bankStore)
        #expect(try await world.bank.loads(limit: 10).map(\.load) == [nil])
        #expect(try await world.bank.openLoads(limit: 10).map(\.load) == [nil])
        let findings = try await world.bankReport().findings.map(\.description)
        #expect(findings.contains("bank, account •••• 4711: does not open"))
    }

    @Test func `an account that is put back to an older record is named`() async throws {
        let world = try await LoadWorld()
        let key = RecordKey(BankRecords.account, world.account.bytes)
        let before = try #require(try await world.bankStore.inner.read(key))
        try await world.loadWhole(2_500)
        let store = world.bankStore.inner
        let present = try #require(try await store.read(key))
        let delete = RecordWrite.delete(key, expectedRevision: present.revision)
        #expect(try await store.commit(Transition(writes: [delete])) == .committed)
        for revision in 0..<before.revision {
            let put = RecordWrite.put(key, expectedRevision: revision, body: before.body)
            #expect(try await store.commit(Transition(writes: [put])) == .committed)
        }
        let findings = try await world.bankReport().findings.map(\.description)
        #expect(
            findings.contains(
                "bank, account •••• 4711, journal row 3: is behind the last one of its record"
            )
        )
    }

    @Test func `a side of a posting that is missing is named`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        try await world.bring(await world.load(page), page)
        let number = AccountNumber.pool(
            of: world.issuer,
            .euro,
            .cents,
            part: FundsPool.part(of: page.terms.transaction)
        )
        let key = RecordKey(BankRecords.account, number.bytes)
        let record = try #require(try await world.bankStore.inner.read(key))
        let delete = RecordWrite.delete(key, expectedRevision: record.revision)
        let outcome = try await world.bankStore.inner.commit(Transition(writes: [delete]))
        #expect(outcome == .committed)
        let transaction = page.terms.transaction.text
        #expect(
            Set(try await world.bankReport().findings.map(\.description)) == [
                "bank, posting \(transaction): does not sum to zero",
                "bank, load \(transaction): its postings are not what it says",
            ]
        )
    }

    @Test func `nothing is found beside loads that go on`() async throws {
        let world = try await LoadWorld([0, 0])
        async let loaded: Void = {
            for _ in 0..<12 { try await world.loadWhole(500) }
        }()
        for _ in 0..<12 {
            #expect(try await world.bankReport().findings.map(\.description) == [])
            #expect(try await world.loadReport().findings.map(\.description) == [])
            #expect(try await world.cardReport().findings.map(\.description) == [])
        }
        try await loaded
        try await world.expectSound(loaded: 6_000)
    }
}
