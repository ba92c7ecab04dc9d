// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

/// Exceptions, freezing, and what the card makes of it.
@Suite struct SpendingPolicyTests {
    private func noon() throws -> Instant { try Limits.moment("2026-11-25 12:00") }

    private func policy(most: UInt64 = 100) throws -> SpendingPolicy {
        SpendingPolicy(limits: try Limits.limits { $0.purchaseMax = most })
    }

    // MARK: Exceptions

    @Test func `what is allowed once passes at its amount, merchant and time, and not beyond`()
        throws
    {
        let noon = try noon()
        let end = noon.adding(.seconds(3600))
        let (shop, other) = (try #require(Limits.shop), try #require(Limits.other))
        var policy = try policy()
        let number = try policy.allowOnce(shop, minorUnitsMax: 500, until: end, now: noon)
        func verdict(_ amount: UInt64, _ merchant: MerchantIdentifier, _ moment: Instant) throws
            -> SpendingVerdict
        {
            policy.verdict(on: try Limits.request(amount, at: merchant), nil, at: moment)
        }
        let last = Instant(milliseconds: end.milliseconds - 1)
        let refused = SpendingVerdict.refused(.purchase(most: 100))
        #expect(try verdict(100, shop, noon) == .allowed(exception: nil), "needs none")
        #expect(try verdict(101, shop, noon) == .allowed(exception: number))
        #expect(try verdict(500, shop, last) == .allowed(exception: number))
        #expect(try verdict(501, shop, noon) == refused)
        #expect(try verdict(500, other, noon) == refused)
        #expect(try verdict(500, shop, end) == refused)
        policy.isFrozen = true
        #expect(try verdict(500, shop, noon) == .refused(.frozen))
    }

    @Test func `the debit that needs an exception uses it up, and counts`() throws {
        let noon = try noon()
        var policy = SpendingPolicy(limits: try Limits.limits { $0.day.minorUnitsMax = 100 })
        let shop = try #require(Limits.shop)
        try policy.allowOnce(
            shop,
            minorUnitsMax: 500,
            until: noon.adding(.seconds(60)),
            now: noon
        )
        var spending = try #require(
            CardSpending.setting(policy, after: nil, at: noon, nextTransaction: 1)
        )
        spending.count(Limits.euros(40), transaction: 1, exception: nil, at: noon)
        #expect(spending.policy.exceptions.count == 1)
        let dear = try Limits.request(200)
        #expect(spending.verdict(on: dear, at: noon) == .allowed(exception: 1))
        spending.count(dear.amount, transaction: 2, exception: 1, at: noon)
        #expect(spending.policy.exceptions.isEmpty)
        #expect(spending.usage?.day.minorUnits == 240)
        let tomorrow = try Limits.moment("2026-11-26")
        #expect(
            spending.refusal(of: dear, at: noon)
                == .amount(.day, most: 100, left: 0, renews: tomorrow)
        )
        // Put back, its amount is given back; it is not allowed again.
        spending.giveBack(dear.amount, transaction: 2)
        #expect(spending.usage?.day.minorUnits == 40)
        #expect(spending.refusal(of: dear, at: noon) != nil)
    }

    @Test func `of several exceptions the smallest that is enough is used, then the first to end`()
        throws
    {
        let noon = try noon()
        let shop = try #require(Limits.shop)
        var policy = try policy()
        for (amount, seconds) in [(UInt64(900), 10), (300, 90), (300, 60), (200, 10)] {
            try policy.allowOnce(
                shop,
                minorUnitsMax: amount,
                until: noon.adding(.seconds(seconds)),
                now: noon
            )
        }
        for expected: UInt32 in [3, 2, 1] {
            let verdict = policy.verdict(on: try Limits.request(250), nil, at: noon)
            #expect(verdict == .allowed(exception: expected))
            let isKnown = policy.remove(exception: expected)
            #expect(isKnown)
        }
        #expect(
            policy.verdict(on: try Limits.request(250), nil, at: noon)
                == .refused(.purchase(most: 100))
        )
        let isKnown = policy.remove(exception: 3)
        #expect(!isKnown)
    }

    @Test func `an exception is refused without limits, in the past, and above the eighth`() throws
    {
        let noon = try noon()
        let shop = try #require(Limits.shop)
        func allow(_ policy: inout SpendingPolicy, until end: Instant, now: Instant) throws {
            try policy.allowOnce(shop, minorUnitsMax: 1, until: end, now: now)
        }
        var open = SpendingPolicy(isFrozen: true)
        #expect(throws: SettingRefusal.noLimits) { try allow(&open, until: noon, now: noon) }
        var policy = try policy()
        #expect(throws: SettingRefusal.alreadyOver) { try allow(&policy, until: noon, now: noon) }
        let soon = noon.adding(.milliseconds(1))
        for _ in 0..<SpendingPolicy.exceptionsMax { try allow(&policy, until: soon, now: noon) }
        #expect(throws: SettingRefusal.exceptionsFull) {
            try allow(&policy, until: soon, now: noon)
        }
        // Those whose time is over make room.
        try allow(&policy, until: soon.adding(.seconds(1)), now: soon)
        #expect(policy.exceptions.map(\.number) == [9])
        let far = Instant(milliseconds: .max)
        try allow(&policy, until: far, now: noon)
        #expect(policy.exceptions.last?.end == SpendingException.endMax)
    }

    // MARK: One value

    @Test func `limits that are set leave freezing and exceptions as they are`() throws {
        let noon = try noon()
        var policy = try policy()
        policy.isFrozen = true
        try policy.allowOnce(
            try #require(Limits.shop),
            minorUnitsMax: 1,
            until: noon.adding(.seconds(1)),
            now: noon
        )
        policy.set(try Limits.limits { $0.purchaseMax = 7 })
        #expect(policy.isFrozen && policy.exceptions.count == 1)
        policy.set(SpendingLimits(currency: .dollar, exponent: .cents))
        #expect(policy.exceptions.isEmpty, "its amount was in another currency")
        policy.set(nil)
        let frozen = SpendingPolicy(
            limits: nil,
            isFrozen: true,
            exceptions: [],
            lastException: 1
        )
        #expect(policy == frozen)
        policy.isFrozen = false
        #expect(policy.refusesNothing)
    }

    @Test func `a policy that refuses nothing is none, and counts nothing`() throws {
        let noon = try noon()
        let frozen = CardSpending.setting(
            SpendingPolicy(isFrozen: true),
            after: nil,
            at: noon,
            nextTransaction: 1
        )
        #expect(frozen != nil && frozen?.usage == nil)
        #expect(
            CardSpending.setting(.none, after: frozen, at: noon, nextTransaction: 1) == nil
        )
    }

    @Test func `what was spent stays counted where limits or freezing change`() throws {
        let noon = try noon()
        var spending = try Limits.spending(at: noon) { $0.day.purchasesMax = 5 }
        spending.pay(100, transaction: 1, at: noon)
        for policy in [
            SpendingPolicy(limits: try Limits.limits { $0.week.purchasesMax = 1 }),
            SpendingPolicy(limits: try Limits.limits(), isFrozen: true),
        ] {
            let next = CardSpending.setting(
                policy,
                after: spending,
                at: noon,
                nextTransaction: 2
            )
            #expect(next?.usage == spending.usage)
        }
        let dollars = SpendingPolicy(
            limits: SpendingLimits(currency: .dollar, exponent: .cents)
        )
        let other = CardSpending.setting(
            dollars,
            after: spending,
            at: noon,
            nextTransaction: 2
        )
        #expect(other?.usage?.day.purchases == 0)
    }

    // MARK: On the card

    private func card(_ policy: SpendingPolicy) throws -> Card {
        var card = try Cards.card()
        card.set(policy, at: try noon())
        return card
    }

    private func decision(
        _ card: Card,
        _ request: SpendingRequest,
        _ type: TransactionType = .purchase,
        time: UInt64 = 0x2026_1125_1200_00
    ) throws -> DebitDecision {
        let time = try #require(CardTime(bcd: time))
        return card.decision(on: request, type, at: time, now: try noon())
    }

    @Test func `limits are asked after block, expiry and value`() throws {
        let policy = try policy(most: 50)
        var blocked = try card(policy)
        blocked.block()
        let dear = try Limits.request(101)
        #expect(try decision(blocked, dear).completion == .cardBlocked)
        let card = try card(policy)
        #expect(try decision(card, dear, time: 0x2028_0101_0000_00).completion == .cardExpired)
        #expect(try decision(card, dear).completion == .insufficientValue)
        let refused = try decision(card, try Limits.request(51))
        #expect(refused.completion == .refusedByLimit)
        #expect(refused.refusal == .purchase(most: 50))
        #expect(try decision(card, try Limits.request(50)).completion == .done)
    }

    @Test func `a proof is not limited, not even of a frozen card, and does not count`() throws {
        let limits = try Limits.limits { $0.day.purchasesMax = 0 }
        let card = try card(SpendingPolicy(limits: limits, isFrozen: true))
        let proof = SpendingRequest(
            amount: Limits.euros(0),
            merchant: try #require(Limits.shop)
        )
        let decision = try decision(card, proof, .authentication)
        #expect(decision.completion == .done && !decision.counts)
        var after = card
        after.debit(proof.amount)
        after.count(proof.amount, decision, at: try noon())
        #expect(after.spending == card.spending)
    }

    @Test func `a debit counts, and a recovery gives back`() throws {
        var card = try card(try policy())
        let request = try Limits.request(60)
        let decision = try decision(card, request)
        card.debit(request.amount)
        card.count(request.amount, decision, at: try noon())
        #expect(card.spending?.usage?.day.minorUnits == 60)
        #expect(card.spending?.usage?.day.firstTransaction == 8)
        card.recover(request.amount, [], at: try noon())
        card.giveBack(request.amount, transaction: card.lastNumber)
        #expect(card.spending?.usage?.day.minorUnits == 0)
        #expect(card.spending?.usage?.day.purchases == 0)
    }

    @Test func `limits are in the currency of the card's money`() throws {
        let card = try Cards.card()
        let dollars = SpendingPolicy(
            limits: SpendingLimits(currency: .dollar, exponent: .cents)
        )
        #expect(card.refusal(ofSetting: dollars) == .otherCurrency)
        #expect(card.refusal(ofSetting: try policy()) == nil)
        #expect(card.refusal(ofSetting: SpendingPolicy(isFrozen: true)) == nil)
    }
}
