// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Simulation
import Synchronization
import Testing
import Wire

/// Sales that wait for their security card to count them (FIGS. 6–8): a security card holds so many
/// and no more, and one that never counts is told to the operator.
@Suite struct CountingTests {
    private static let policies = ComparisonPolicy.allCases.filter(\.releasesTerminalEarly)
    /// Numbers that a security card holds open.
    private static let numbersMax = 256

    private func world(_ policy: ComparisonPolicy, terminals: Int = 1) async throws -> World {
        var plan = WorldPlan()
        plan.policies = [policy]
        plan.terminals = terminals
        return try await World(plan)
    }

    private func buy(_ world: World, _ article: Int = 0) async throws -> OrderPage {
        let (_, page) = try await world.offer(article)
        #expect(await world.pay(page).isPaid)
        await world.purchases.settleOpenDraws(olderThan: .zero)
        return page
    }

    private func memory(
        _ world: World,
        _ card: SecurityCardIdentifier
    ) async throws -> SealedSecurityCard {
        let key = RecordKey(Terminal.memoryKind, card.bytes)
        let record = try #require(try await world.paymentStore.read(key))
        return SealedSecurityCard(identifier: card, revision: record.revision, body: record.body)
    }

    private func keep(_ memory: SealedSecurityCard, in world: World) async throws {
        let key = RecordKey(Terminal.memoryKind, memory.identifier.bytes)
        let write = RecordWrite.put(
            key,
            expectedRevision: memory.revision - 1,
            body: memory.body
        )
        #expect(try await world.paymentStore.commit(Transition(writes: [write])) == .committed)
    }

    // MARK: No number left

    @Test(arguments: policies)
    func `where one security card has no number left, another terminal serves`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy, terminals: 2)
        let page = try await buy(world)
        let first = try #require(await Ledger(world).sales[page.terms.transaction])
        let card = world.securityCard(SecurityCardIdentifier(acquirer: 7, serial: 1))
        var memory = try await memory(world, card.identifier)
        while case .success(let drawn) = try await card.draw(
            first.draw,
            at: CardTime(world.now),
            with: memory
        ) {
            memory = drawn.memory
            try await keep(memory, in: world)
        }
        try await world.restartPaymentServer()
        for _ in 0..<4 { _ = try await buy(world) }
        let sales = await Ledger(world).sales.values
        #expect(sales.count { $0.command.securityCard.serial == 2 } >= 4)
        #expect(world.leasedTerminals.isEmpty)
    }

    @Test func `where no security card has a number left a sale is busy until some are counted`()
        async throws
    {
        let world = try await world(.paymentServer)
        for _ in 0..<Self.numbersMax { _ = try await buy(world, 1) }
        let (_, page) = try await world.offer(1)
        #expect(await world.pay(page) == .refused(.busy))
        #expect(await world.payments.countSales() == Self.numbersMax)
        #expect(await world.pay(page).isPaid)
        try await world.expectSound(balance: 10_000 - 257 * 20, sold: 257)
    }

    // MARK: Never counted

    /// Gives a number up behind the back of its sale, so that it can never be counted.
    private func spoil(_ page: OrderPage, _ world: World) async throws {
        let sale = try #require(await Ledger(world).sales[page.terms.transaction])
        let card = world.securityCard(sale.command.securityCard)
        let memory = try await memory(world, card.identifier)
        let given = try await card.giveUp(sale.draw, sale.command, with: memory).get()
        try await keep(given.memory, in: world)
    }

    @Test(arguments: policies)
    func `a sale that its security card does not count is told once, after its time`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let told = Mutex<[UncountedSale]>([])
        let payments = try await world.paymentServer(alarm: { sale in
            told.withLock { $0.append(sale) }
        })
        let page = try await buy(world)
        try await spoil(page, world)
        #expect(await payments.countSales() == 0)
        world.clock.advance(by: PurchaseLimits.countTime)
        #expect(await payments.countSales() == 0)
        #expect(told.withLock { $0.isEmpty })
        #expect(!payments.isOverdue(page.terms.transaction))
        world.clock.advance(by: .seconds(1))
        for _ in 0..<3 { #expect(await payments.countSales() == 0) }
        #expect(told.withLock { $0.map(\.transaction) } == [page.terms.transaction])
        #expect(told.withLock { $0.first?.terminal } == "terminal-1")
        #expect(payments.isOverdue(page.terms.transaction))
        let lines = try await payments.openSales(limit: 10)
        #expect(lines.map(\.isOverdue) == [true])
        // A payment server that is started again knows since when.
        let again = try await world.paymentServer(alarm: { sale in
            told.withLock { $0.append(sale) }
        })
        await again.countSales()
        #expect(told.withLock { $0.count } == 2)
    }

    @Test func `a sale that is counted in time is not told`() async throws {
        let world = try await world(.paymentServer)
        let told = Mutex(0)
        let payments = try await world.paymentServer(alarm: { _ in told.withLock { $0 += 1 } })
        let page = try await buy(world)
        world.clock.advance(by: PurchaseLimits.countTime + .seconds(1))
        #expect(await payments.countSales() == 1)
        await payments.countSales()
        #expect(told.withLock { $0 } == 0)
        #expect(!payments.isOverdue(page.terms.transaction))
        try await world.restartPaymentServer()
        try await world.expectSound(balance: 9850, sold: 1)
    }
}
