// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import Simulation
import Testing
import Wire

/// What a holder disputes and the issuer decides posts by itself, once, out of the merchant's
/// settlement.
@Suite struct DisputeTests {
    @Test func `what is decided for the holder comes onto the card, and ends the dispute`()
        async throws
    {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        #expect(try await world.state(sale) == .filed)
        await world.disputeRounds(1)
        #expect(try await world.state(sale) == .merchantAsked)
        _ = try await world.decide(sale, 100).get()
        #expect(try await world.state(sale) == .decided(try world.chargeBack(101, 100)))
        await world.disputeRounds(1)
        #expect(try await world.state(sale) == .refunded(try world.chargeBack(101, 100)))
        #expect(try await world.balance() == 9_950)
        #expect(try await world.merchantBalance() == .cents(50))
        #expect(try await world.poolBalance() == .cents(-50))
        await world.disputeRounds(1)
        #expect(try await world.house.dispute(of: sale)?.notice.state.isFinal == true)
        try await world.expectSound()
    }

    @Test func `the holder gets a mail at each step`() async throws {
        let world = try await RefundWorld()
        let shop = world.world.shops[0].merchant.text
        let sale = try await world.disputed()
        await world.disputeRounds(1)
        _ = try await world.answer(sale).get()
        await world.disputeRounds(1)
        _ = try await world.decide(sale).get()
        await world.disputeRounds(1)
        let subjects = try await world.mails()
        let expected = [
            "We look into your purchase at \(shop)", "The shop \(shop) is asked",
            "The shop \(shop) has answered",
        ]
        for subject in expected { #expect(subjects.filter { $0 == subject }.count == 1) }
        #expect(subjects.filter { $0.hasPrefix("Decided for you: ") }.count == 1)
        #expect(subjects.filter { $0.hasSuffix("is on your card again") }.count == 1)
        #expect(!subjects.contains { $0.hasPrefix("Refund") })
    }

    @Test func `a rejection is told with its words, and no value moves`() async throws {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        let empty = try await world.disputes.reject(sale, by: "maria", words: "")
        #expect(empty == .failure(.notSaid))
        let rejected = try await world.disputes.reject(sale, by: "maria", words: "It was used.")
        #expect(try rejected.get().state == .rejected)
        await world.disputeRounds()
        #expect(try await world.balance() == 9_850)
        #expect(try await world.merchantBalance() == .cents(150))
        #expect(try await world.decide(sale) == .failure(.ended))
        #expect(try await world.file(sale) == .failure(.disputedBefore))
        try await world.expectSound()
    }

    @Test func `a holder withdraws what is not decided, and nothing else`() async throws {
        let world = try await RefundWorld()
        let (first, second) = (try await world.disputed(), try await world.disputed())
        let card = world.world.cards[0]
        #expect(
            try await world.disputes.withdraw(first, of: world.world.cards[1])
                == .failure(.unknownDispute)
        )
        #expect(try await world.disputes.withdraw(first, of: card).get().state == .withdrawn)
        #expect(try await world.disputes.withdraw(first, of: card) == .failure(.ended))
        _ = try await world.decide(second).get()
        #expect(try await world.disputes.withdraw(second, of: card) == .failure(.decidedBefore))
        await world.disputeRounds()
        #expect(try await world.balance() == 9_850)
        try await world.expectSound()
    }

    // MARK: The merchant

    @Test func `the merchant's answer comes to the issuer, with the moment of delivery`()
        async throws
    {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        await world.disputeRounds(1)
        #expect(try await world.answer(sale, shop: 1) == .failure(.unknownDispute))
        _ = try await world.answer(sale).get()
        #expect(try await world.answer(sale) == .failure(.answeredBefore))
        await world.disputeRounds(1)
        let dispute = try #require(try await world.disputes.find(sale))
        #expect(dispute.state == .merchantAnswered)
        #expect(dispute.answer?.words == "It was handed out.")
        #expect(dispute.answer?.deliveredAt == world.world.now)
    }

    @Test func `a merchant that agrees gives back what is left, without another hand`()
        async throws
    {
        let world = try await RefundWorld()
        let sale = try await world.buyAndClear()
        #expect(try await world.refund(sale, 30) == .refunded)
        _ = try await world.file(sale).get()
        await world.disputeRounds(1)
        _ = try await world.answer(sale, accepts: true).get()
        await world.disputeRounds(2)
        #expect(try await world.state(sale) == .refunded(try world.chargeBack(101, 120)))
        #expect(try await world.balance() == 10_000)
        #expect(try await world.merchantBalance() == .zero)
        try await world.expectSound()
    }

