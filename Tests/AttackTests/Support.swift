// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

extension PurchaseOutcome {
    var receipt: PurchaseReceipt? {
        switch self {
        case .paid(let receipt), .pending(let receipt): receipt
        case .refused, .refusedByLimit: nil
        }
    }

    var isPaid: Bool { if case .paid = self { true } else { false } }
    var isPending: Bool { if case .pending = self { true } else { false } }
    var isRefused: Bool { if case .refused = self { true } else { false } }
}

/// An order of a shop of a world, with its page.
struct Purchased: Sendable {
    let ticket: MerchantModule.Ticket
    let page: OrderPage
    let shop: Int

    var transaction: TransactionIdentifier { page.terms.transaction }
}

extension World {
    /// The price of the first article, and what is on each card, in cents.
    static let price: UInt64 = 150
    static let value: UInt64 = 10_000

    /// Shops that all have the same agreement; their keys follow from the seed.
    static func comparing(
        at policy: ComparisonPolicy,
        shops: Int = 1,
        on store: (any RecordStore)? = nil,
        seed: UInt64 = 1
    ) async throws -> World {
        var plan = WorldPlan()
        plan.seed = seed
        plan.merchants = shops
        plan.policies = [policy]
        if let store { plan.opalStore = store }
        return try await World(plan)
    }

    func offer(_ article: Int = 0, at shop: Int = 0) async throws -> Purchased {
        let ticket = try await order(article, at: shop)
        return Purchased(ticket: ticket, page: try await page(ticket, at: shop), shop: shop)
    }

    /// The honest purchase of an order comes to its end: paid now or after a delay, and the goods
    /// are handed out for the first time.
    func buy(
        _ order: Purchased,
        with card: Int = 0,
        _ place: SourceLocation = #_sourceLocation
    ) async throws {
        var outcome = await pay(order.page, with: card)
        if outcome.isPending {
            clearFaults()
            await tidy()
            outcome = await pay(order.page, with: card)
        }
        let receipt = try #require(outcome.receipt, "\(outcome)", sourceLocation: place)
        let form = try #require(await form(receipt), sourceLocation: place)
        let delivery = try await fetch(form, order.ticket, at: order.shop)
        #expect(delivery.isFirst, sourceLocation: place)
    }

    /// A new order is paid and delivered.
    func buyAnew(
        at shop: Int = 0,
        with card: Int = 0,
        _ place: SourceLocation = #_sourceLocation
    ) async throws {
        try await buy(try await offer(at: shop), with: card, place)
    }

    /// What the browser would bring to the shop.
    func form(of order: Purchased, with card: Int = 0) async throws -> StatusForm {
        let receipt = try #require(await pay(order.page, with: card).receipt)
        return try #require(await form(receipt))
    }

    /// Nothing is lost, made, or delivered without one debit, now and after all has come to an end.
    func expectSound(
        balance: UInt64? = nil,
        sold: Int? = nil,
        _ place: SourceLocation = #_sourceLocation
    ) async throws {
        #expect(await Invariants.check(self) == [], sourceLocation: place)
        #expect(await settleAll(), "something stays open", sourceLocation: place)
        #expect(await Invariants.check(self, isSettled: true) == [], sourceLocation: place)
        #expect(leasedTerminals.isEmpty, "a terminal is held", sourceLocation: place)
        if let balance {
            #expect(try await self.balance() == balance, sourceLocation: place)
        }
        if let sold {
            let sales = await Ledger(self).sales.values
            #expect(sales.count { $0.state == .sold } == sold, sourceLocation: place)
        }
    }

    // MARK: Probing

    /// The name of another card side peer than the OPAL server.
    static let otherPeer = ClientTerminalEntry.peer

    /// What the payment server answers.
    func said(_ request: [UInt8], from peer: String = "opal-server") async throws -> PartyMessage {
        try PartyMessage(await payments.answer(request, from: peer))
    }

    /// The first of these messages that the payment server does not refuse; none at all is a fault.
    func firstTaken(_ requests: [[UInt8]], from peer: String = "opal-server") async -> [UInt8]? {
        #expect(!requests.isEmpty, "nothing is played")
        for request in requests {
            let answer = try? await said(request, from: peer)
            guard case .refusal = answer else { return request }
        }
        return nil
    }

    /// The OPAL server's purchases, with a payment server that answers what it is told to.
    func purchases(answeredBy link: any Link) -> Purchases {
        var purchases = purchases
        purchases.directory = AcquirerDirectory([World.paymentServer: link])
        return purchases
    }

