// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import Simulation
import Testing

/// Cards that answer DEBIT IEP with something else than their own: nothing is sold, and no value is
/// lost.
@Suite struct ForgedAnswerTests {
    private func world(_ policy: ComparisonPolicy) async throws -> World {
        var plan = WorldPlan()
        plan.policies = [policy]
        return try await World(plan)
    }

    @Test(arguments: ComparisonPolicy.allCases)
    func `another S3 than the card's own is refused wherever it is compared`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let ticket = try await world.order()
        world.forger.plan.script(.signature)
        let outcome = await world.pay(try await world.page(ticket))
        if case .paid(let receipt) = outcome, let form = await world.form(receipt) {
            #expect(policy == .merchant, "the others do not let it out")
            await #expect(throws: OrderFailure.resultForged) {
                try await world.fetch(form, ticket)
            }
        }
        // The OPAL server compares before the debit is durable.
        #expect(try await world.balance() == (policy == .opalServer ? 10_000 : 9850))
        #expect(await world.settleAll())
        #expect(try await world.balance() == 10_000)
        #expect(try await world.merchant().order(ticket.transaction).state == .unpaid)
        #expect(await Invariants.check(world, isSettled: true).isEmpty)
    }

    /// Else the value could not be put back by its number, and where S3 alone is compared the goods
    /// would go out for a sale that is void.
    @Test(arguments: ComparisonPolicy.allCases, [Forgery.number, .balance])
    func `an answer with another number or balance than INITIALIZE announced debits nothing`(
        policy: ComparisonPolicy,
        forgery: Forgery
    ) async throws {
        let world = try await world(policy)
        let ticket = try await world.order()
        world.forger.plan.script(forgery)
        #expect(await world.pay(try await world.page(ticket)) == .refused(.notDebited))
        #expect(try await world.balance() == 10_000)
        #expect(await world.settleAll())
        #expect(try await world.merchant().order(ticket.transaction).state == .unpaid)
        #expect(await Invariants.check(world, isSettled: true).isEmpty)
    }

    /// The page of the first click says that the payment is pending; the second one ends it.
    @Test func `a payment that a client terminal took for pending ends with a mail`() async throws {
        var plan = WorldPlan()
        plan.policies = [.clientTerminal]
        plan.hasCardholders = true
        let world = try await World(plan)
        let page = try await world.page(try await world.order())
        world.forger.plan.script(.signature)
        world.link.plan.script(.dropRequest, at: 2)
        guard case .pending = await world.purchases.compared(await world.pay(page)) else {
            Issue.record("the terminal opened the result")
            return
        }
        #expect(await world.pay(page) == .refused(.orderGivenUp))
        #expect(await world.settleAll())
        #expect(await Ledger(world).mails.map(\.isPaid) == [false])
        #expect(await Invariants.check(world, isSettled: true).isEmpty)
    }
}
