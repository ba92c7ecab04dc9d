// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Keys
import Records
import SecurityModule
import Synchronization
import Testing
import Wire

/// Who knows the categories of some merchants, and how often it was asked.
final class Categories: MerchantCategorySource {
    private let known: [String: String]
    private let asked = Mutex(0)
    private let failure: StoreFailure?

    init(_ known: [String: String], failure: StoreFailure? = nil) {
        self.known = known
        self.failure = failure
    }

    var count: Int { asked.withLock { $0 } }

    func category(
        of merchant: MerchantIdentifier
    ) async throws(StoreFailure) -> MerchantCategory? {
        asked.withLock { $0 += 1 }
        if let failure { throw failure }
        return known[merchant.text].flatMap { MerchantCategory($0) }
    }
}

extension CardWorld {
    /// A card with 10.00 EUR and limits.
    static func limited(
        to change: (inout SpendingLimits) throws -> Void
    ) async throws -> CardWorld {
        let world = try await CardWorld(euros())
        try await world.setLimits(change)
        return world
    }

    func setLimits(
        at moment: Instant = noon,
        _ change: (inout SpendingLimits) throws -> Void
    ) async throws {
        var limits = SpendingLimits(currency: .euro, exponent: .cents)
        try change(&limits)
        try await set(.policy(SpendingPolicy(limits: limits)), at: moment)
    }

    /// Tries to pay.
    func attempt(
        _ minorUnits: UInt64,
        in reader: PseudoReader,
        merchant: String = "SHOP",
        at time: CardTime = CardTime(noon)
    ) async throws -> (InitializePurchaseAnswer, DebitIEP, DebitAnswer) {
        let amount = Self.amount(minorUnits)
        let initialized = try await reader.initialize(amount)
        let command = try command(for: initialized, amount, merchant: merchant, at: time)
        let response = try await reader.send(.debit(command))
        #expect(response.status == .done)
        return (initialized, command, try DebitAnswer(response.data))
    }
}

/// Limits inside the module: on the opened record, whichever way the debit comes.
@Suite struct SpendingTests {
    /// The end of the day of ``CardWorld/noon``, 2026-11-18 in UTC.
    private var midnight: Instant {
        Instant(milliseconds: (CardWorld.noon.day + 1) * 86_400_000)
    }

    // MARK: CC 0004

    @Test func `a limit is answered with CC 0004 and a signed S3, and takes nothing`()
        async throws
    {
        let world = try await CardWorld.limited { $0.purchaseMax = 100 }
        let reader = world.reader()
        let (initialized, command, answer) = try await world.attempt(101, in: reader)
        #expect(answer.completion == .refusedByLimit)
        #expect(answer.number == 1 && answer.balance == 1_000 && answer.issuerProof == .none)
        #expect(
            answer.signature
                == world.session(initialized, command).cardSignature(
                    world.scope(initialized, command),
                    completion: .refusedByLimit,
                    balance: 1_000
                )
        )
        #expect(await reader.refusal == .purchase(most: 100))
        let card = try await world.describe()
        #expect(card.lastNumber == 0)
        #expect(card.spending?.usage?.day.purchases == 0)
        #expect(try await world.rows().count == 1, "the policy alone")
        #expect(try await reader.send(.getPreviousSignature(number: 1)).data == answer.bytes)

