// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import SecurityModule
import Simulation
import Testing
import Wire

/// A message comes back to who sent it, whole or as the sealed part of another.
@Suite struct ReflectionTests {
    private static let policies = ComparisonPolicy.allCases

    @Test(arguments: policies)
    func `a draw request that comes back as its answer debits nothing`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let asked = Seen<[UInt8]>()
        // It does not arrive: the payment server is asked about another order meanwhile.
        let lost = world.link.alterRequest { request in
            asked.note(request)
            return []
        }
        #expect(await world.pay(order.page) == .refused(.malformed))
        #expect(lost.count == 1)
        let request = try #require(asked.last)
        guard case .drawRequest(let draw) = try PartyMessage(request) else {
            throw Refusal.malformed
        }
        let link = ToldLink()
        for reflected in [
            request, PartyMessage.debitCommand(order.transaction, sealed: draw.sealedDraw).bytes,
            PartyMessage.debitOffer(
                order.transaction,
                sealed: draw.sealedDraw,
                expectation: draw.sealedDraw
            ).bytes,
        ] {
            let attack = link.tell(reflected)
            let purchases = world.purchases(answeredBy: link)
            let outcome = await purchases.pay(order.page, with: world.cards[0])
            #expect(outcome == .refused(.malformed))
            #expect(attack.count == 1)
        }
        #expect(try await world.balance() == World.value)
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    @Test(arguments: policies)
    func `what the payment server said is refused when it comes back`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        #expect(await world.pay(order.page).isPaid)
        await world.purchases.settleOpenDraws(olderThan: .zero)
        let question = try await world.question(of: order)
        var said = [await world.payments.answer(question, from: "shop")]
        said.append(await world.payments.answer([1, 8], from: "opal-server"))
        for exchange in world.link.exchanges { said.append(try exchange.response.get()) }
        said.append(PartyMessage.refusal(order.transaction, .busy).bytes)
        for message in said {
            for peer in ["opal-server", World.otherPeer, "shop"] {
                #expect(await world.firstTaken([message], from: peer) == nil)
            }
        }
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    @Test(arguments: policies)
    func `a debit response that comes back as its answer leaves the draw open`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        _ = try await world.lostResult(of: order)
        let open = try await world.openDraw(of: order)
        guard case .debitResponse(_, let sealed) = try PartyMessage(open.reply) else {
            throw Refusal.malformed
        }
        let link = ToldLink()
        for reflected in [
            open.reply,
            PartyMessage.debitResult(order.transaction, forCard: sealed, forMerchant: sealed).bytes,
        ] {
            let attack = link.tell(reflected)
            _ = await world.purchases.settle(open, link)
            #expect(try await world.draw(of: order) == open.draw)
            #expect(attack.count == 1)
        }
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    @Test(arguments: policies)
    func `a merchant's question that comes back as its answer leaves the order open`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        #expect(await world.pay(order.page).isPaid)
        let question = try await world.question(of: order)
        let attack = world.shops[0].link.answer(with: question)
        await #expect(throws: OrderFailure.answerUnreadable) {
            try await world.merchant().ask(order.transaction, now: world.now)
        }
        #expect(attack.count == 1)
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    /// Draw, command, response, result C, expectation and result M of one purchase, under the same
    /// TSK and the same K.
    @Test(arguments: policies)
    func `no sealed part opens in the place of another`(policy: ComparisonPolicy) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let form = try await world.form(of: order)
        await world.purchases.settleOpenDraws(olderThan: .zero)
        let parts = try world.sealedParts()
        #expect(parts.count >= 5)
        let session = await world.drawKeys.session(order.page.sessionKey, order.transaction)
        let sale = try await world.saleKeys.session(for: order.page.terms, order.page.proof)
        for (name, part) in parts {
            #expect(((try? await sale.openDraw(part)) != nil) == (name == "draw"))
            #expect(((try? await session.openCommand(part)) != nil) == (name == "command"))
            #expect(((try? await sale.openResponse(part)) != nil) == (name == "response"))
            #expect(((try? await session.openResult(part)) != nil) == (name == "result C"))
            guard name != "result M", part != form.result else { continue }
            for signature in [nil, form.signature, Signature(bits: 1)] {
                await #expect(throws: OrderFailure.resultForged) {
                    let form = StatusForm(result: part, signature: signature)
                    return try await world.fetch(form, order.ticket)
                }
            }
        }
        #expect(try await world.fetch(form, order.ticket).isFirst)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }
}
