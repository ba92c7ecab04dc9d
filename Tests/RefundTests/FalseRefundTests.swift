// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import ConcentrationPoint
import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import Simulation
import Testing
import Wire

/// Who has no right to a refund gets none, whichever party it tries to deceive.
@Suite struct FalseRefundTests {
    @Test func `the payment server takes a proof of the sale's merchant alone`() async throws {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buyAndClear()
        let order = try refunds.order(sale)
        // Another merchant, with its own key and its own name, or with that of the first one.
        #expect(
            try await refunds.ask(try refunds.order(sale, shop: 1), as: 1)
                == .refundAnswer(sale, number: 1, .refused(.otherMerchant))
        )
        let question = try await refunds.question(order)
        var proof = question.proof
        proof[0] ^= 1
        let forged = RefundQuestion(order: order, keyName: question.keyName, proof: proof)
        #expect(try await refunds.ask(forged) == .refusal(sale, .orderForged))
        // The proof is of this amount and no other.
        let other = RefundQuestion(
            order: try refunds.order(sale, 149),
            keyName: question.keyName,
            proof: question.proof
        )
        #expect(try await refunds.ask(other) == .refusal(sale, .orderForged))
        await refunds.rounds()
        #expect(try await refunds.balance() == 9_850)
        try await refunds.expectSound()
    }

    @Test func `the payment server refuses what is above the sale, or of no sale`() async throws {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buyAndClear()
        #expect(
            try await refunds.ask(try refunds.order(sale, 151))
                == .refundAnswer(sale, number: 1, .refused(.aboveSale))
        )
        #expect(
            try await refunds.ask(try refunds.order(sale, 100, number: 2))
                == .refundAnswer(sale, number: 2, .pending)
        )
        #expect(
            try await refunds.ask(try refunds.order(sale, 51, number: 3))
                == .refundAnswer(sale, number: 3, .refused(.aboveSale))
        )
        #expect(
            try await refunds.ask(try refunds.order(sale, 99, number: 2))
                == .refundAnswer(sale, number: 2, .refused(.differs))
        )
        let unpaid = try await refunds.world.order().transaction
        #expect(
            try await refunds.ask(try refunds.order(unpaid))
                == .refundAnswer(unpaid, number: 1, .refused(.unknownSale))
        )
        try await refunds.expectSound()
    }

    @Test func `the clearing house takes a code of the acquirer alone`() async throws {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buyAndClear()
        let order = try refunds.order(sale)
        let code = [UInt8](repeating: 1, count: RefundOrder.codeBytes)
        #expect(try await refunds.send(order, code: code) == .unavailable)
        // Who is no sender of the acquirer has no use for a right code.
        let right = refunds.request(order).bytes
        let stranger = await refunds.house.answer(right, from: "stranger")
        #expect(try CollectionMessage(stranger) == .unavailable)
        let unknown = await refunds.passing.answer(right, from: "stranger")
        #expect(try CollectionMessage(unknown) == .unavailable)
        #expect(try await refunds.house.refunds(after: nil, limit: 10) == [])
        try await refunds.expectSound()
    }

    @Test func `the clearing house refuses another merchant, and what is above the sale`()
        async throws
    {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buyAndClear()
        #expect(
            try await refunds.send(try refunds.order(sale, shop: 1))
                == .refundAnswer(sale, number: 1, .refused(.otherMerchant))
        )
        for (number, amount) in [(UInt8(1), UInt64(100)), (2, 51), (3, 50)] {
            _ = try await refunds.send(try refunds.order(sale, amount, number: number))
        }
        try await refunds.house.passRefunds { refunds.world.now }
        #expect(
            try await refunds.house.refunds(of: sale).map(\.outcome)
                == [.refunded, .refused(.aboveSale), .refunded]
        )
        #expect(
            try await refunds.send(try refunds.order(sale, 99, number: 1))
                == .refundAnswer(sale, number: 1, .refused(.differs))
        )
        #expect(try await refunds.balance() == 10_000)
        #expect(try await refunds.merchantBalance() == .zero)
    }

    @Test func `the issuer credits what it has proved, never above it, for clearing houses alone`()
        async throws
    {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buyAndClear()
        let (collected, cleared) = try #require(try await refunds.house.sale(sale))
        func credit(
            _ bytes: [UInt8],
            _ number: UInt8,
            _ minorUnits: UInt64
        ) async throws -> IssuerMessage {
            let amount = Money(minorUnits: minorUnits, currency: .euro, exponent: .cents)
            let message = IssuerMessage.credit(bytes, number: number, amount)
            return try IssuerMessage(try await refunds.toIssuer.request(message.bytes))
        }
        let bytes = collected.bytes(at: cleared.place)
        var other = bytes
        // Another S6: a sale that the issuer has not proved.
        other[CollectedSale.length - 9] ^= 1
        #expect(try await credit(other, 1, 10) == .refused(sale, number: 1, .notProved))
        #expect(try await credit(bytes, 1, 151) == .refused(sale, number: 1, .aboveSale))
        #expect(try await credit(bytes, 2, 100) == .credited(sale, number: 2))
        #expect(try await credit(bytes, 2, 100) == .credited(sale, number: 2))
        #expect(try await credit(bytes, 2, 99) == .refused(sale, number: 2, .differs))
        #expect(try await credit(bytes, 3, 51) == .refused(sale, number: 3, .aboveSale))
        #expect(try await refunds.balance() == 9_950)
        #expect(try await refunds.world.cardAuditor.run {}.findings == [])
    }

    @Test func `a refund on a card without its record is found, and a record without it`()
        async throws
    {
        let refunds = try await RefundWorld()
        let sale = try await refunds.buyAndClear()
        #expect(try await refunds.refund(sale) == .refunded)
        let store = refunds.world.opalStore
        let record = try #require(try await store.read(RefundedSaleRecord.key(sale)))
        let write = RecordWrite.delete(record.key, expectedRevision: record.revision)
        #expect(try await store.commit(Transition(writes: [write])) == .committed)
        let findings = try await refunds.audit()
        #expect(findings.count == 1 && findings[0].contains("but not on record"))
    }

    @Test func `a refund that was removed or altered at the clearing house is found`()
        async throws
    {
        for isRemoved in [true, false] {
            let refunds = try await RefundWorld()
            let sale = try await refunds.buyAndClear()
            #expect(try await refunds.refund(sale) == .refunded)
            let store = refunds.clearing
            let page = try await store.list(
                ClearingRecords.refund,
                after: nil,
                limit: 1,
                order: .ascending
            )
            let record = try #require(page.first)
            var body = record.body
            body[body.count / 2] ^= 1
            let write =
                isRemoved
                ? RecordWrite.delete(record.key, expectedRevision: record.revision)
                : .put(record.key, expectedRevision: record.revision, body: body)
            #expect(try await store.commit(Transition(writes: [write])) == .committed)
            #expect(try await !refunds.audit().isEmpty)
        }
    }

    #if PLANTED_BUGS
        @Test func `a clearing house that refunds above the sale is found by its audit`()
            async throws
        {
            let refunds = try await RefundWorld()
            let sale = try await refunds.buyAndClear()
            for number in UInt8(1)...2 {
                _ = try await refunds.send(try refunds.order(sale, 100, number: number))
            }
            // The issuer would refuse what is above; it does not answer yet.
            for request in 1...4 { refunds.toIssuer.plan.script(.dropRequest, at: request) }
            try await PlantedBug.$planted.withValue(.refundAboveSale) {
                _ = try await refunds.house.passRefunds { refunds.world.now }
            }
            let found = try await refunds.audit()
            #expect(found.contains { $0.contains("refunds of 200, and 150 were paid") })
            // Nothing of it comes onto a card: the issuer knows what it has proved.
            refunds.toIssuer.plan.clear()
            try await refunds.house.passRefunds { refunds.world.now }
            #expect(try await refunds.balance() == 9_950)
            try await refunds.expectSound()
        }
    #endif
}
