// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

extension World {
    /// Sets the limits of a card, in euros and by UTC.
    func limit(
        _ card: Int = 0,
        _ change: (inout SpendingLimits) throws -> Void
    ) async throws {
        var limits = SpendingLimits(currency: .euro, exponent: .cents)
        try change(&limits)
        _ = try await desk.setLimits(limits, of: cards[card], by: "guardian").get()
    }

    /// The start of the day behind the present one.
    var tomorrow: Instant { Instant(milliseconds: (now.day + 1) * 86_400_000) }
}

/// Purchases of a card with limits, wherever S3 is compared.
@Suite struct LimitTests {
    private static let policies = ComparisonPolicy.allCases
    private static let price: UInt64 = 150

    private func world(_ policy: ComparisonPolicy = .securityCard) async throws -> World {
        var plan = WorldPlan()
        plan.policies = [policy]
        return try await World(plan)
    }

    /// A limit, the amount that it refuses at the boundary, and what is told.
    struct Kind: Sendable, CustomTestStringConvertible {
        let says: String
        let set: @Sendable (inout SpendingLimits, World) throws -> Void
        let isTold: @Sendable (SpendingRefusal) -> Bool

        var testDescription: String { says }
    }

    static let kinds: [Kind] = [
        Kind(
            says: "one purchase",
            set: { limits, _ in limits.purchaseMax = price - 1 },
            isTold: { $0 == .purchase(most: price - 1) }
        ),
        Kind(
            says: "the amount of a day",
            set: { limits, _ in limits.day.minorUnitsMax = price - 1 },
            isTold: {
                if case .amount(.day, price - 1, price - 1, _) = $0 { true } else { false }
            }
        ),
        Kind(
            says: "the amount of a week",
            set: { limits, _ in limits.week.minorUnitsMax = price - 1 },
            isTold: { if case .amount(.week, _, price - 1, _) = $0 { true } else { false } }
        ),
        Kind(
            says: "the amount of a month",
            set: { limits, _ in limits.month.minorUnitsMax = price - 1 },
            isTold: { if case .amount(.month, _, price - 1, _) = $0 { true } else { false } }
        ),
        Kind(
            says: "the purchases of a day",
            set: { limits, _ in limits.day.purchasesMax = 0 },
            isTold: { if case .count(.day, 0, _) = $0 { true } else { false } }
        ),
        Kind(
            says: "the purchases of a week",
            set: { limits, _ in limits.week.purchasesMax = 0 },
            isTold: { if case .count(.week, 0, _) = $0 { true } else { false } }
        ),
        Kind(
            says: "the purchases of a month",
            set: { limits, _ in limits.month.purchasesMax = 0 },
            isTold: { if case .count(.month, 0, _) = $0 { true } else { false } }
        ),
        Kind(
            says: "a merchant that is forbidden",
            set: { limits, world in
                limits.merchants = try #require(
                    SpendingRule(.except, [world.shops[0].merchant])
                )
            },
            isTold: { if case .merchant = $0 { true } else { false } }
        ),
        Kind(
            says: "a category that is not known",
            set: { limits, _ in limits.categories = try #require(SpendingRule(.only, [])) },
            isTold: { $0 == .category(nil) }
        ),
        Kind(
            says: "an hour that is not open",
            set: { limits, _ in limits.hours = .never },
            isTold: { $0 == .hour(opens: nil) }
        ),
    ]

    @Test(arguments: kinds, policies)
    func `a limit refuses before anything is sent, and the order can be paid once it is allowed`(
        kind: Kind,
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (_, page) = try await world.offer()
        try await world.limit { try kind.set(&$0, world) }
        guard case .refusedByLimit(let refusal) = await world.pay(page) else {
            Issue.record("not refused")
            return
        }
        #expect(kind.isTold(refusal), "\(refusal)")
        #expect(world.link.exchanges.isEmpty)
        // What was told before paying is the same.
        let description = try #require(try await world.desk.describe(world.cards[0]))
        #expect(try await world.desk.refusal(of: page.terms, by: description) == refusal)

        let end = world.now.adding(.seconds(600))
        let allowed = try await world.desk.allowOnce(
            page.terms.merchant,
            minorUnitsMax: Self.price,
            until: end,
            with: world.cards[0],
            by: "guardian"
        ).get()
        #expect(allowed.exceptions.count == 1)
        #expect(await world.pay(page).isPaid)
        #expect(await world.pay(page).isPaid, "the same order, told again")
        let (_, next) = try await world.offer()
        guard case .refusedByLimit = await world.pay(next) else {
            Issue.record("allowed twice")
            return
        }
        try await world.expectSound(balance: 10_000 - Self.price, sold: 1)
        #expect(try await world.cardAuditor.run {}.findings == [])
    }

    @Test(arguments: policies)
    func `a limit is used to its last cent`(policy: ComparisonPolicy) async throws {
        let world = try await world(policy)
        try await world.limit { $0.day.minorUnitsMax = 2 * Self.price }
        for _ in 0..<2 { #expect(await world.pay(try await world.offer().page).isPaid) }
        let (_, cheap) = try await world.offer(1)
        #expect(
            await world.pay(cheap)
                == .refusedByLimit(
                    .amount(.day, most: 2 * Self.price, left: 0, renews: world.tomorrow)
                )
        )
        world.clock.advance(by: world.tomorrow.since(world.now))
        let (_, page) = try await world.offer()
        #expect(await world.pay(page).isPaid)
        try await world.expectSound(balance: 10_000 - 3 * Self.price, sold: 3)
    }

