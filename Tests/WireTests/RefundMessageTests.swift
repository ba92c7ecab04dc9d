// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

/// The messages of refunds, between each two parties that a refund passes.
@Suite struct RefundMessageTests {
    private static let transaction = TransactionIdentifier(high: 7, low: 9)

    private func order() throws -> RefundOrder {
        let merchant = try #require(MerchantIdentifier("FARTHINGPRESS01"))
        return try #require(
            RefundOrder(
                transaction: Self.transaction,
                merchant: merchant,
                number: 3,
                amount: Money(minorUnits: 150, currency: .euro, exponent: .cents)
            )
        )
    }

    private static var outcomes: [RefundOutcome] {
        [.pending, .refunded] + RefundRefusal.allCases.map { .refused($0) }
    }

    private func partyMessages() throws -> [PartyMessage] {
        let question = RefundQuestion(
            order: try order(),
            keyName: "k1",
            proof: [UInt8](repeating: 5, count: RefundQuestion.proofBytes)
        )
        return [.refundQuestion(question)]
            + Self.outcomes.map { .refundAnswer(Self.transaction, number: 3, $0) }
    }

    private func collectionMessages() throws -> [CollectionMessage] {
        let code = [UInt8](repeating: 6, count: RefundOrder.codeBytes)
        return [.refund(try order(), acquirer: 7, code: code)]
            + Self.outcomes.map { .refundAnswer(Self.transaction, number: 3, $0) }
    }

    private func issuerMessages() throws -> [IssuerMessage] {
        let sale = [UInt8](repeating: 8, count: CollectedSale.length)
        let refusals = RefundRefusal.allCases.map { reason in
            IssuerMessage.refused(Self.transaction, number: 3, reason)
        }
        return [
            .credit(sale, number: 3, try order().amount),
            .credited(Self.transaction, number: 3),
        ] + refusals
    }

    @Test func `each message is read as it was written`() throws {
        for message in try partyMessages() { #expect(try PartyMessage(message.bytes) == message) }
        for message in try collectionMessages() {
            #expect(try CollectionMessage(message.bytes) == message)
        }
        for message in try issuerMessages() { #expect(try IssuerMessage(message.bytes) == message) }
    }

    @Test func `each truncation and one byte more is a failure`() throws {
        for bytes in try partyMessages().map(\.bytes) {
            for count in 0..<bytes.count {
                #expect(throws: WireFailure.self) { try PartyMessage(Array(bytes[..<count])) }
            }
            #expect(throws: WireFailure.self) { try PartyMessage(bytes + [0]) }
        }
        for bytes in try collectionMessages().map(\.bytes) {
            for count in 0..<bytes.count {
                #expect(throws: WireFailure.self) { try CollectionMessage(Array(bytes[..<count])) }
            }
            #expect(throws: WireFailure.self) { try CollectionMessage(bytes + [0]) }
        }
        for bytes in try issuerMessages().map(\.bytes) {
            for count in 0..<bytes.count {
                #expect(throws: WireFailure.self) { try IssuerMessage(Array(bytes[..<count])) }
            }
            #expect(throws: WireFailure.self) { try IssuerMessage(bytes + [0]) }
        }
    }

    @Test func `a refund of nothing, or with a number that is none, is not read`() throws {
        let order = try order().bytes
        #expect(order.count == RefundOrder.length)
        // The number stands behind TRX and MERCH, the amount at the end.
        let number = 16 + MerchantIdentifier.length
        for (index, value) in [(number, UInt8(0)), (number, 101), (order.count - 1, 0)] {
            var bytes = order
            bytes[index] = value
            var head: [UInt8] = [1, 0x99, 0, 0, 0, 7]
            head += bytes + [UInt8](repeating: 6, count: RefundOrder.codeBytes)
            #expect(throws: WireFailure.self) { try CollectionMessage(head) }
        }
    }

    @Test func `an outcome has one form`() throws {
        let message = CollectionMessage.refundAnswer(Self.transaction, number: 3, .refunded)
        for tail in [[0x00, 0x01], [0x01, 0x01], [0x02, 0x00], [0x03, 0x00]] as [[UInt8]] {
            let bytes = Array(message.bytes.dropLast(2)) + tail
            #expect(throws: WireFailure.self) { try CollectionMessage(bytes) }
        }
    }

    @Test func `refunds of a sale are stored as they are, and no impossible ones are read`() throws
    {
        let order = try order()
        let moment = Instant(milliseconds: 5)
        var refunds = SaleRefunds(of: order.amount, to: order.merchant)
        refunds.add(order, at: moment)
        #expect(try SaleRefunds(refunds.bytes) == refunds)
        refunds.end(3, .refused(.cardExpired), at: moment)
        #expect(try SaleRefunds(refunds.bytes) == refunds)
        var above = refunds.bytes
        // What was paid, one less: the refund, were it not refused, would be above it.
        above[26] -= 1
        #expect(try SaleRefunds(above).rest == 149)
        refunds = SaleRefunds(of: order.amount, to: order.merchant)
        refunds.add(order, at: moment)
        above = refunds.bytes
        above[26] -= 1
        #expect(throws: WireFailure.self) { try SaleRefunds(above) }
    }
}
