// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import SecurityModule
import Simulation
import Testing
import Wire

/// Messages of one purchase come in another one: of another transaction, merchant, card or session.
@Suite struct ReplayElsewhereTests {
    private static let policies = ComparisonPolicy.allCases

    /// Where the second purchase differs from the first; its order always does.
    enum Elsewhere: CaseIterable, CustomTestStringConvertible {
        case transaction, merchant, card, session

        var testDescription: String { "\(self)" }
        var shop: Int { self == .merchant ? 1 : 0 }
        var card: Int { self == .card ? 1 : 0 }
    }

    /// All that the first purchase sent and got.
    private struct Earlier: Sendable {
        let order: Purchased
        let draw: DrawRequest
        let offer: PartyMessage
        let response: [UInt8]
        let result: (forCard: [UInt8], forMerchant: [UInt8])
        let form: StatusForm
    }

    private func earlier(in world: World) async throws -> Earlier {
        let order = try await world.offer()
        let form = try await world.form(of: order)
        await world.purchases.settleOpenDraws(olderThan: .zero)
        let exchanges = world.link.exchanges
        guard exchanges.count == 2,
            case .drawRequest(let draw) = try PartyMessage(exchanges[0].request),
            case .debitResponse(_, let response) = try PartyMessage(exchanges[1].request),
            case .debitResult(_, let forCard, let forMerchant) =
                try PartyMessage(try exchanges[1].response.get())
        else { throw Refusal.malformed }
        return Earlier(
            order: order,
            draw: draw,
            offer: try PartyMessage(try exchanges[0].response.get()),
            response: response,
            result: (forCard, forMerchant),
            form: form
        )
    }

    /// The place of the second purchase; a new session is a server that was started anew.
    private func move(_ world: World, _ place: Elsewhere) async throws {
        guard place == .session else { return }
        world.restartOPALServer()
        try await world.restartPaymentServer()
    }

    @Test(arguments: policies, Elsewhere.allCases)
    func `a draw request draws nothing elsewhere`(
        policy: ComparisonPolicy,
        place: Elsewhere
    ) async throws {
        let world = try await World.comparing(at: policy, shops: 2)
        let earlier = try await earlier(in: world)
        try await move(world, place)
        let order = try await world.offer(at: place.shop)
        let attack = world.link.watchRequest { request in
            guard case .drawRequest(let draw) = try PartyMessage(request) else {
                throw Refusal.malformed
            }
            let forgeries = [
                earlier.draw,
                DrawRequest(
                    terms: draw.terms,
                    proof: draw.proof,
                    sealedDraw: earlier.draw.sealedDraw
                ),
                DrawRequest(
                    terms: draw.terms,
                    proof: earlier.draw.proof,
                    sealedDraw: draw.sealedDraw
                ),
                DrawRequest(
                    terms: earlier.draw.terms,
                    proof: draw.proof,
                    sealedDraw: draw.sealedDraw
                ),
                DrawRequest(
                    terms: earlier.draw.terms,
                    proof: earlier.draw.proof,
                    sealedDraw: draw.sealedDraw
                ),
            ].map { PartyMessage.drawRequest($0).bytes }
            #expect(await world.firstTaken(forgeries) == nil)
        }
        try await world.buy(order, with: place.card)
        #expect(attack.count == 1)
        _ = try await world.fetch(earlier.form, earlier.order.ticket)
        try await world.expectSound(sold: 2)
    }

    @Test(arguments: policies, Elsewhere.allCases)
    func `a debit command and what is expected of the card debit nothing elsewhere`(
        policy: ComparisonPolicy,
        place: Elsewhere
    ) async throws {
        let world = try await World.comparing(at: policy, shops: 2)
        let earlier = try await earlier(in: world)
        try await move(world, place)
        let order = try await world.offer(at: place.shop)
        let card = world.cards[place.card]
        let before = try await world.balance(place.card)
        let link = ToldLink()
        let purchases = world.purchases(answeredBy: link)
        let forgeries = earlier.offer.forgedAnswers(to: order)
        #expect(forgeries.count == 2)
        for forged in forgeries {
            let attack = link.tell(forged.bytes)
            let outcome = await purchases.pay(order.page, with: card)
            #expect(outcome == .refused(.malformed))
            #expect(attack.count == 1)
        }
        #expect(try await world.balance(place.card) == before)
        try await world.buy(order, with: place.card)
        _ = try await world.fetch(earlier.form, earlier.order.ticket)
        try await world.expectSound(sold: 2)
    }

