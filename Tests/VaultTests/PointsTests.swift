// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Records
import SecurityModule
import Testing
import Wire

/// Points of a programme, by the card's own commands.
@Suite struct PointsTests {
    private static let day: Int64 = 86_400
    private static let noon = CardWorld.noon

    private static func later(_ days: Int64) -> Instant { noon.adding(.seconds(days * day)) }

    private static func date(_ days: Int64) -> CardDate {
        CardDate(CivilDate(day: noon.day + days))
    }

    private func programme(_ bcd: UInt16 = 0x9001) throws -> Currency {
        try #require(Currency(bcd: bcd))
    }

    private func points(_ amount: UInt64) throws -> Money {
        Money(minorUnits: amount, currency: try programme(), exponent: .units)
    }

    private func membership(_ number: String = "SKY-7") throws -> Membership {
        Membership(programme: try programme(), number: try #require(MemberNumber(number)))
    }

    /// A card of a member that was loaded: 30 points for 10 days more, 50 for 100.
    private func member() async throws -> CardWorld {
        let world = try await CardWorld(CardWorld.euros(0))
        try await world.set(.membership(membership(), .units, balanceMax: 1_000))
        _ = try await load(50, until: 100, world)
        _ = try await load(30, until: 10, world)
        return world
    }

    private func load(
        _ amount: UInt64,
        from bank: BankIdentifier,
        _ world: CardWorld,
        at moment: Instant = noon
    ) async throws -> CreditAnswer {
        let reader = world.reader(at: moment)
        let request = InitializeLoad(
            bank: bank,
            transaction: TransactionIdentifier(high: 7, low: amount),
            time: CardTime(moment),
            amount: try points(amount)
        )
        let initialized = try await reader.send(.initializeLoad(request))
        #expect(initialized.status == .done)
        let answer = try InitializeLoadAnswer(initialized.data)
        let credit = try await world.module.authorize(request, answer, completion: .done)
        return try CreditAnswer(try await reader.send(.credit(credit)).data)
    }

    private func load(
        _ amount: UInt64,
        until days: Int64,
        _ world: CardWorld,
        at moment: Instant = noon
    ) async throws -> CreditAnswer {
        let bank = BankIdentifier.points(of: try programme(), until: Self.date(days))
        return try await load(amount, from: bank, world, at: moment)
    }

    private func pay(
        _ amount: UInt64,
        _ world: CardWorld,
        at moment: Instant = noon
    ) async throws -> (InitializePurchaseAnswer, DebitIEP, DebitAnswer) {
        let reader = world.reader(at: moment)
        let initialized = try await reader.initialize(try points(amount))
        let command = try world.command(for: initialized, try points(amount))
        let response = try await reader.send(.debit(command))
        #expect(response.status == .done)
        return (initialized, command, try DebitAnswer(response.data))
    }

    private func expire(_ world: CardWorld, at moment: Instant) async throws -> Int {
        var count = 0
        let context = CardContext(random: 0, now: moment, note: "")
        while let sealed = try await world.emulator.fetch(world.card),
            let change = try await world.module.expire(sealed, context: context)
        {
            try await world.emulator.commit(change, expected: sealed.revision)
            count += 1
        }
        return count
    }

    private func tranches(_ world: CardWorld) async throws -> [PointsTranche] {
        try #require(try await world.describe().points(of: programme())).tranches.all
    }

    private func tranche(_ amount: UInt64, _ days: Int64) -> PointsTranche {
        PointsTranche(expiry: Self.date(days), minorUnits: amount)
    }

    private func audit(_ world: CardWorld, _ rows: [ChainedRow]? = nil) async throws -> CardAudit {
        let all = try await world.rows()
        let check = await world.module.audit(rows ?? all, of: world.card, CardAudit())
        return await world.module.conclude(check, on: try await world.sealed())
    }

    // MARK: The dialogue

    @Test func `a debit takes what expires first, and its row says so`() async throws {
        let world = try await member()
        #expect(try await tranches(world) == [tranche(30, 10), tranche(50, 100)])
        let (_, _, answer) = try await pay(40, world)
        #expect(answer.completion == .done && answer.balance == 40)
        #expect(try await tranches(world) == [tranche(40, 100)])
        let entry = try CardHistoryEntry(try #require(try await world.rows().last).body)
        guard case .debit(let evidence) = entry.event else { throw Unexpected() }
        #expect(evidence.points?.tranches.all == [tranche(30, 10), tranche(10, 100)])
        let check = try await audit(world)
        #expect(check.findings.isEmpty)
        #expect(check.loadedTotal == 80 && check.debitedTotal == 40)
    }

    @Test func `what is put back lasts as long as what was taken`() async throws {
        let world = try await member()
        let (initialized, command, _) = try await pay(40, world)
        let recovery = world.recovery(initialized, command)
        #expect(try await world.reader().send(.recover(recovery)).status == .done)
        #expect(try await tranches(world) == [tranche(30, 10), tranche(50, 100)])
        #expect(try await world.reader().send(.recover(recovery)).status != .done)
        #expect(try await audit(world).findings.isEmpty)
    }

    @Test func `what has expired meanwhile comes back with days of grace`() async throws {
        let world = try await member()
        let (initialized, command, _) = try await pay(30, world)
        let recovery = world.recovery(initialized, command)
        let reader = world.reader(at: Self.later(20))
        #expect(try await reader.send(.recover(recovery)).status == .done)
        #expect(try await tranches(world) == [tranche(30, 50), tranche(50, 100)])
        #expect(try await audit(world).findings.isEmpty)
    }

    @Test func `a row that says other points than the debit took puts nothing back`()
        async throws
    {
        let world = try await member()
        let (initialized, command, _) = try await pay(30, world)
        let entry = try CardHistoryEntry(try #require(try await world.rows().last).body)
        guard case .debit(let evidence) = entry.event, let points = evidence.points else {
            throw Unexpected()
        }
        let forever = try #require(
            PointsTranches([PointsTranche(expiry: PointsTranche.never, minorUnits: 30)])
        )
        for forged in [TakenPoints(forever, code: points.code), nil] {
            let other = DebitEvidence(
                type: evidence.type,
                random: evidence.random,
                expiry: evidence.expiry,
                purchaseKeyVersion: evidence.purchaseKeyVersion,
                command: evidence.command,
                answer: evidence.answer,
                points: forged
            )
            let sealed = try await world.sealed()
            await #expect(throws: ModuleFailure.sealBroken) {
                try await world.module.process(
                    .recover(world.recovery(initialized, command)),
                    on: sealed,
                    dialogue: nil,
                    context: CardContext(
                        random: 0,
                        now: Self.noon,
                        note: "",
                        evidence: CardHistoryEntry(
                            moment: entry.moment,
                            event: .debit(other),
                            note: ""
                        )
                    )
                )
            }
        }
    }

    @Test func `points that have expired are taken out before the card pays with others`()
        async throws
    {
        let world = try await member()
        let moment = Self.later(11)
        let request = InitializePurchase(type: .purchase, amount: try points(40))
        let refused = try await world.reader(at: moment).send(.initializePurchase(request))
        #expect(refused.status == .conditionsNotSatisfied)
        #expect(try await expire(world, at: moment) == 1)
        #expect(try await expire(world, at: moment) == 0)
        let entry = try CardHistoryEntry(try #require(try await world.rows().last).body)
        guard case .expired(let expired) = entry.event else { throw Unexpected() }
        #expect(expired.amount == (try points(30)) && expired.balance == 50)
        #expect(expired.lastNumber == 2 && entry.movement == nil)
        let (_, _, answer) = try await pay(40, world, at: moment)
        #expect(answer.number == 3 && answer.balance == 10)
        let check = try await audit(world)
        #expect(check.findings.isEmpty && check.expiredTotal == 30)
    }

    @Test func `points that expire between the commands are not taken`() async throws {
        let world = try await member()
        let sealed = try await world.sealed()
        let request = InitializePurchase(type: .purchase, amount: try points(40))
        let begun = try await world.module.process(
            .initializePurchase(request),
            on: sealed,
            dialogue: nil,
            context: CardContext(random: 5, now: Self.noon, note: "")
        )
        let answer = try InitializePurchaseAnswer(begun.response.data)
        let step = try await world.module.process(
            .debit(try world.command(for: answer, try points(40))),
            on: sealed,
            dialogue: begun.dialogue,
            context: CardContext(random: 6, now: Self.later(11), note: "")
        )
        #expect(step.response.status == .conditionsNotSatisfied && step.change == nil)
    }

    @Test func `a card that is blocked, or has expired itself, loses points all the same`()
        async throws
    {
        let world = try await member()
        try await world.set(.blocked(true))
        #expect(try await expire(world, at: Self.later(5_000)) == 1)
        #expect(try await tranches(world) == [])
    }

    @Test func `a load that the card does not take is declined, and signed`() async throws {
        let world = try await member()
        let before = try await tranches(world)
        let other = BankIdentifier.points(of: try programme(0x9002), until: Self.date(10))
        let wrong = try await load(5, from: other, world)
        #expect(wrong.completion == .refusedByLimit && wrong.balance == 80)
        let past = try await load(5, until: -1, world)
        #expect(past.completion == .refusedByLimit)
        let much = try await load(921, until: 10, world)
        #expect(much.completion == .maximumBalanceExceeded)
        #expect(try await tranches(world) == before)
        #expect(try await audit(world).findings.isEmpty)
        let independent = try await load(5, from: BankIdentifier(bits: 3), world)
        #expect(independent.completion == .done)
        #expect(try await tranches(world).last?.expiry == PointsTranche.never)
        #expect(try await audit(world).findings.isEmpty)
    }

    @Test func `a number is entered with a row, and another one is refused`() async throws {
        let world = try await member()
        let description = try await world.describe()
        #expect(description.memberships == [try membership()])
        let refused = try await world.module.set(
            .membership(membership("SKY-8"), .units, balanceMax: 1_000),
            by: "Sky",
            on: world.sealed(),
            context: CardContext(random: 0, now: Self.noon, note: "")
        )
        #expect(throws: SettingRefusal.alreadyEnrolled) { try refused.get() }
    }

    @Test func `a purchase names the programmes to those who drive the card`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        try await world.set(.membership(membership(), .units, balanceMax: nil))
        let reader = world.reader()
        _ = try await reader.initialize(CardWorld.amount(1))
        #expect(await reader.memberships == [try membership()])
        #expect(try await world.describe().purses.count == 1)
    }

    // MARK: Several changes as one

    @Test func `changes in a row become one revision, and no other row passes between`()
        async throws
    {
        let world = try await member()
        try await world.set(
            .membership(
                Membership(programme: programme(0x9002), number: membership().number),
                .units,
                balanceMax: 10
            )
        )
        let base = try await world.sealed()
        let context = CardContext(random: 0, now: Self.later(11), note: "")
        let first = try #require(try await world.module.expire(base, context: context))
        let second = try await world.module.set(
            .blocked(true),
            by: "operator",
            on: first.card,
            context: context
        ).get()
        let joined = try await world.module.join([first, second], after: base)
        #expect(joined.revision == base.revision + 1)
        #expect(try await world.module.describe(joined).isBlocked)
        for changes in [[second], [second, first], [first, first, second]] {
            await #expect(throws: ModuleFailure.sealBroken) {
                try await world.module.join(changes, after: base)
            }
        }
        // An older card does not come back as a newer one.
        await #expect(throws: ModuleFailure.sealBroken) {
            try await world.module.join([first, second], after: second.card)
        }
    }

    // MARK: Audit

    @Test func `the audit finds points whose day was changed in the record`() async throws {
        let world = try await member()
        _ = try await pay(40, world)
        let sealed = try await world.sealed()
        let (rows, all) = (try await world.rows(), try await world.describe())
        // The same balance, all of it for longer.
        let forged = Purse(
            currency: try programme(),
            exponent: .units,
            points: try #require(PointsTranches([tranche(40, 5_000)])),
            balanceMax: 1_000
        )
        let card = Card(
            identifier: world.card,
            expiry: all.expiry,
            purchaseKeyVersion: CardWorld.version,
            loadKeyVersion: CardWorld.version,
            lastNumber: all.lastNumber,
            purses: try CardWorld.euros(0).purses + [forged],
            historyCount: all.historyCount,
            historyHash: try #require(rows.last).hash,
            memberships: all.memberships
        )
        try await world.put(world.module.seal(CardRecord(card), revision: sealed.revision + 1))
        #expect(try await audit(world).findings == [.pointsDisagree])
    }

    /// Who can write to the database can make the hashes anew, too; the code is the module's.
    @Test func `the audit finds points whose day was changed in a row`() async throws {
        let world = try await member()
        _ = try await pay(40, world)
        let rows = try await world.rows()
        var bodies = rows.map(\.body)
        // The first day: kind 1, moment 8, number of days 1, then YYMMDD.
        bodies[3][12] = 0x29
        let check = try await audit(world, world.chained(bodies))
        #expect(
            check.findings == [
                .signatureWrong(number: 4), .pointsWrong(number: 4), .recordDisagrees,
            ]
        )
    }

    @Test func `the audit finds points that expired too early, or too many`() async throws {
        let world = try await member()
        #expect(try await expire(world, at: Self.later(11)) == 1)
        let rows = try await world.rows()
        let entry = try CardHistoryEntry(try #require(rows.last).body)
        guard case .expired(let expired) = entry.event else { throw Unexpected() }
        let early = CardHistoryEntry(moment: Self.noon, event: entry.event, note: "")
        let more = ExpiredPoints(
            amount: try points(31),
            balance: expired.balance - 1,
            lastNumber: expired.lastNumber
        )
        let many = CardHistoryEntry(moment: entry.moment, event: .expired(more), note: "")
        for forged in [early, many] {
            let bodies = rows.dropLast().map(\.body) + [forged.bytes]
            let check = try await audit(world, world.chained(bodies))
            #expect(check.findings.first == .pointsWrong(number: 4))
        }
    }

    @Test func `rows of points with the largest numbers are findings, not a trap`() async throws {
        let world = try await member()
        let rows = try await world.rows()
        let most = Money(minorUnits: .max, currency: try programme(), exponent: .units)
        let expired = CardHistoryEntry(
            moment: Instant(milliseconds: 0),
            event: .expired(ExpiredPoints(amount: most, balance: 0, lastNumber: 0)),
            note: ""
        )
        let moved = CardHistoryEntry(
            moment: Instant(milliseconds: 253_402_300_799_999),
            event: .moved(
                CardMove(
                    amount: most,
                    transaction: TransactionIdentifier(high: 0, low: 0),
                    successor: world.card,
                    lastNumber: 0,
                    balance: 0
                )
            ),
            note: ""
        )
        let bodies = rows.map(\.body) + [expired.bytes, moved.bytes] + rows.map(\.body)
        #expect(try await !audit(world, world.chained(bodies)).findings.isEmpty)
    }

    // MARK: The record

    @Test func `records of all formats are read, points of the older ones without an end`() throws {
        let member = try membership()
        var card = try CardWorld.euros(5, lastNumber: 3)
        card.enter(member, .units, balanceMax: 100)
        card.credit(try points(7), from: .points(of: try programme(), until: Self.date(10)))
        card.credit(try points(9), from: .points(of: try programme(), until: Self.date(20)))
        let record = CardRecord(card)
        #expect(try CardRecord(record.bytes) == record)
        // Format 3 ends before memberships (1 + 2 + 2 + 5) and days (1 + 22).
        let third = [3] + record.bytes.dropFirst().dropLast(33)
        let old = try CardRecord(Array(third))
        #expect(old.card.memberships.isEmpty)
        #expect(
            old.card.purses[1].points.all
                == [PointsTranche(expiry: PointsTranche.never, minorUnits: 16)]
        )
        // Format 2 has no policy (2), format 1 no declined answer (2) either.
        #expect(try CardRecord([2] + third.dropFirst().dropLast(2)) == old)
        #expect(try CardRecord([1] + third.dropFirst().dropLast(4)) == old)
        #expect(try CardRecord(old.bytes) == old)
    }

    @Test func `days that do not add up to the balance are no record`() throws {
        var card = try CardWorld.euros()
        card.enter(try membership(), .units, balanceMax: 100)
        card.credit(try points(7), from: BankIdentifier(bits: 3))
        var bytes = CardRecord(card).bytes
        bytes[bytes.count - 1] = 8
        #expect(throws: WireFailure(path: "card record: points", problem: .invalid)) {
            try CardRecord(bytes)
        }
        var random = Seeded(61)
        let whole = CardRecord(card).bytes
        for _ in 0..<5_000 {
            var damaged = whole
            damaged[Int.random(in: 0..<whole.count, using: &random)] = random.bytes(1)[0]
            guard let record = try? CardRecord(damaged) else { continue }
            #expect(try CardRecord(record.bytes) == record)
        }
    }

    // MARK: Planted bugs

    #if PLANTED_BUGS
        @Test func `a tranche that is spent twice is found`() async throws {
            let world = try await member()
            let answer = try await PlantedBug.$planted.withValue(.trancheSpentTwiceOnCard) {
                try await pay(40, world).2
            }
            #expect(answer.balance == 40)
            #expect(try await audit(world).findings == [.recordDisagrees, .pointsDisagree])
        }

        @Test func `points that are spent behind their day are found`() async throws {
            let world = try await member()
            _ = try await PlantedBug.$planted.withValue(.expiredPointsSpent) {
                try await pay(40, world, at: Self.later(11))
            }
            #expect(try await audit(world).findings == [.pointsWrong(number: 4)])
        }
    #endif

    @Test func `the audit finds a number that nobody entered`() async throws {
        let world = try await CardWorld(CardWorld.euros(0))
        let sealed = try await world.sealed()
        var record = CardRecord(try CardWorld.euros(0))
        record.card.enter(try membership(), .units, balanceMax: nil)
        try await world.put(world.module.seal(record, revision: sealed.revision + 1))
        #expect(try await audit(world).findings == [.membershipsDisagree])
    }
}

private struct Unexpected: Error {}