        let (_, _, done) = try await world.attempt(100, in: reader)
        #expect(done.completion == .done && done.number == 1)
        #expect(await reader.refusal == nil)
        #expect(try await world.balance() == 900)
    }

    @Test func `a card answers CC 0004 last, after expiry and value`() async throws {
        let world = try await CardWorld.limited { $0.purchaseMax = 0 }
        let late = CardTime(Instant(milliseconds: 1_830_400_000_000))
        let (_, _, expired) = try await world.attempt(1, in: world.reader(), at: late)
        #expect(expired.completion == .cardExpired)
        let (_, _, refused) = try await world.attempt(1, in: world.reader())
        #expect(refused.completion == .refusedByLimit)
    }

    @Test func `each way to the card is refused alike`() async throws {
        let world = try await CardWorld.limited { $0.day.purchasesMax = 1 }
        let shared = world.reader(isShared: true)
        try await world.pay(100, in: shared)
        for reader in [shared, world.reader(isShared: true), world.reader()] {
            let (_, _, answer) = try await world.attempt(100, in: reader)
            #expect(answer.completion == .refusedByLimit)
        }
        #expect(try await world.balance() == 900)
    }

    @Test func `a frozen card pays nobody, can be loaded, and pays again once it is unfrozen`()
        async throws
    {
        let world = try await CardWorld(CardWorld.euros())
        try await world.set(.policy(SpendingPolicy(isFrozen: true)))
        let reader = world.reader(isShared: true)
        let (_, _, answer) = try await world.attempt(1, in: reader)
        #expect(answer.completion == .refusedByLimit)
        #expect(await reader.refusal == .frozen)
        try await world.load(100, in: reader)
        try await world.set(.policy(.none))
        try await world.pay(1, in: reader)
        #expect(try await world.describe().spending == nil)
    }

    @Test func `a proof is made by a frozen card, too`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        try await world.set(.policy(SpendingPolicy(isFrozen: true)))
        let reader = world.reader()
        let nothing = CardWorld.amount(0)
        let initialized = try await reader.initialize(nothing, type: .authentication)
        let command = try world.command(for: initialized, nothing, type: .authentication)
        let answer = try DebitAnswer(try await reader.send(.debit(command)).data)
        #expect(answer.completion == .done)
    }

    @Test func `the clock of the module decides, and not what the terminal says`() async throws {
        let world = try await CardWorld.limited { $0.day.purchasesMax = 1 }
        try await world.pay(1, in: world.reader())
        let tomorrow = CardTime(midnight)
        let (_, _, answer) = try await world.attempt(1, in: world.reader(), at: tomorrow)
        #expect(answer.completion == .refusedByLimit)
        let reader = world.reader(at: midnight)
        let (_, _, done) = try await world.attempt(1, in: reader, at: CardTime(CardWorld.noon))
        #expect(done.completion == .done)
    }

    // MARK: What counts

    @Test func `a debit and what it counts are one change of the card`() async throws {
        let store = FaultyStore()
        let world = try await CardWorld(CardWorld.euros(), store: store)
        try await world.setLimits { $0.day.minorUnitsMax = 150 }
        let reader = world.reader()
        let command = try world.command(
            for: await reader.initialize(CardWorld.amount(100)),
            CardWorld.amount(100)
        )
        store.fail(with: .diskFull)
        #expect(try await reader.send(.debit(command)).status == .memoryFailure)
        store.fail(with: nil)
        #expect(try await world.describe().spending?.usage?.day.minorUnits == 0)
        let before = try await world.sealed().revision
        try await world.pay(100, in: reader)
        #expect(try await world.sealed().revision == before + 1)
        #expect(try await world.describe().spending?.usage?.day.minorUnits == 100)
        #expect(try await world.describe().spending?.usage?.month.purchases == 1)
    }

    @Test func `of two debits at once that a limit allows one of, one is made`() async throws {
        for _ in 0..<30 {
            let world = try await CardWorld.limited { $0.day.minorUnitsMax = 150 }
            let readers = [world.reader(), world.reader(isShared: true)]
            let amount = CardWorld.amount(100)
            var commands: [DebitIEP] = []
            for reader in readers {
                commands.append(try world.command(for: await reader.initialize(amount), amount))
            }
            let pairs = Array(zip(readers, commands))
            let answers = try await withThrowingTaskGroup(of: StatusWord.self) { group in
                for (reader, command) in pairs {
                    group.addTask { try await reader.send(.debit(command)).status }
                }
                return try await group.reduce(into: [StatusWord]()) { $0.append($1) }
            }
            #expect(Set(answers) == [.done, .conditionsNotSatisfied])
            let (_, _, again) = try await world.attempt(100, in: readers[0])
            #expect(again.completion == .refusedByLimit)
            #expect(try await world.balance() == 900)
        }
    }

    @Test func `what is put back is given back, and can be spent again`() async throws {
        let world = try await CardWorld.limited {
            $0.day = SpendingLimits.Period(minorUnitsMax: 100, purchasesMax: 1)
        }
        let reader = world.reader()
        let (initialized, command, _) = try await world.pay(100, in: reader)
        let (_, _, refused) = try await world.attempt(1, in: reader)
        #expect(refused.completion == .refusedByLimit)
        let recovery = world.recovery(initialized, command)
        #expect(try await reader.send(.recover(recovery)).status == .done)
        #expect(try await world.describe().spending?.usage?.day.purchases == 0)
        try await world.pay(100, in: reader)
        // Not a second time.
        #expect(try await reader.send(.recover(recovery)).status == .conditionsNotSatisfied)
        #expect(try await world.describe().spending?.usage?.day.minorUnits == 100)
    }

    @Test func `what is put back a day later gives nothing back to that day`() async throws {
        let world = try await CardWorld.limited { $0.day.minorUnitsMax = 100 }
        let (initialized, command, _) = try await world.pay(100, in: world.reader())
        let later = world.reader(at: midnight)
        try await world.pay(60, in: later)
        let recovery = world.recovery(initialized, command)
        #expect(try await later.send(.recover(recovery)).status == .done)
        #expect(try await world.describe().spending?.usage?.day.minorUnits == 60)
        #expect(try await world.describe().spending?.usage?.month.minorUnits == 60)
    }

    @Test func `a recovered proof gives nothing back`() async throws {
        let world = try await CardWorld.limited { $0.day.purchasesMax = 1 }
        let reader = world.reader()
        try await world.pay(100, in: reader)
        let nothing = CardWorld.amount(0)
        let initialized = try await reader.initialize(nothing, type: .authentication)
        let command = try world.command(for: initialized, nothing, type: .authentication)
        _ = try await reader.send(.debit(command))
        let scope = PurchaseScope(
            type: .authentication,
            card: initialized.card,
            number: initialized.number,
            command: command
        )
        let recovery = world.recovery(initialized, command)
            .with(voidProof: world.session(initialized, command).voidProof(scope))
        #expect(try await reader.send(.recover(recovery)).status == .done)
        #expect(try await world.describe().spending?.usage?.day.purchases == 1)
    }

    // MARK: Allowed once

    @Test func `what is allowed once is used up by the debit that needs it`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        var limits = SpendingLimits(currency: .euro, exponent: .cents)
        limits.purchaseMax = 100
        var policy = SpendingPolicy(limits: limits)
        let number = try policy.allowOnce(
            try #require(MerchantIdentifier("SHOP")),
            minorUnitsMax: 300,
            until: midnight,
            now: CardWorld.noon
        )
        try await world.set(.policy(policy))
        let reader = world.reader()
        try await world.pay(100, in: reader)
        #expect(try await world.describe().spending?.policy.exceptions.count == 1)
        let (_, _, other) = try await world.attempt(300, in: reader, merchant: "OTHER")
        #expect(other.completion == .refusedByLimit)
        try await world.pay(300, in: reader)
        #expect(try await world.describe().spending?.policy.exceptions.isEmpty == true)
        let (_, _, again) = try await world.attempt(300, in: reader)
        #expect(again.completion == .refusedByLimit)
        let events = try await world.rows().map { try CardHistoryEntry($0.body).event }
        guard case .debit(let plain) = events[1], case .debit(let excepted) = events[2] else {
            Issue.record("a policy and two debits")
            return
        }
        #expect(plain.exception == nil && excepted.exception == number)
        #expect(try await world.balance() == 600)
    }

    // MARK: Categories

    private func onlyFood(_ limits: inout SpendingLimits) throws {
        let food = try #require(MerchantCategory("5812"))
        limits.categories = try #require(SpendingRule(.only, [food]))
    }

    @Test func `the category of a merchant is asked for once, where the policy needs it`()
        async throws
    {
        let categories = Categories(["SHOP": "5812", "CASINO": "7995"])
        let world = try await CardWorld(CardWorld.euros())
        try await world.pay(1, in: world.reader(asking: categories))
        try await world.setLimits { $0.purchaseMax = 100 }
        try await world.pay(1, in: world.reader(asking: categories))
        #expect(categories.count == 0, "without a policy, and without categories in it")
        try await world.setLimits(onlyFood)
        let reader = world.reader(asking: categories)
        try await world.pay(1, in: reader)
        #expect(categories.count == 1)
        for (merchant, category) in [("CASINO", "7995"), ("NOBODY", nil)] {
            let (_, _, answer) = try await world.attempt(1, in: reader, merchant: merchant)
            #expect(answer.completion == .refusedByLimit)
            let expected = category.flatMap { MerchantCategory($0) }
            #expect(await reader.refusal == .category(expected))
        }
    }

    @Test func `where nobody knows categories, a card that asks for them pays nobody`()
        async throws
    {
        let world = try await CardWorld.limited(to: onlyFood)
        let (_, _, answer) = try await world.attempt(1, in: world.reader())
        #expect(answer.completion == .refusedByLimit)
        let away = Categories([:], failure: .locked)
        let reader = world.reader(asking: away)
        let amount = CardWorld.amount(1)
        let command = try world.command(for: await reader.initialize(amount), amount)
        #expect(try await reader.send(.debit(command)).status == .memoryFailure)
        #expect(try await world.balance() == 1_000)
    }

    // MARK: Settings

    @Test func `limits in another currency than the card's are not set`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let limits = SpendingLimits(currency: .dollar, exponent: .cents)
        let outcome = try await world.module.set(
            .policy(SpendingPolicy(limits: limits)),
            by: "operator",
            on: world.sealed(),
            context: CardContext(random: 0, now: CardWorld.noon, note: "")
        )
        #expect(outcome == .failure(.otherCurrency))
    }

    @Test func `a policy is set in one change with its row`() async throws {
        let world = try await CardWorld.limited { $0.purchaseMax = 7 }
        #expect(try await world.sealed().revision == 2)
        let row = try #require(try await world.rows().first)
        let entry = try CardHistoryEntry(row.body)
        let policy = try #require(try await world.describe().spending?.policy)
        #expect(entry.event == .setting(.policy(policy), by: "operator"))
        #expect(policy.limits?.purchaseMax == 7)
    }
}