    // MARK: At the same moment

    @Test(arguments: UInt64(1)...6, policies)
    func `purchases at the same moment pass no limit together`(
        seed: UInt64,
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        try await world.limit {
            $0.day = SpendingLimits.Period(
                minorUnitsMax: 2 * Self.price - 1,
                purchasesMax: 1
            )
        }
        var pages: [OrderPage] = []
        for _ in 0..<3 { pages.append(try await world.offer().page) }
        let outcomes = await withTaskExecutorPreference(SeededExecutor(seed: seed)) {
            await withTaskGroup(of: PurchaseOutcome.self) { group in
                for page in pages { group.addTask { await world.pay(page) } }
                return await group.reduce(into: [PurchaseOutcome]()) { $0.append($1) }
            }
        }
        #expect(outcomes.count(where: \.isPaid) == 1)
        for outcome in outcomes where !outcome.isPaid {
            switch outcome {
            // The other one was first; or all terminals were leased.
            case .refusedByLimit, .refused(.cardChanged), .refused(.busy): break
            default: Issue.record("\(outcome)")
            }
        }
        try await world.expectSound(balance: 10_000 - Self.price, sold: 1)
    }

    @Test func `a purchase and a card in a reader at the same moment pass no limit together`()
        async throws
    {
        for seed in UInt64(1)...20 {
            let world = try await world(.paymentServer)
            try await world.limit { $0.week.purchasesMax = 1 }
            let terminal = await ReaderTerminal(world)
            let pages = [try await world.offer().page, try await world.offer().page]
            await withTaskExecutorPreference(SeededExecutor(seed: seed)) {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { _ = await world.pay(pages[0]) }
                    group.addTask { _ = await terminal.pay(pages[1]) }
                }
            }
            #expect(try await world.balance() == 10_000 - Self.price)
            #expect(try await world.cardAuditor.run {}.findings == [])
        }
    }

    // MARK: At the debit itself

    @Test(arguments: policies)
    func `a card whose hour ends before the debit declines it, and says why`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let hour = Int(world.now.milliseconds / 3_600_000 % 24)
        let weekday = Weekday(day: world.now.day)
        try await world.limit {
            $0.hours = .never
            $0.hours.insert(weekday, hours: hour..<hour + 1)
        }
        let next = Instant(milliseconds: (world.now.milliseconds / 3_600_000 + 1) * 3_600_000)
        // A second before the hour ends: the answer to the draw takes two.
        world.clock.advance(by: next.since(world.now) - .seconds(1))
        let (ticket, page) = try await world.offer()
        world.link.plan.script(
            .alterResponse { bytes in
                world.clock.advance(by: .seconds(2))
                return bytes
            },
            at: 1
        )
        let opens = Instant(milliseconds: next.milliseconds - 3_600_000 + 7 * 86_400_000)
        #expect(await world.pay(page) == .refusedByLimit(.hour(opens: opens)))
        let sale = await Ledger(world).sales[ticket.transaction]?.state
        #expect(sale == .refused || sale == .void)
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test(arguments: policies)
    func `limits that are set while a purchase is under way hold for it`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (_, page) = try await world.offer()
        world.link.plan.script(
            .alterResponse { bytes in
                _ = try? await world.desk.freeze(true, world.cards[0], by: "guardian")
                return bytes
            },
            at: 1
        )
        #expect(await world.pay(page) == .refused(.cardChanged))
        let (_, next) = try await world.offer()
        #expect(await world.pay(next) == .refusedByLimit(.frozen))
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    // MARK: Another path

    @Test(arguments: policies.filter(\.suitsCardInReader))
    func `a card in a reader is refused by the same limit, and pays once it is allowed`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        try await world.limit { $0.day.purchasesMax = 1 }
        let terminal = await ReaderTerminal(world)
        guard case .paid = await terminal.pay(try await world.offer().page) else {
            Issue.record("not paid")
            return
        }
        let refused = try await world.offer()
        #expect(await terminal.pay(refused.page) == .notTaken(.refused(.refusedByLimit)))
        #expect(terminal.memory.open.count == 1, "the first one alone")
        let (_, page) = try await world.offer()
        guard case .refusedByLimit(.count(.day, 1, _)) = await world.pay(page) else {
            Issue.record("passed by the card site")
            return
        }
        _ = try await world.desk.allowOnce(
            page.terms.merchant,
            minorUnitsMax: Self.price,
            until: world.now.adding(.seconds(60)),
            with: world.cards[0],
            by: "guardian"
        ).get()
        guard case .paid = await terminal.pay(try await world.offer().page) else {
            Issue.record("not allowed")
            return
        }
        await world.payments.countSales()
        #expect(try await world.balance() == 10_000 - 2 * Self.price)
        #expect(try await world.cardAuditor.run {}.findings == [])
        #expect(try await world.saleAudit.run {}.findings == [])
    }

    // MARK: What is put back

    @Test func `a purchase that was given up can be made again within the same limit`()
        async throws
    {
        let world = try await world()
        try await world.limit { $0.day.purchasesMax = 1 }
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(page).isPending)
        let (_, second) = try await world.offer()
        guard case .refusedByLimit = await world.pay(second) else {
            Issue.record("a pending purchase counts")
            return
        }
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        await world.payments.giveUpLateSales()
        await world.tidy()
        #expect(try await world.balance() == 10_000)
        let (_, third) = try await world.offer()
        #expect(await world.pay(third).isPaid)
        try await world.expectSound(balance: 10_000 - Self.price, sold: 1)
    }
}
