// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
import SecurityModule
import Simulation
import Testing
import Wire

/// Every byte of what leads to the goods is changed: the status form, what the client terminal
/// opens, what is expected of the card, and the merchant's question with its answer.
@Suite struct ChangedResultTests {
    private static let policies = ComparisonPolicy.allCases
    private static let oneTrip = policies.filter(\.isOneTrip)

    // MARK: The status form

    @Test(arguments: policies)
    func `a status form with any byte changed or missing delivers nothing, and the right one does`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let form = try await world.form(of: order)
        #expect((form.signature != nil) == (policy == .merchant))
        for forged in Tampering.all(form.result) {
            var changed = form
            changed.result = forged
            await #expect(throws: OrderFailure.resultForged) {
                try await world.fetch(changed, order.ticket)
            }
        }
        for signature in form.signature.map({ Tampering.everyByte($0.bytes) }) ?? [] {
            var changed = form
            changed.signature = Signature(signature)
            await #expect(throws: OrderFailure.resultForged) {
                try await world.fetch(changed, order.ticket)
            }
        }
        await #expect(throws: OrderFailure.notPaid(.open)) {
            try await world.deliver(order.ticket)
        }
        #expect(try await world.fetch(form, order.ticket).isFirst)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    @Test(arguments: policies)
    func `a signature that is added to a form or taken from it delivers nothing by itself`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let form = try await world.form(of: order)
        let draw = try #require(try await world.draw(of: order))
        var changed = form
        if policy == .merchant {
            changed.signature = nil
            await #expect(throws: OrderFailure.resultForged) {
                try await world.fetch(changed, order.ticket)
            }
        } else {
            // A result that somebody else has compared needs none, and is not made worse by one.
            changed.signature = draw.answer.signature
        }
        _ = try? await world.fetch(changed, order.ticket)
        _ = try await world.fetch(form, order.ticket)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    @Test func `what the client terminal opens opens with no byte changed or missing`()
        async throws
    {
        let world = try await World.comparing(at: .clientTerminal)
        let order = try await world.offer()
        let receipt = try #require(await world.pay(order.page).receipt)
        guard case .locked(let locked, let signature, let key) = receipt.handover else {
            Issue.record("not for the client terminal")
            return
        }
        for forged in Tampering.all(locked) {
            #expect(await world.form(receipt.with(.locked(forged, signature, key))) == nil)
        }
        for forged in Tampering.everyByte(signature.bytes) {
            let wrong = try #require(Signature(forged))
            #expect(await world.form(receipt.with(.locked(locked, wrong, key))) == nil)
        }
        // Nor is it a result as it stands.
        await #expect(throws: OrderFailure.resultForged) {
            try await world.fetch(locked, order.ticket)
        }
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    // MARK: What is expected of the card

    @Test(arguments: oneTrip)
    func `what is expected of the card, with any byte changed or missing, opens for nobody`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let seen = Seen<[UInt8]>()
        let watch = world.link.watchResponse { seen.note($0) }
        #expect(await world.pay(order.page).isPaid)
        #expect(watch.count == 1)
        let signature = try #require(try await world.draw(of: order)).answer.signature
        guard case .debitOffer(_, _, let expectation) = try PartyMessage(try #require(seen.last))
        else {
            Issue.record("no offer")
            return
        }
        let session = await world.drawKeys.session(order.page.sessionKey, order.transaction)
        for forged in Tampering.all(expectation) {
            switch policy {
            case .opalServer:
                #expect(((try? await session.compare(signature, forged)) ?? nil) == nil)
            case .clientTerminal:
                #expect((try? await session.unlock(forged, with: signature)) == nil)
            default:
                await #expect(throws: OrderFailure.resultForged) {
                    let form = StatusForm(result: forged, signature: signature)
                    return try await world.fetch(form, order.ticket)
                }
            }
        }
        try await world.buy(order)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    /// At the OPAL server it is compared before the debit, elsewhere after it: then the goods come
    /// later, by what the payment server says once it has the card's answer.
    @Test(arguments: oneTrip)
    func `a changed expectation takes nothing, or only delays the goods`(
        policy: ComparisonPolicy
    ) async throws {
        for fraction in 0..<8 {
            let world = try await World.comparing(at: policy)
            let order = try await world.offer()
            let attack = world.link.alterResponse { reply in
                guard
                    case .debitOffer(let trx, let sealed, var expected) = try PartyMessage(reply)
                else { throw Refusal.malformed }
                expected[(expected.count - 1) * fraction / 7] ^= 1
                return PartyMessage.debitOffer(trx, sealed: sealed, expectation: expected).bytes
            }
            let outcome = await world.pay(order.page)
            #expect(attack.count == 1)
            if policy == .opalServer {
                #expect(outcome == .refused(.securityCardSignatureWrong))
                #expect(try await world.balance() == World.value)
                try await world.buyAnew()
            } else {
                let receipt = try #require(outcome.receipt)
                if let form = await world.form(receipt) {
                    await #expect(throws: OrderFailure.resultForged) {
                        try await world.fetch(form, order.ticket)
                    }
                }
                await world.tidy()
                try await world.buy(order)
            }
            try await world.expectSound(balance: World.value - World.price, sold: 1)
        }
    }

    // MARK: Result M on its way

    @Test(arguments: [ComparisonPolicy.securityCard, .paymentServer])
    func `a result for the merchant that is changed on its way only delays the goods`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        let attack = world.link.alterResponse(2) { reply in
            guard
                case .debitResult(let trx, let forCard, var forMerchant) = try PartyMessage(reply)
            else { throw Refusal.malformed }
            forMerchant[forMerchant.count / 2] ^= 1
            return PartyMessage.debitResult(trx, forCard: forCard, forMerchant: forMerchant).bytes
        }
        let form = try await world.form(of: order)
        #expect(attack.count == 1)
        await #expect(throws: OrderFailure.resultForged) {
            try await world.fetch(form, order.ticket)
        }
        let view = try await world.merchant().ask(order.transaction, now: world.now)
        #expect(view.state == .paid)
        #expect(try await world.deliver(order.ticket).isFirst)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    // MARK: Merchant ↔ payment server

    @Test(arguments: policies)
    func `a merchant's question with any byte changed or missing is refused`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        #expect(await world.pay(order.page).isPaid)
        await world.tidy()
        let form = try await world.form(of: order)
        let question = try await world.question(of: order)
        #expect(await world.firstTaken(Tampering.all(question), from: "shop") == nil)
        _ = try await world.fetch(form, order.ticket)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }

    /// Who lies about the state of a sale can delay the merchant, and do no more: paid is what the
    /// sealed result says.
    @Test(arguments: policies)
    func `an answer to a merchant with any byte changed or missing leaves the order open`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await World.comparing(at: policy)
        let order = try await world.offer()
        #expect(await world.pay(order.page).isPaid)
        await world.purchases.settleOpenDraws(olderThan: .zero)
        let question = try await world.question(of: order)
        let answer = await world.payments.answer(question, from: "shop")
        guard case .saleAnswer(_, .sold, _) = try PartyMessage(answer) else {
            Issue.record("not sold")
            return
        }
        let (link, merchant) = (world.shops[0].link, world.merchant())
        for forged in Tampering.everyByte(answer, [0x01, 0x80]) + Tampering.everyCut(answer) {
            let attack = link.answer(with: forged)
            let view = try? await merchant.ask(order.transaction, now: world.now)
            #expect(view == nil || view?.state == .open)
            #expect(attack.count == 1)
        }
        link.plan.clear()
        let view = try await merchant.ask(order.transaction, now: world.now)
        #expect(view.state == .paid)
        #expect(try await world.deliver(order.ticket).isFirst)
        try await world.expectSound(balance: World.value - World.price, sold: 1)
    }
}