    @Test func `a merchant sees neither card nor another merchant's disputes`() async throws {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        await world.disputeRounds(1)
        let own = try await world.listed(areOpen: true, of: 0).cases
        #expect(own.map(\.notice.transaction) == [sale])
        #expect(try await world.listed(areOpen: true, of: 1).cases == [])
        let card = world.world.cards[0].bytes
        for exchange in world.toIssuer.exchanges {
            guard case .success(let bytes) = exchange.response,
                case .disputes? = try? IssuerMessage(bytes)
            else { continue }
            #expect(bytes.firstRange(of: card) == nil)
        }
    }

    @Test func `a merchant that agrees again has a refund begun that came to nothing before`()
        async throws
    {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        let card = world.world.cards[0]
        await world.disputeRounds(1)
        _ = try await world.world.desk.setBlocked(true, card, by: "operator")
        _ = try await world.answer(sale, accepts: true).get()
        await world.disputeRounds()
        let first = try world.chargeBack(101, 150)
        #expect(try await world.state(sale) == .cameToNothing(first, .cardBlocked))
        _ = try await world.world.desk.setBlocked(false, card, by: "operator")
        await world.disputeRounds()
        #expect(try await world.state(sale) == .cameToNothing(first, .cardBlocked))
        #expect(try await world.answer(sale, accepts: false) == .failure(.answeredBefore))
        _ = try await world.answer(sale, accepts: true).get()
        #expect(try await world.answer(sale, accepts: true) == .failure(.answeredBefore))
        await world.disputeRounds()
        #expect(try await world.state(sale) == .refunded(try world.chargeBack(102, 150)))
        #expect(try await world.balance() == 10_000)
        #expect(try await world.merchantBalance() == .zero)
        try await world.expectSound()
    }

    @Test func `a merchant that agrees once the issuer's refund came to nothing gives it back`()
        async throws
    {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        let card = world.world.cards[0]
        _ = try await world.world.desk.setBlocked(true, card, by: "operator")
        _ = try await world.decide(sale, 100).get()
        await world.disputeRounds()
        _ = try await world.world.desk.setBlocked(false, card, by: "operator")
        await world.disputeRounds(1)
        _ = try await world.answer(sale, accepts: true).get()
        await world.disputeRounds(6)
        #expect(try await world.state(sale) == .refunded(try world.chargeBack(102, 150)))
        #expect(try await world.balance() == 10_000)
        try await world.expectSound()
    }

    @Test func `the issuer is told an answer again after it was set back behind it`() async throws {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        await world.disputeRounds(1)
        let key = DisputeRecord.key(sale)
        let early = try #require(try await world.world.opalStore.read(key))
        _ = try await world.answer(sale).get()
        await world.disputeRounds(1)
        #expect(try await world.state(sale) == .merchantAnswered)
        try await world.putBack(early, of: sale)
        #expect(try await world.state(sale) == .merchantAsked)
        await world.disputeRounds(1)
        #expect(try await world.state(sale) == .merchantAnswered)
        let told = world.toIssuer.exchanges.count
        _ = try await world.house.passDisputes { world.world.now }
        #expect(world.toIssuer.exchanges.count == told + 1)
    }

    // MARK: What is refused

    @Test func `of a sale there is one dispute, by its own card, and within its time`() async throws
    {
        let world = try await RefundWorld()
        let sale = try await world.buyAndClear()
        #expect(try await world.file(sale, card: 1) == .failure(.unknownSale))
        let none = TransactionIdentifier(high: 1, low: 2)
        #expect(try await world.file(none) == .failure(.unknownSale))
        _ = try await world.file(sale).get()
        #expect(try await world.file(sale) == .failure(.disputedBefore))
        let late = try await world.buyAndClear()
        world.world.clock.advance(by: DisputeLimits.filingTime)
        #expect(try await world.file(late) == .failure(.tooLate))
    }

    @Test func `two forms at the same moment are one dispute`() async throws {
        let world = try await RefundWorld()
        let sale = try await world.buyAndClear()
        async let one = world.file(sale)
        async let other = world.file(sale)
        let outcomes = [try await one, try await other]
        #expect(outcomes.filter { $0 == .failure(.disputedBefore) }.count == 1)
    }

