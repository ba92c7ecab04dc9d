// SPDX-License-Identifier: Apache-2.0

import Batches
import Kernel
import OPALServer
import PaymentServer
import Records
import Simulation
import TerminalHost
import Testing
import Wire

/// What is sold is in a batch, once, wherever its security card is and whatever breaks.
@Suite struct SaleCollectionTests {
    /// Where security cards are, and where S3 is compared.
    struct Setting: Sendable, CustomTestStringConvertible {
        let policy: ComparisonPolicy
        let isRemote: Bool

        var testDescription: String { "\(policy), \(isRemote ? "remote" : "own")" }

        static let all = [false, true].flatMap { isRemote in
            ComparisonPolicy.allCases.map { Setting(policy: $0, isRemote: isRemote) }
        }
        static let remote = all.filter(\.isRemote)
    }

    private func world(_ setting: Setting, terminals: Int = 1) async throws -> World {
        var plan = WorldPlan()
        plan.policies = [setting.policy]
        plan.terminals = setting.isRemote ? 0 : terminals
        plan.remoteTerminals = setting.isRemote ? terminals : 0
        return try await World(plan)
    }

    private func buy(_ world: World, _ article: Int = 0) async throws {
        let page = try await world.page(try await world.order(article))
        _ = await world.pay(page)
    }

    /// Ends all sales, closes all batches and sends them.
    private func collect(_ world: World) async throws -> PlayedClearingHouse {
        let clearingHouse = PlayedClearingHouse(world.batchKeys)
        #expect(await world.settleAll())
        for _ in 0..<3 {
            await world.payments.refreshTerminals()
            await world.payments.closeBatches(.byOrder)
        }
        let sender = world.payments.batchSender(
            over: DirectLink(to: clearingHouse, as: "payment-server")
        ) { Issue.record("\($0)") }
        try await sender.run()
        #expect(try await sender.run() == .init())
        return clearingHouse
    }