    /// The command of this order, and what was expected in the earlier one.
    @Test(arguments: policies.filter(\.isOneTrip), Elsewhere.allCases)
    func `what was expected of the card earlier takes no goods out elsewhere, or only delays them`(
        policy: ComparisonPolicy,
        place: Elsewhere
    ) async throws {
        let world = try await World.comparing(at: policy, shops: 2)
        let earlier = try await earlier(in: world)
        try await move(world, place)
        guard case .debitOffer(_, _, let expectation) = earlier.offer else {
            throw Refusal.malformed
        }
        var order = try await world.offer(at: place.shop)
        let attack = world.link.alterResponse { reply in
            guard case .debitOffer(let trx, let sealed, _) = try PartyMessage(reply) else {
                throw Refusal.malformed
            }
            return PartyMessage.debitOffer(trx, sealed: sealed, expectation: expectation).bytes
        }
        let outcome = await world.pay(order.page, with: place.card)
        #expect(attack.count == 1)
        if policy == .opalServer {
            #expect(outcome == .refused(.securityCardSignatureWrong))
            order = try await world.offer(at: place.shop)
        } else if let form = await world.form(try #require(outcome.receipt)) {
            await #expect(throws: OrderFailure.resultForged) {
                try await world.fetch(form, order.ticket, at: place.shop)
            }
        }
        await world.tidy()
        try await world.buy(order, with: place.card)
        _ = try await world.fetch(earlier.form, earlier.order.ticket)
        try await world.expectSound(sold: 2)
    }

    @Test(arguments: policies, Elsewhere.allCases)
    func `a debit response ends no other sale`(
        policy: ComparisonPolicy,
        place: Elsewhere
    ) async throws {
        let world = try await World.comparing(at: policy, shops: 2)
        let earlier = try await earlier(in: world)
        try await move(world, place)
        let order = try await world.offer(at: place.shop)
        let forged = PartyMessage.debitResponse(order.transaction, sealed: earlier.response).bytes
        let attack = world.link.watchResponse { _ in
            // The sale is drawn.
            #expect(await world.firstTaken([forged]) == nil)
            #expect(await Ledger(world).sales[order.transaction]?.state == .drawn)
        }
        try await world.buy(order, with: place.card)
        #expect(attack.count == 1)
        _ = try await world.fetch(earlier.form, earlier.order.ticket)
        try await world.expectSound(sold: 2)
    }

    @Test(arguments: policies, Elsewhere.allCases)
    func `a debit result ends no other draw and delivers no other order`(
        policy: ComparisonPolicy,
        place: Elsewhere
    ) async throws {
        let world = try await World.comparing(at: policy, shops: 2)
        let earlier = try await earlier(in: world)
        try await move(world, place)
        let order = try await world.offer(at: place.shop)
        if policy.isOneTrip {
            #expect(await world.pay(order.page, with: place.card).isPaid)
        } else {
            world.link.plan.script(.dropRequest, at: 2)
            #expect(await world.pay(order.page, with: place.card).isPending)
        }
        let open = try await world.openDraw(of: order)
        let link = ToldLink()
        for transaction in [order.transaction, earlier.order.transaction] {
            let attack = link.tell(
                PartyMessage.debitResult(
                    transaction,
                    forCard: earlier.result.forCard,
                    forMerchant: earlier.result.forMerchant
                ).bytes
            )
            _ = await world.purchases.settle(open, link)
            #expect(try await world.draw(of: order) == open.draw)
            #expect(attack.count == 1)
        }
        for form in [earlier.form, StatusForm(result: earlier.result.forMerchant)] {
            await #expect(throws: OrderFailure.resultForged) {
                try await world.fetch(form, order.ticket, at: place.shop)
            }
        }
        try await world.buy(order, with: place.card)
        _ = try await world.fetch(earlier.form, earlier.order.ticket)
        try await world.expectSound(sold: 2)
    }

    @Test(arguments: policies, Elsewhere.allCases)
    func `a merchant's question and its answer say nothing of another order`(
        policy: ComparisonPolicy,
        place: Elsewhere
    ) async throws {
        let world = try await World.comparing(at: policy, shops: 2)
        let earlier = try await earlier(in: world)
        try await move(world, place)
        let question = try await world.question(of: earlier.order)
        let answer = await world.payments.answer(question, from: "shop")
        guard case .saleAnswer(_, let state, let sealed) = try PartyMessage(answer) else {
            Issue.record("no answer")
            return
        }
        let order = try await world.offer(at: place.shop)
        let readdressed = PartyMessage.saleAnswer(order.transaction, state, forMerchant: sealed)
        for forged in [answer, readdressed.bytes] {
            let attack = world.shops[place.shop].link.answer(with: forged)
            let view = try? await world.merchant(place.shop).ask(
                order.transaction,
                now: world.now
            )
            #expect(view == nil)
            #expect(attack.count == 1)
        }
        // A right proof of another question.
        guard case .saleQuestion(let right) = try PartyMessage(question) else {
            throw Refusal.malformed
        }
        let forged = SaleQuestion(
            terms: order.page.terms,
            keyName: right.keyName,
            proof: right.proof
        )
        let said = try await world.said(PartyMessage.saleQuestion(forged).bytes, from: "shop")
        #expect(said == .refusal(order.transaction, .orderForged))
        try await world.buy(order, with: place.card)
        _ = try await world.fetch(earlier.form, earlier.order.ticket)
        try await world.expectSound(sold: 2)
    }

    @Test(arguments: policies)
    func `a debit command of an earlier try of the same order is refused by the card`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let reply = try await world.firstReply(to: order)
        let link = ToldLink()
        let attack = link.tell(reply)
        let purchases = world.purchases(answeredBy: link)
        // Another Initialize, and so another R; with the other card, another key, too.
        for card in world.cards {
            let outcome = await purchases.pay(order.page, with: card)
            #expect(outcome == .refused(.securityCardSignatureWrong))
        }
        // A card that did not debit may be told to the payment server as well.
        #expect(attack.count >= world.cards.count)
        #expect(try await world.balance() == World.value)
        try await world.buyAnew()
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }
}

extension PartyMessage {
    /// This answer to a draw request, as it is and addressed to another order.
    fileprivate func forgedAnswers(to order: Purchased) -> [PartyMessage] {
        switch self {
        case .debitCommand(_, let sealed):
            [self, .debitCommand(order.transaction, sealed: sealed)]
        case .debitOffer(_, let sealed, let expectation):
            [self, .debitOffer(order.transaction, sealed: sealed, expectation: expectation)]
        default: []
        }
    }
}