    @Test func `a pending sale, one that was put back and one that was refunded are not disputed`()
        async throws
    {
        let world = try await RefundWorld()
        let refunded = try await world.buyAndClear()
        #expect(try await world.refund(refunded) == .refunded)
        #expect(try await world.file(refunded) == .failure(.refundedBefore))
        let ticket = try await world.world.order()
        #expect(try await world.file(ticket.transaction) == .failure(.unknownSale))
    }

    @Test func `no decision is above what is left, and none is made twice`() async throws {
        let world = try await RefundWorld()
        let sale = try await world.buyAndClear()
        #expect(try await world.refund(sale, 60) == .refunded)
        _ = try await world.file(sale).get()
        #expect(try await world.decide(sale, 91) == .failure(.aboveRest))
        #expect(try await world.decide(sale, 0) == .failure(.notSaid))
        async let one = world.decide(sale, 90)
        async let other = world.decide(sale, 80)
        let outcomes = [try await one, try await other]
        #expect(outcomes.filter { $0 == .failure(.decidedBefore) }.count == 1)
        await world.disputeRounds()
        let given = outcomes[0] == .failure(.decidedBefore) ? UInt64(80) : 90
        #expect(try await world.balance() == 9_850 + 60 + given)
        try await world.expectSound()
    }

    // MARK: On the way

    @Test func `a charge-back of a sale that is not cleared waits until it is`() async throws {
        let world = try await RefundWorld()
        let sale = try await world.buy()
        #expect(await world.world.settleAll())
        _ = try await world.file(sale).get()
        _ = try await world.decide(sale).get()
        await world.disputeRounds()
        #expect(try await world.state(sale) == .decided(try world.chargeBack(101, 150)))
        #expect(try await world.house.refunds(of: sale) == [])
        try await world.collect()
        await world.disputeRounds()
        #expect(try await world.state(sale) == .refunded(try world.chargeBack(101, 150)))
        #expect(try await world.balance() == 10_000)
        try await world.expectSound()
    }

    @Test func `while the other end is away it is tried again, and posts once`() async throws {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        _ = try await world.decide(sale).get()
        for request in 1...6 {
            world.toIssuer.plan.script(request % 2 == 0 ? .dropResponse : .dropRequest, at: request)
        }
        let round = try await world.house.passDisputes { world.world.now }
        #expect(round.silent == [world.world.issuer.identifier])
        await world.disputeRounds(6)
        world.toIssuer.plan.clear()
        await world.disputeRounds()
        #expect(try await world.state(sale) == .refunded(try world.chargeBack(101, 150)))
        #expect(try await world.balance() == 10_000)
        #expect(try await world.house.refunds(of: sale).count == 1)
        try await world.expectSound()
    }

    @Test func `a charge-back that is refused for good is decided anew under another number`()
        async throws
    {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        let card = world.world.cards[0]
        _ = try await world.world.desk.setBlocked(true, card, by: "operator")
        _ = try await world.decide(sale).get()
        await world.disputeRounds()
        let first = try world.chargeBack(101, 150)
        #expect(try await world.state(sale) == .cameToNothing(first, .cardBlocked))
        #expect(try await world.merchantBalance() == .cents(150))
        _ = try await world.world.desk.setBlocked(false, card, by: "operator")
        await world.disputeRounds()
        #expect(try await world.balance() == 9_850)
        _ = try await world.decide(sale, 140).get()
        await world.disputeRounds()
        #expect(try await world.state(sale) == .refunded(try world.chargeBack(102, 140)))
        #expect(try await world.balance() == 9_990)
        try await world.expectSound()
    }

    @Test func `a merchant agrees to nothing once the numbers that it may use are used up`()
        async throws
    {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        _ = try await world.world.desk.setBlocked(true, world.world.cards[0], by: "operator")
        for number in 101...DisputeLimits.agreedNumberMax {
            _ = try await world.decide(sale).get()
            await world.disputeRounds()
            let back = try world.chargeBack(number, 150)
            #expect(try await world.state(sale) == .cameToNothing(back, .cardBlocked))
        }
        #expect(try await world.answer(sale, accepts: true) == .failure(.numbersUsedUp))
        _ = try await world.answer(sale, accepts: false).get()
        try await world.expectSound()
    }