    /// The debit response is on its way: in the purchase, or where one trip is all afterwards.
    func payWatchingResponse(
        _ order: Purchased,
        _ place: SourceLocation = #_sourceLocation,
        _ body: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async -> PurchaseOutcome {
        let isOneTrip = order.page.terms.policy.isOneTrip
        let early = isOneTrip ? await pay(order.page) : nil
        let attack = link.watchRequest(isOneTrip ? 1 : 2, body)
        if isOneTrip { await purchases.settleOpenDraws(olderThan: .zero) }
        let outcome = if let early { early } else { await pay(order.page) }
        #expect(attack.count == 1, "no debit response came by", sourceLocation: place)
        return outcome
    }
}

extension OrderTerms {
    /// With other values, as somebody writes them who may write what he likes.
    func with(
        transaction: TransactionIdentifier? = nil,
        merchant: MerchantIdentifier? = nil,
        amount: Money? = nil,
        policy: ComparisonPolicy? = nil
    ) -> OrderTerms {
        OrderTerms(
            transaction: transaction ?? self.transaction,
            merchant: merchant ?? self.merchant,
            amount: amount ?? self.amount,
            policy: policy ?? self.policy,
            madeAt: madeAt,
            statusURL: statusURL
        )
    }
}

extension OrderPage {
    func with(
        terms: OrderTerms? = nil,
        proof: OrderProof? = nil,
        paymentServer: String? = nil,
        sessionKey: SessionKeyText? = nil
    ) -> OrderPage {
        OrderPage(
            terms: terms ?? self.terms,
            proof: proof ?? self.proof,
            paymentServer: paymentServer ?? self.paymentServer,
            description: description,
            sessionKey: sessionKey ?? self.sessionKey
        )
    }
}

func euros(_ minorUnits: UInt64) -> Money {
    Money(minorUnits: minorUnits, currency: .euro, exponent: .cents)
}

extension World {
    /// What the payment server answers to the draw request of an order; the OPAL server never sees
    /// it.
    func firstReply(to order: Purchased) async throws -> [UInt8] {
        let seen = Seen<[UInt8]>()
        let attack = link.alterResponse { reply in
            seen.note(reply)
            return []
        }
        #expect(await pay(order.page) == .refused(.malformed))
        #expect(attack.count == 1)
        return try #require(seen.last)
    }

    /// The result of an order, which is lost on its way to the OPAL server: the card is debited,
    /// and the draw is open.
    func lostResult(of order: Purchased) async throws -> [UInt8] {
        if order.page.terms.policy.isOneTrip {
            #expect(await pay(order.page).isPaid)
        } else {
            link.plan.script(.dropResponse, at: 2)
            #expect(await pay(order.page).isPending)
        }
        let response = try await openDraw(of: order).reply
        return await payments.answer(response, from: "opal-server")
    }

    /// The draw of an order, as stored.
    func draw(of order: Purchased) async throws -> DrawRecord? {
        guard let record = try await opalStore.inner.read(DrawRecord.key(order.transaction)) else {
            return nil
        }
        return try await purchases.debited(record)?.draw
    }

    /// The open draw of an order, as stored.
    func openDraw(of order: Purchased) async throws -> Purchases.Stored {
        let record = try #require(
            try await opalStore.inner.read(DrawRecord.key(order.transaction))
        )
        #expect(record.isOpen)
        return try await purchases.open(record)
    }
}

extension World {
    /// The merchant's question for an order.
    func question(of order: Purchased) async throws -> [UInt8] {
        let question = try await orderKeys(of: order.shop).question(
            order.page.terms,
            keyName: order.page.proof.keyName
        )
        return PartyMessage.saleQuestion(question).bytes
    }
}

extension World {
    /// The sealed parts of all messages that went over the link.
    func sealedParts() throws -> [(name: String, part: [UInt8])] {
        var parts: [(String, [UInt8])] = []
        for exchange in link.exchanges {
            for bytes in [exchange.request, try exchange.response.get()] {
                switch try PartyMessage(bytes) {
                case .drawRequest(let draw): parts.append(("draw", draw.sealedDraw))
                case .debitCommand(_, let sealed): parts.append(("command", sealed))
                case .debitOffer(_, let sealed, let expectation):
                    parts.append(("command", sealed))
                    parts.append(("expectation", expectation))
                case .debitResponse(_, let sealed): parts.append(("response", sealed))
                case .debitResult(_, let forCard, let forMerchant):
                    parts.append(("result C", forCard))
                    parts.append(("result M", forMerchant))
                default: break
                }
            }
        }
        return parts
    }
}