    /// The clearing house has each sold sale once, and nothing else, in batches whose chain,
    /// signature and totals are right; databases are sound.
    private func expectCollected(
        _ world: World,
        batches: Int? = nil,
        _ place: SourceLocation = #_sourceLocation
    ) async throws {
        let now = try await collect(world).now
        var collected: [TransactionIdentifier] = []
        for (name, sales) in now.sales {
            var totals = BatchTotals()
            for (index, bytes) in sales.enumerated() {
                let (sale, at) = try CollectedSale.read(bytes)
                #expect(at == BatchPlace(name, UInt32(index + 1)), sourceLocation: place)
                let isAdded = totals.add(sale.amount)
                #expect(isAdded, sourceLocation: place)
                collected.append(sale.transaction)
            }
            let header = try #require(now.headers[name])
            #expect(totals.areThose(of: header), sourceLocation: place)
            #expect(now.acknowledged.contains(name), sourceLocation: place)
        }
        let sold = await Ledger(world).sales.values.filter { $0.state == .sold }
        #expect(sold.count > 0, sourceLocation: place)
        #expect(collected.count == sold.count, sourceLocation: place)
        #expect(Set(collected) == Set(sold.map(\.transaction)), sourceLocation: place)
        if let batches { #expect(now.sales.count == batches, sourceLocation: place) }
        #expect(await Invariants.check(world, isSettled: true) == [], sourceLocation: place)
        let audit = try await world.saleAudit.run {}
        #expect(audit.findings.isEmpty, "\(audit.findings)", sourceLocation: place)
        for host in world.hosts {
            let findings = try await host.audit.run().findings
            #expect(findings.isEmpty, "\(findings)", sourceLocation: place)
        }
    }

    @Test(arguments: Setting.all)
    func `each sale is collected once, with its proof`(setting: Setting) async throws {
        let world = try await world(setting)
        for article in [0, 1, 1, 2] { try await buy(world, article) }
        try await expectCollected(world, batches: 1)
    }

    @Test(arguments: Setting.all)
    func `sales that end in any order stand in the order in which they were counted`(
        setting: Setting
    ) async throws {
        let world = try await world(setting, terminals: 3)
        for _ in 0..<3 {
            await withThrowingTaskGroup { group in
                for card in 0..<2 {
                    for article in [1, 0] {
                        group.addTask {
                            let page = try await world.page(try await world.order(article))
                            _ = await world.pay(page, with: card)
                        }
                    }
                }
            }
        }
        try await expectCollected(world)
    }

    @Test(arguments: Setting.all)
    func `batches follow each other without a gap`(setting: Setting) async throws {
        let world = try await world(setting)
        for _ in 0..<3 {
            try await buy(world, 1)
            // Where somebody else compares, a sale is settled first and counted in the next round.
            for _ in 0..<2 { await world.tidy() }
            await world.payments.refreshTerminals()
            #expect(await world.payments.closeBatches(.byOrder) == 1)
            #expect(await world.payments.closeBatches(.byOrder) == 0)
        }
        try await buy(world, 1)
        try await expectCollected(world, batches: 4)
    }

    @Test func `a batch closes by count, by age, or by order, and an empty one never`()
        async throws
    {
        let world = try await world(Setting(policy: .securityCard, isRemote: false))
        let (byCount, byAge) = (
            BatchPolicy(count: 2, age: .seconds(1_000_000)),
            BatchPolicy(count: 100, age: .seconds(3_600))
        )
        for policy in [byCount, byAge, .byOrder] {
            #expect(await world.payments.closeBatches(policy) == 0)
        }
        try await buy(world, 1)
        #expect(await world.payments.closeBatches(byCount) == 0)
        try await buy(world, 1)
        #expect(await world.payments.closeBatches(byCount) == 1)
        try await buy(world, 1)
        world.clock.advance(by: .seconds(3_500))
        #expect(await world.payments.closeBatches(byAge) == 0)
        world.clock.advance(by: .seconds(101))
        #expect(await world.payments.closeBatches(byAge) == 1)
        try await buy(world, 1)
        #expect(await world.payments.closeBatches(.byOrder) == 1)
        try await expectCollected(world, batches: 3)
    }

    @Test func `a terminal that serves a sale closes its batch later`() async throws {
        let world = try await world(Setting(policy: .securityCard, isRemote: false))
        try await buy(world, 1)
        let page = try await world.page(try await world.order(1))
        // The card's answer does not come: the sale keeps its terminal.
        for message in 2...3 { world.link.plan.script(.dropRequest, at: message) }
        _ = await world.pay(page)
        #expect(await world.payments.closeBatches(.byOrder) == 0)
        #expect(await world.pay(page).isPaid)
        #expect(await world.payments.closeBatches(.byOrder) == 1)
        try await expectCollected(world, batches: 1)
    }

    @Test(arguments: 1...8, [0, 1])
    func `a payment server that fails at any commit collects each sale once`(
        commit: Int,
        kind: Int
    ) async throws {
        for policy in [ComparisonPolicy.securityCard, .paymentServer] {
            let world = try await world(Setting(policy: policy, isRemote: false))
            let fault: FaultyStore.Fault =
                kind == 0 ? .loseAnswer : .refuse(.unavailable("disk"))
            world.paymentStore.commits.script(fault, at: commit)
            for _ in 0..<2 {
                try await buy(world, 1)
                await world.tidy()
                await world.payments.closeBatches(.byOrder)
            }
            try await world.restartPaymentServer()
            try await buy(world, 0)
            try await expectCollected(world)
        }
    }

    @Test(
        arguments: 1...8,
        [FaultyLink.Fault.dropRequest, .dropResponse, .duplicate, .late]
    )
    func `a host whose messages get lost gives the same places and headers again`(
        message: Int,
        fault: FaultyLink.Fault
    ) async throws {
        for policy in [ComparisonPolicy.securityCard, .paymentServer, .merchant] {
            let world = try await world(Setting(policy: policy, isRemote: true))
            let host = try #require(world.hosts.first)
            host.link.plan.script(fault, at: message)
            for _ in 0..<2 {
                try await buy(world, 1)
                await world.tidy()
                await world.payments.closeBatches(.byOrder)
                await world.payments.refreshTerminals()
            }
            try await buy(world, 0)
            try await expectCollected(world)
        }
    }

    @Test(arguments: 1...6, [0, 1])
    func `a host that fails at any commit collects each sale once`(
        commit: Int,
        kind: Int
    ) async throws {
        let world = try await world(Setting(policy: .securityCard, isRemote: true))
        let host = try #require(world.hosts.first)
        let fault: FaultyStore.Fault = kind == 0 ? .loseAnswer : .refuse(.unavailable("disk"))
        host.store.commits.script(fault, at: commit)
        for _ in 0..<2 {
            try await buy(world, 1)
            await world.tidy()
            await world.payments.closeBatches(.byOrder)
            host.start()
            await world.payments.refreshTerminals()
        }
        try await buy(world, 0)
        try await expectCollected(world)
    }

    @Test func `a batch closed on another host waits until its sale is known here`() async throws {
        let world = try await world(Setting(policy: .securityCard, isRemote: true))
        let host = try #require(world.hosts.first)
        try await buy(world, 1)
        // The security card counts, and its answer gets lost.
        host.link.plan.script(.dropResponse, at: 2)
        let page = try await world.page(try await world.order(1))
        #expect(await world.pay(page).isPaid == false)
        await world.payments.refreshTerminals()
        let clearingHouse = PlayedClearingHouse(world.batchKeys)
        let link = DirectLink(to: clearingHouse, as: "payment-server")
        await world.payments.closeBatches(.byOrder)
        #expect(await world.pay(page).isPaid)
        await world.payments.closeBatches(.byOrder)
        try await world.payments.batchSender(over: link) { Issue.record("\($0)") }.run()
        #expect(clearingHouse.now.sales.values.map(\.count) == [2])
        #expect(clearingHouse.now.acknowledged.count == 1)
    }
}

extension PurchaseOutcome {
    fileprivate var isPaid: Bool { if case .paid = self { true } else { false } }
}
