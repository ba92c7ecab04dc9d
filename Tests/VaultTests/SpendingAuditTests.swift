// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Records
import SecurityModule
import Testing
import Wire

/// A policy is what the history says: nobody puts back another one.
@Suite struct SpendingAuditTests {
    private func audit(_ world: CardWorld) async throws -> CardAudit {
        let check = await world.module.audit(try world.rows(), of: world.card, CardAudit())
        return await world.module.conclude(check, on: try await world.sealed())
    }

    /// Puts a record back with its old revision, as who writes to the database can.
    private func putBack(_ old: SealedCard, in world: CardWorld) async throws {
        let key = Emulator.key(world.card)
        let present = try await world.sealed().revision
        var writes = [RecordWrite.delete(key, expectedRevision: present)]
        for revision in 0..<old.revision {
            writes.append(.put(key, expectedRevision: revision, body: old.body))
        }
        for write in writes {
            #expect(try await world.store.commit(Transition(writes: [write])) == .committed)
        }
    }

    /// A card of 30.00 EUR that was loaded.
    private func loaded() async throws -> CardWorld {
        let world = try await CardWorld(CardWorld.euros(0))
        try await world.load(3_000, in: world.reader())
        return world
    }

    @Test func `a card that was limited, excepted, put back and frozen passes`() async throws {
        let world = try await loaded()
        let reader = world.reader(isShared: true)
        try await world.pay(50, in: reader)
        var limits = SpendingLimits(currency: .euro, exponent: .cents)
        limits.day = SpendingLimits.Period(minorUnitsMax: 300, purchasesMax: 3)
        var policy = SpendingPolicy(limits: limits)
        try policy.allowOnce(
            try #require(MerchantIdentifier("SHOP")),
            minorUnitsMax: 900,
            until: CardWorld.noon.adding(.seconds(60)),
            now: CardWorld.noon
        )
        try await world.set(.policy(policy))
        let (initialized, command, _) = try await world.pay(100, in: reader)
        try await world.pay(900, in: reader)
        let recovery = world.recovery(initialized, command)
        #expect(try await reader.send(.recover(recovery)).status == .done)
        let tomorrow = CardWorld.noon.adding(.seconds(86_400))
        try await world.pay(30, in: world.reader(at: tomorrow))
        // A clock that was set back meanwhile.
        try await world.pay(20, in: reader)
        #expect(try await audit(world).findings.isEmpty)
        let usage = try #require(try await world.describe().spending?.usage)
        #expect(usage.day.minorUnits == 50 && usage.month.minorUnits == 950)
        policy = try #require(try await world.describe().spending?.policy)
        policy.isFrozen = true
        try await world.set(.policy(policy))
        try await world.set(.blocked(true))
        #expect(try await audit(world).findings.isEmpty)
        try await world.set(.blocked(false))
        try await world.set(.policy(.none))
        try await world.pay(1_000, in: reader)
        #expect(try await audit(world).findings.isEmpty)
    }

    @Test func `a policy that is put back is found by the audit, and stopped at its next use`()
        async throws
    {
        let world = try await loaded()
        try await world.setLimits { $0.purchaseMax = 1_000 }
        let generous = try await world.sealed()
        try await world.setLimits { $0.purchaseMax = 100 }
        try await putBack(generous, in: world)
        #expect(try await audit(world).findings == [.recordDisagrees, .policyDisagrees])

        let reader = world.reader()
        let amount = CardWorld.amount(1_000)
        let command = try world.command(for: await reader.initialize(amount), amount)
        #expect(try await reader.send(.debit(command)).status == .memoryFailure)
        #expect(await reader.failure == .setBack)
        #expect(try await world.describe().isBlocked)
        #expect(try await world.balance() == 3_000)
    }

    @Test func `what was spent is not put back to less`() async throws {
        let world = try await loaded()
        try await world.setLimits { $0.day.purchasesMax = 1 }
        let unspent = try await world.sealed()
        try await world.pay(100, in: world.reader())
        try await putBack(unspent, in: world)
        let reader = world.reader()
        let amount = CardWorld.amount(100)
        let command = try world.command(for: await reader.initialize(amount), amount)
        #expect(try await reader.send(.debit(command)).status == .memoryFailure)
        #expect(await reader.failure == .setBack)
    }

    @Test func `an exception that was used is not put back`() async throws {
        let world = try await loaded()
        var limits = SpendingLimits(currency: .euro, exponent: .cents)
        limits.purchaseMax = 100
        var policy = SpendingPolicy(limits: limits)
        try policy.allowOnce(
            try #require(MerchantIdentifier("SHOP")),
            minorUnitsMax: 900,
            until: CardWorld.noon.adding(.seconds(60)),
            now: CardWorld.noon
        )
        try await world.set(.policy(policy))
        let unused = try await world.sealed()
        try await world.pay(900, in: world.reader())
        try await putBack(unused, in: world)
        #expect(try await audit(world).findings.contains(.policyDisagrees))
        let reader = world.reader()
        let amount = CardWorld.amount(900)
        let command = try world.command(for: await reader.initialize(amount), amount)
        #expect(try await reader.send(.debit(command)).status == .memoryFailure)
    }