    @Test func `what the merchant gives back at the same time is not given twice`() async throws {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        await world.disputeRounds(1)
        // The clearing house has the refund of the merchant before that of the issuer.
        #expect(try await world.begin(sale, 100) == 1)
        _ = try await world.decide(sale, 100).get()
        _ = try? await world.merchant.settleRefunds(now: world.world.now)
        _ = try await world.world.payments.sendRefunds(
            over: world.link,
            signedBy: world.refundKey
        )
        await world.disputeRounds()
        let back = try world.chargeBack(101, 100)
        #expect(try await world.state(sale) == .cameToNothing(back, .aboveSale))
        #expect(try await world.balance() == 9_950)
        _ = try await world.decide(sale, 50).get()
        await world.disputeRounds()
        #expect(try await world.balance() == 10_000)
        #expect(try await world.merchantBalance() == .zero)
        try await world.expectSound()
    }

    @Test(arguments: 0..<2, 1...4)
    func `wherever a commit fails, a decision posts once`(_ store: Int, _ commit: Int) async throws
    {
        for fault in [FaultyStore.Fault.refuse(.diskFull), .loseAnswer, .conflict] {
            let world = try await RefundWorld()
            let sale = try await world.disputed()
            let stores = [world.clearing, world.world.opalStore]
            stores[store].commits.script(fault, at: commit)
            _ = try? await world.decide(sale, 100)
            await world.disputeRounds(2)
            stores[store].clear()
            _ = try await world.decide(sale, 100)
            await world.disputeRounds(3)
            #expect(try await world.state(sale) == .refunded(try world.chargeBack(101, 100)))
            #expect(try await world.balance() == 9_950)
            #expect(try await world.merchantBalance() == .cents(50))
            try await world.expectSound()
        }
    }

    @Test func `the audit names a charge-back whose dispute is gone or does not open`() async throws
    {
        for isDeleted in [true, false] {
            let world = try await RefundWorld()
            let sale = try await world.disputed()
            _ = try await world.decide(sale).get()
            await world.disputeRounds()
            try await world.expectSound()
            let (store, key) = (world.world.opalStore, DisputeRecord.key(sale))
            let record = try #require(try await store.read(key))
            let write: RecordWrite =
                isDeleted
                ? .delete(key, expectedRevision: record.revision)
                : .put(key, expectedRevision: record.revision, body: record.body)
            #expect(try await store.commit(Transition(writes: [write])) == .committed)
            let findings = try await world.audit()
            let problem = "has a charge-back on a card, and did not decide it"
            #expect(findings.contains { $0.contains(problem) })
            #expect(isDeleted || findings.contains { $0.hasSuffix("does not open") })
        }
    }

    @Test func `an issuer credits no charge-back that it has not decided`() async throws {
        let world = try await RefundWorld()
        let sale = try await world.disputed()
        let cleared = try #require(try await world.house.sale(sale))
        let bytes = cleared.sale.bytes(at: cleared.cleared.place)
        let amount = Money(minorUnits: 150, currency: .euro, exponent: .cents)
        let message = IssuerMessage.credit(bytes, number: 101, amount)
        let refused = IssuerMessage.refused(sale, number: 101, .notDecided)
        #expect(try IssuerMessage(await world.toIssuer.request(message.bytes)) == refused)
        _ = try await world.decide(sale, 100).get()
        #expect(try IssuerMessage(await world.toIssuer.request(message.bytes)) == refused)
        #expect(try await world.balance() == 9_850)
    }

    @Test func `a merchant cannot take the number of a charge-back`() async throws {
        let world = try await RefundWorld()
        let sale = try await world.buyAndClear()
        let order = try world.order(sale, 150, number: 101)
        let request = world.request(order)
        #expect(throws: WireFailure.self) { try CollectionMessage(request.bytes) }
        #expect(try await world.send(order) == .unavailable)
        #expect(try await world.house.refunds(of: sale) == [])
    }

    @Test func `a stranger learns nothing of disputes`() async throws {
        let world = try await RefundWorld()
        _ = try await world.disputed()
        let issuer = world.world.issuer.identifier
        let first = TransactionIdentifier(high: 0, low: 0)
        let question = IssuerMessage.disputesQuestion(issuer, after: first).bytes
        let answer = await world.disputes.answer(question, from: "shop")
        #expect(answer == IssuerMessage.unavailable.bytes)
    }
}
