// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Records
import SecurityModule
import Synchronization
import Testing
import Wire

/// Record, history row and reply become durable together, before the reply leaves.
@Suite struct DurabilityTests {
    private let euro = CardWorld.amount(100)

    @Test func `of two debits at once exactly one wins`() async throws {
        for _ in 0..<50 {
            let world = try await CardWorld(CardWorld.euros())
            let readers = [world.reader(), world.reader()]
            var commands: [DebitIEP] = []
            for reader in readers {
                commands.append(try world.command(for: await reader.initialize(euro), euro))
            }
            let pairs = Array(zip(readers, commands))
            let answers = try await withThrowingTaskGroup(of: StatusWord.self) { group in
                for (reader, command) in pairs {
                    group.addTask { try await reader.send(.debit(command)).status }
                }
                return try await group.reduce(into: [StatusWord]()) { $0.append($1) }
            }
            #expect(Set(answers) == [.done, .conditionsNotSatisfied])
            #expect(try await world.balance() == 900)
            #expect(try await world.describe().lastNumber == 1)
            #expect(try await world.rows().count == 1)
        }
    }

    @Test func `the loser of two debits is told so and may try again`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let loser = world.reader()
        let command = try world.command(for: await loser.initialize(euro), euro)
        try await world.pay(100, in: world.reader())
        #expect(try await loser.send(.debit(command)).status == .conditionsNotSatisfied)
        #expect(await loser.failure == .conflict)
        try await world.pay(100, in: loser)
        #expect(await loser.failure == nil)
        #expect(try await world.balance() == 800)
    }

    @Test(arguments: [StoreFailure.diskFull, .locked, .damaged("page 7")])
    func `a commit that fails changes nothing, and the card answers 6581`(
        failure: StoreFailure
    ) async throws {
        let store = FaultyStore()
        let world = try await CardWorld(CardWorld.euros(), store: store)
        let reader = world.reader()
        let before = try await world.sealed()
        let command = try world.command(for: await reader.initialize(euro), euro)
        store.fail(with: failure)
        #expect(try await reader.send(.debit(command)) == ResponseAPDU(status: .memoryFailure))
        #expect(await reader.failure == .store(failure))
        #expect(try await world.sealed() == before)
        #expect(try await world.rows().isEmpty)
        store.fail(with: nil)
        // The dialogue is over, the card is not.
        #expect(try await reader.send(.debit(command)).status == .conditionsNotSatisfied)
        try await world.pay(100, in: reader)
        #expect(try await world.balance() == 900)
    }

    @Test func `a wrong signature that cannot be counted is not answered as one`() async throws {
        let store = FaultyStore()
        let world = try await CardWorld(CardWorld.euros(), store: store)
        let reader = world.reader()
        let command = try world.command(for: await reader.initialize(euro), euro)
        store.fail(with: .diskFull)
        #expect(try await reader.send(.debit(command.forged)).status == .memoryFailure)
    }

    @Test func `where it is not known whether it was stored, the card does not answer`()
        async throws
    {
        let store = FaultyStore()
        let world = try await CardWorld(CardWorld.euros(), store: store)
        let reader = world.reader()
        let command = try world.command(for: await reader.initialize(euro), euro)
        store.fail(with: .unavailable("gone"))
        await #expect(throws: ChannelFailure.broken("the store did not answer")) {
            try await reader.send(.debit(command))
        }
    }

    private static let draws = RecordKind("draw", keyBytes: 4...4)

    @Test func `what is attached becomes durable with the debit, and sees its reply`() async throws
    {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let key = RecordKey(Self.draws, [1, 2, 3, 4])
        let asked = Mutex(0)
        await reader.prepare(
            note: "a book",
            attachment: Attachment { response in
                asked.withLock { $0 += 1 }
                return [.put(key, expectedRevision: 0, body: [7], reply: response.bytes)]
            }
        )
        let wrong = try world.command(for: await reader.initialize(euro), euro).forged
        #expect(try await reader.send(.debit(wrong)).status == .signatureWrong)
        #expect(asked.withLock { $0 } == 0)
        let (_, _, answer) = try await world.pay(100, in: reader)
        #expect(asked.withLock { $0 } == 1)
        let record = try #require(try await world.store.read(key))
        #expect(record.reply == ResponseAPDU(data: answer.bytes, status: .done).bytes)
        let row = try #require(try await world.rows().first)
        #expect(try CardHistoryEntry(row.body).note == "a book")
        #expect(try CardHistoryEntry(row.body).moment == CardWorld.noon)
    }

    @Test func `what is attached to a revision that has passed keeps the debit from happening`()
        async throws
    {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let key = RecordKey(Self.draws, [1, 2, 3, 4])
        _ = try await world.store.commit(
            Transition(writes: [.put(key, expectedRevision: 0, body: [1])])
        )
        await reader.prepare(
            note: "",
            attachment: Attachment { _ in [.put(key, expectedRevision: 0, body: [2])] }
        )
        let command = try world.command(for: await reader.initialize(euro), euro)
        #expect(try await reader.send(.debit(command)).status == .conditionsNotSatisfied)
        #expect(await reader.failure == .conflict)
        #expect(try await world.balance() == 1_000)
        #expect(try await world.store.read(key)?.body == [1])
    }

    @Test func `an attachment that cannot be made keeps the debit from happening`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        await reader.prepare(
            note: "",
            attachment: Attachment { _ throws(ModuleFailure) in throw .unavailable("no module") }
        )
        let command = try world.command(for: await reader.initialize(euro), euro)
        #expect(try await reader.send(.debit(command)).status == .memoryFailure)
        #expect(try await world.balance() == 1_000)
    }

    /// Many readers pay, some of them at once: each debit that was answered is in the history.
    @Test(arguments: 0..<4) func `loads and recoveries less debits are the balance`(seed: UInt64)
        async throws
    {
        let world = try await CardWorld(CardWorld.euros(0))
        try await world.load(5_000, in: world.reader())
        var random = Seeded(seed)
        var spent: UInt64 = 0
        for _ in 0..<30 {
            let amounts = (0..<4).map { _ in UInt64.random(in: 0...40, using: &random) }
            spent += try await withThrowingTaskGroup(of: UInt64.self) { group in
                for minorUnits in amounts {
                    group.addTask {
                        let reader = world.reader()
                        let amount = CardWorld.amount(minorUnits)
                        let initialized = try await reader.initialize(amount)
                        let command = try world.command(for: initialized, amount)
                        let response = try await reader.send(.debit(command))
                        return response.status == .done ? minorUnits : 0
                    }
                }
                return try await group.reduce(0, +)
            }
        }
        #expect(try await world.balance() == 5_000 - spent)
        let check = await world.module.audit(try world.rows(), of: world.card, CardAudit())
        #expect(await world.module.conclude(check, on: try world.sealed()).findings.isEmpty)
        #expect(check.debitedTotal == spent)
    }
}
