// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import SessionKeys
import Simulation
import Synchronization
import Testing
import Wire

/// One trip to the payment server is all (FIGS. 7 and 8): what that means where something fails.
@Suite struct OneTripTests {
    private static let policies: [ComparisonPolicy] = [.opalServer, .clientTerminal, .merchant]

    private func world(_ policy: ComparisonPolicy, terminals: Int = 2) async throws -> World {
        var plan = WorldPlan()
        plan.policies = [policy]
        plan.terminals = terminals
        return try await World(plan)
    }

    private func form(_ outcome: PurchaseOutcome, _ world: World) async throws -> StatusForm {
        let receipt = try #require(outcome.receipt)
        return try #require(await world.form(receipt))
    }

    @Test(arguments: policies)
    func `the terminal is free before the card is debited`(policy: ComparisonPolicy) async throws {
        let world = try await world(policy, terminals: 1)
        let (_, page) = try await world.offer()
        let wasFree = Mutex<Bool?>(nil)
        world.link.plan.script(
            .alterResponse { reply in
                wasFree.withLock { $0 = world.leasedTerminals.isEmpty }
                return reply
            },
            at: 1
        )
        #expect(await world.pay(page).isPaid)
        #expect(wasFree.withLock { $0 } == true)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: policies)
    func `the payment server hears of the debit afterwards, once`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (_, page) = try await world.offer()
        #expect(await world.pay(page).isPaid)
        #expect(await Ledger(world).sales[page.terms.transaction]?.state == .drawn)
        #expect(await world.purchases.settleOpenDraws(olderThan: .seconds(20)) == 1)
        #expect(await Ledger(world).sales[page.terms.transaction]?.state == .sold)
        #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 0)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: policies)
    func `an order that is paid again is told as paid and takes nothing`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (ticket, page) = try await world.offer()
        let first = try await form(await world.pay(page), world)
        let again = try await form(await world.pay(page), world)
        #expect(try await world.fetch(first, ticket).isFirst)
        #expect(try await !world.fetch(again, ticket).isFirst)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: policies)
    func `what the payment server says later fits what the merchant got first`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (ticket, page) = try await world.offer()
        let early = try await form(await world.pay(page), world)
        world.clock.advance(by: .seconds(30))
        await world.tidy()
        let late = try await form(await world.pay(page), world)
        #expect(late.signature == nil)
        #expect(try await world.fetch(early, ticket).isFirst)
        #expect(try await !world.fetch(late, ticket).isFirst)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: policies)
    func `a sale is not given up by time, because its goods may be out`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (ticket, page) = try await world.offer()
        let form = try await form(await world.pay(page), world)
        #expect(try await world.fetch(form, ticket).isFirst)
        world.clock.advance(by: .seconds(24 * 3600))
        #expect(await world.payments.giveUpLateSales() == 0)
        #expect(await Invariants.check(world) == [])
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: policies)
    func `a draw whose answer is lost is refused, and then given up by the word of the OPAL server`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropResponse, at: 1)
        world.link.plan.script(.dropResponse, at: 2)
        #expect(await world.pay(page) == .refused(.paymentServerSilent))
        #expect(await world.purchases.settleUnheard() == 0)
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        #expect(await world.payments.giveUpLateSales() == 0)
        #expect(await world.purchases.settleUnheard() == 1)
        #expect(await Ledger(world).sales[page.terms.transaction]?.state == .void)
        #expect(await world.pay(page) == .refused(.orderGivenUp))
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test(arguments: policies)
    func `a debit that comes after the word that there was none does not happen`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (_, page) = try await world.offer()
        // The answer to the draw is on its way for more than a minute.
        world.link.plan.script(
            .alterResponse { reply in
                world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
                _ = await world.purchases.settleUnheard()
                return reply
            },
            at: 1
        )
        #expect(await world.pay(page) == .refused(.orderGivenUp))
        #expect(await Ledger(world).sales[page.terms.transaction]?.state == .void)
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test(arguments: policies)
    func `the word that no card was debited may be said twice`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropResponse, at: 1)
        world.link.plan.script(.dropResponse, at: 2)
        #expect(await world.pay(page) == .refused(.paymentServerSilent))
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        // The question, then both attempts to say so.
        world.link.plan.script(.dropRequest, at: 2)
        world.link.plan.script(.dropRequest, at: 3)
        #expect(await world.purchases.settleUnheard() == 0)
        #expect(await world.purchases.settleUnheard() == 1)
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test(arguments: policies)
    func `both servers may start anew between debit and word`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (ticket, page) = try await world.offer()
        let form = try await form(await world.pay(page), world)
        try await world.restartPaymentServer()
        world.restartOPALServer()
        #expect(try await world.fetch(form, ticket).isFirst)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: ComparisonPolicy.allCases)
    func `a debit that may not be durable is told as pending and nothing is handed over`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (_, page) = try await world.offer()
        world.opalStore.commits.script(.refuse(.unavailable("the disk")), at: 1)
        world.opalStore.reads.script(.unavailable("the disk"), at: 2)
        let outcome = await world.pay(page)
        #expect(outcome.isPending)
        #expect(outcome.receipt?.handover == nil)
        try await world.expectSound(balance: 10_000, sold: 0)
    }

    @Test func `a card whose signature is not the expected one stays undebited at the OPAL server`()
        async throws
    {
        let world = try await world(.opalServer)
        let (_, other) = try await world.offer()
        let (_, page) = try await world.offer(1)
        let expectation = Mutex<[UInt8]>([])
        world.link.plan.script(
            .alterResponse { reply in
                if case .debitOffer(_, _, let expected) = try? PartyMessage(reply) {
                    expectation.withLock { $0 = expected }
                }
                return reply
            },
            at: 1
        )
        #expect(await world.pay(other).isPaid)
        // What was expected in another transaction.
        world.link.plan.script(
            .alterResponse { reply in
                guard case .debitOffer(let transaction, let sealed, _) = try? PartyMessage(reply)
                else { return reply }
                return PartyMessage.debitOffer(
                    transaction,
                    sealed: sealed,
                    expectation: expectation.withLock { $0 }
                ).bytes
            },
            at: 1
        )
        #expect(await world.pay(page) == .refused(.securityCardSignatureWrong))
        #expect(try await world.balance() == 9850)
        try await world.expectSound(sold: 1)
    }

    @Test func `a client terminal opens the result with no signature but that of the card`()
        async throws
    {
        let world = try await world(.clientTerminal)
        let (_, page) = try await world.offer()
        let receipt = try #require(await world.pay(page).receipt)
        guard case .locked(let locked, let signature, let key) = receipt.handover else {
            Issue.record("not for the client terminal")
            return
        }
        for bit in 0..<64 {
            let wrong = Signature(bits: signature.bits ^ 1 << UInt64(bit))
            #expect(await world.form(receipt.with(.locked(locked, wrong, key))) == nil)
        }
        #expect(await world.form(receipt) != nil)
    }

    @Test func `a merchant that compares takes no signature but that of the card`() async throws {
        let world = try await world(.merchant)
        let (ticket, page) = try await world.offer()
        let form = try await form(await world.pay(page), world)
        let signature = try #require(form.signature)
        for bit in 0..<64 {
            var wrong = form
            wrong.signature = Signature(bits: signature.bits ^ 1 << UInt64(bit))
            await #expect(throws: OrderFailure.resultForged) {
                _ = try await world.fetch(wrong, ticket)
            }
        }
        var without = form
        without.signature = nil
        await #expect(throws: OrderFailure.resultForged) {
            _ = try await world.fetch(without, ticket)
        }
        #expect(try await world.fetch(form, ticket).isFirst)
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test func `only who drew a sale is told of it, and may say that no card was debited`()
        async throws
    {
        let world = try await world(.opalServer)
        let (_, page) = try await world.offer()
        #expect(await world.pay(page).isPaid)
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        let word = PartyMessage.notDebited(page.terms.transaction).bytes
        for peer in ["merchant", "another-opal-server"] {
            let answer = await world.payments.answer(word, from: peer)
            guard case .refusal(_, let refusal) = try PartyMessage(answer) else {
                Issue.record("\(peer) was answered")
                continue
            }
            #expect(refusal == .unknownMessage)
        }
        try await world.expectSound(balance: 9850, sold: 1)
    }

    @Test(arguments: [ComparisonPolicy.securityCard, .paymentServer])
    func `a sale with two trips ends by no word but the card's answer`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (_, page) = try await world.offer()
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.pay(page).isPending)
        let word = PartyMessage.notDebited(page.terms.transaction).bytes
        let answer = await world.payments.answer(word, from: "opal-server")
        #expect(try PartyMessage(answer) == .refusal(page.terms.transaction, .orderUnknown))
        try await world.expectSound()
    }

    @Test(arguments: ComparisonPolicy.allCases)
    func `only who drew a sale says what the card answered, whoever knows the session key`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let (_, page) = try await world.offer()
        let transaction = page.terms.transaction
        let session = DrawSealer().session(page.sessionKey, transaction)
        let lie = try await session.sealResponse(ResponseAPDU(status: .signatureWrong).bytes)
        let response = PartyMessage.debitResponse(transaction, sealed: lie).bytes
        let entry = ClientTerminalEntry(to: world.payments)
        world.link.plan.script(
            .alterResponse { reply in
                let answer = await entry.answer(response, from: "somebody")
                let said = try? PartyMessage(answer)
                #expect(said == .refusal(transaction, .orderUnknown))
                return reply
            },
            at: 1
        )
        #expect(await world.pay(page).isPaid)
        let late = await entry.answer(response, from: "somebody")
        #expect(try PartyMessage(late) == .refusal(transaction, .orderUnknown))
        try await world.expectSound(balance: 9850, sold: 1)
    }
}
