// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import SecurityModule
import Simulation
import Testing
import Wire

/// Two purchases, and the result of each in the place of the other.
@Suite struct SwappedResultTests {
    private static let policies = ComparisonPolicy.allCases

    /// A cheap order and a dear one, at one shop or at two.
    private func orders(
        _ world: World,
        _ shops: Int
    ) async throws -> (cheap: Purchased, dear: Purchased) {
        (try await world.offer(1), try await world.offer(2, at: shops - 1))
    }

    @Test(arguments: policies, [1, 2])
    func `the form of a cheap order does not deliver a dear one, nor the other way round`(
        policy: ComparisonPolicy,
        shops: Int
    ) async throws {
        let world = try await World.comparing(at: policy, shops: 2)
        let (cheap, dear) = try await orders(world, shops)
        let forms = (try await world.form(of: cheap), try await world.form(of: dear, with: 1))
        let mixed = [
            StatusForm(result: forms.0.result, signature: forms.1.signature),
            StatusForm(result: forms.1.result, signature: forms.0.signature),
        ]
        for form in [forms.0] + (policy == .merchant ? mixed : []) {
            await #expect(throws: OrderFailure.resultForged) {
                try await world.fetch(form, dear.ticket, at: dear.shop)
            }
        }
        for form in [forms.1] + (policy == .merchant ? mixed : []) {
            await #expect(throws: OrderFailure.resultForged) {
                try await world.fetch(form, cheap.ticket)
            }
        }
        #expect(try await world.fetch(forms.0, cheap.ticket).isFirst)
        #expect(try await world.fetch(forms.1, dear.ticket, at: dear.shop).isFirst)
        try await world.expectSound(balance: World.value - 20, sold: 2)
        #expect(try await world.balance(1) == World.value - 999)
    }

    /// Who can swap them sits inside a link or is a payment server. What is sealed for the merchant
    /// is not opened at the OPAL server, so that the goods come by the merchant's question.
    @Test(arguments: policies, [1, 2])
    func `two debit results that are swapped settle nothing, or only delay the goods`(
        policy: ComparisonPolicy,
        shops: Int
    ) async throws {
        let world = try await World.comparing(at: policy, shops: 2)
        let (cheap, dear) = try await orders(world, shops)
        var results: [(Purchased, [UInt8], [UInt8])] = []
        for order in [cheap, dear] {
            guard
                case .debitResult(_, let forCard, let forMerchant) =
                    try PartyMessage(try await world.lostResult(of: order))
            else { throw Refusal.malformed }
            results.append((order, forCard, forMerchant))
        }
        let link = ToldLink()
        for (mine, other) in [(results[0], results[1]), (results[1], results[0])] {
            let open = try await world.openDraw(of: mine.0)
            for forged in [
                PartyMessage.debitResult(
                    other.0.transaction,
                    forCard: other.1,
                    forMerchant: other.2
                ),
                .debitResult(mine.0.transaction, forCard: other.1, forMerchant: other.2),
                .debitResult(mine.0.transaction, forCard: other.1, forMerchant: mine.2),
            ] {
                let attack = link.tell(forged.bytes)
                _ = await world.purchases.settle(open, link)
                #expect(try await world.draw(of: mine.0) == open.draw)
                #expect(attack.count == 1)
            }
        }
        // The OPAL server's own part is right, the merchant's is not.
        let open = try await world.openDraw(of: cheap)
        let attack = link.tell(
            PartyMessage.debitResult(
                cheap.transaction,
                forCard: results[0].1,
                forMerchant: results[1].2
            ).bytes
        )
        _ = await world.purchases.settle(open, link)
        #expect(attack.count == 1)
        let form = try await world.form(of: cheap)
        await #expect(throws: OrderFailure.resultForged) {
            try await world.fetch(form, cheap.ticket)
        }
        let view = try await world.merchant().ask(cheap.transaction, now: world.now)
        #expect(view.state == .paid)
        #expect(try await world.deliver(cheap.ticket).isFirst)
        try await world.buy(dear)
        try await world.expectSound(balance: World.value - 1019, sold: 2)
    }

    @Test(arguments: policies)
    func `two answers to a merchant that are swapped end neither order`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let (cheap, dear) = try await orders(world, 1)
        for order in [cheap, dear] { #expect(await world.pay(order.page).isPaid) }
        await world.purchases.settleOpenDraws(olderThan: .zero)
        var answers: [PartyMessage] = []
        for order in [cheap, dear] {
            answers.append(try await world.said(try await world.question(of: order), from: "shop"))
        }
        for (order, answer) in [(cheap, answers[1]), (dear, answers[0])] {
            guard case .saleAnswer(_, let state, let sealed) = answer else {
                throw Refusal.malformed
            }
            for forged in [
                answer, PartyMessage.saleAnswer(order.transaction, state, forMerchant: sealed),
            ] {
                let attack = world.shops[0].link.answer(with: forged.bytes)
                let view = try? await world.merchant().ask(order.transaction, now: world.now)
                #expect(view == nil)
                #expect(attack.count == 1)
            }
        }
        try await world.buy(cheap)
        try await world.buy(dear)
        try await world.expectSound(balance: World.value - 1019, sold: 2)
    }
}