    @Test func `a block that an old record undoes is found by the audit, and at the next use`()
        async throws
    {
        let world = try await loaded()
        let free = try await world.sealed()
        try await world.set(.blocked(true))
        try await putBack(free, in: world)
        #expect(try await audit(world).findings == [.recordDisagrees, .blockMissing])
        let reader = world.reader()
        let amount = CardWorld.amount(100)
        let command = try world.command(for: await reader.initialize(amount), amount)
        #expect(try await reader.send(.debit(command)).status == .memoryFailure)
        #expect(try await world.describe().isBlocked)
    }

    @Test func `a card that blocks itself, or is stopped without a row, passes`() async throws {
        let world = try await loaded()
        try await world.put(world.module.stop(world.sealed()))
        #expect(try await world.describe().isBlocked)
        #expect(try await audit(world).findings.isEmpty)
    }

    /// Records that the module itself would have sealed wrongly.
    @Test func `another count than that of the rows is found`() async throws {
        let world = try await loaded()
        try await world.setLimits { $0.day.purchasesMax = 5 }
        try await world.pay(100, in: world.reader())
        let truth = try #require(try await world.describe().spending)
        func finding(_ spending: CardSpending?) async throws -> [CardAudit.Finding] {
            let description = try await world.describe()
            let rows = try await world.rows()
            let card = Card(
                identifier: world.card,
                expiry: description.expiry,
                purchaseKeyVersion: CardWorld.version,
                loadKeyVersion: CardWorld.version,
                lastNumber: description.lastNumber,
                purses: [
                    Purse(
                        currency: .euro,
                        exponent: .cents,
                        balance: 2_900,
                        balanceMax: 5_000
                    )
                ],
                historyCount: description.historyCount,
                historyHash: try #require(rows.last).hash,
                spending: spending
            )
            let sealed = try world.module.seal(CardRecord(card), revision: 9)
            let check = await world.module.audit(rows, of: world.card, CardAudit())
            return await world.module.conclude(check, on: sealed).findings
        }
        #expect(try await finding(truth).isEmpty)
        #expect(try await finding(nil) == [.policyDisagrees])
        let usage = try #require(truth.usage)
        let less = SpendingUsage(
            day: SpendingUsage.Total(
                number: usage.day.number,
                firstTransaction: usage.day.firstTransaction
            ),
            week: usage.week,
            month: usage.month
        )
        let forged = CardSpending(policy: truth.policy, usage: less)
        #expect(try await finding(forged) == [.policyDisagrees])
    }

    // MARK: Records

    @Test func `a record with a policy is read as it was written, and any other bytes are refused`()
        async throws
    {
        let world = try await CardWorld.limited {
            $0.purchaseMax = 5
            $0.week.minorUnitsMax = 50
            $0.merchants = try #require(
                SpendingRule(.only, Set(["SHOP", "OTHER"].compactMap { MerchantIdentifier($0) }))
            )
        }
        try await world.pay(5, in: world.reader())
        let spending = try #require(try await world.describe().spending)
        var card = try CardWorld.euros(lastNumber: 1)
        card.set(spending.policy, at: CardWorld.noon)
        let bytes = CardRecord(card).bytes
        #expect(try CardRecord(bytes).card == card)
        for count in 0..<bytes.count {
            #expect(throws: WireFailure.self) { try CardRecord(Array(bytes[..<count])) }
        }
        #expect(throws: WireFailure(path: "card record: end", problem: .tooLong)) {
            try CardRecord(bytes + [0])
        }
        var random = Seeded(61)
        for _ in 0..<5_000 {
            var damaged = bytes
            damaged[Int.random(in: 0..<bytes.count, using: &random)] = random.bytes(1)[0]
            guard let record = try? CardRecord(damaged) else { continue }
            #expect(try CardRecord(record.bytes) == record)
        }
    }

    @Test(arguments: [UInt8(1), 2, 3])
    func `a record of an earlier format opens, and is written in the present one`(
        format: UInt8
    ) throws {
        let record = CardRecord(try CardWorld.euros(lastNumber: 3))
        // Behind the recoveries come the declined answer and the policy, each with its length, and
        // the number of memberships.
        let old = [format] + record.bytes[1...].dropLast([5, 3, 1][Int(format) - 1])
        #expect(try CardRecord(old) == record)
        #expect(try CardRecord(old).bytes == record.bytes)
    }
}
