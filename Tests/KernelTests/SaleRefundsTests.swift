// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

/// What may be given back of one sale.
@Suite struct SaleRefundsTests {
    private let transaction = TransactionIdentifier(high: 1, low: 2)
    private let now = Instant(milliseconds: 1_000)

    private func refunds(of units: UInt64 = 100, _ currency: Currency = .euro) throws -> SaleRefunds
    {
        SaleRefunds(
            of: Money(minorUnits: units, currency: currency, exponent: .cents),
            to: try #require(MerchantIdentifier("SHOP"))
        )
    }

    private func order(
        _ number: UInt8,
        _ units: UInt64,
        _ currency: Currency = .euro,
        _ exponent: Exponent = .cents,
        merchant: String = "SHOP"
    ) throws -> RefundOrder {
        let merchant = try #require(MerchantIdentifier(merchant))
        return try #require(
            RefundOrder(
                transaction: transaction,
                merchant: merchant,
                number: number,
                amount: Money(minorUnits: units, currency: currency, exponent: exponent)
            )
        )
    }

    @Test func `refunds that stand are together never above what was paid`() throws {
        var refunds = try refunds()
        refunds.add(try order(1, 60), at: now)
        #expect(refunds.rest == 40 && refunds.nextNumber == 2 && refunds.isOpen)
        #expect(refunds.refusal(of: try order(2, 41)) == .aboveSale)
        #expect(refunds.refusal(of: try order(2, .max)) == .aboveSale)
        refunds.add(try order(2, 40), at: now)
        #expect(refunds.rest == 0)
        // What is refused does not count.
        refunds.end(1, .refused(.cardBlocked), at: now)
        #expect(refunds.rest == 60)
        refunds.end(2, .refunded, at: now)
        #expect(!refunds.isOpen)
        #expect(refunds.refusal(of: try order(3, 60)) == nil)
    }

    @Test func `the same number is the same refund, and its outcome stays`() throws {
        var refunds = try refunds()
        refunds.add(try order(1, 60), at: now)
        #expect(refunds.refusal(of: try order(1, 60)) == nil)
        #expect(refunds.refusal(of: try order(1, 61)) == .differs)
        refunds.end(1, .refunded, at: now)
        refunds.end(1, .refused(.cardExpired), at: now)
        #expect(refunds.entry(1)?.outcome == .refunded)
    }

    @Test func `a refund is of the merchant's own sale, in money, in its currency`() throws {
        let sale = try refunds()
        #expect(sale.refusal(of: try order(1, 1, merchant: "CAFE")) == .otherMerchant)
        #expect(sale.refusal(of: try order(1, 1, .dollar)) == .otherCurrency)
        #expect(sale.refusal(of: try order(1, 1, .euro, .units)) == .otherCurrency)
        let points = try #require(Currency(bcd: 0x9001))
        let seat = try refunds(of: 5, points)
        #expect(seat.refusal(of: try order(1, 1, points)) == .notMoney)
    }

    @Test func `a sale has at most a hundred refunds, and none of nothing`() throws {
        var refunds = try refunds(of: 1_000)
        for number in RefundOrder.numbers {
            #expect(refunds.nextNumber == number)
            refunds.add(try order(number, 1), at: now)
        }
        #expect(refunds.nextNumber == nil)
        let merchant = try #require(MerchantIdentifier("SHOP"))
        let amounts: [(UInt8, UInt64)] = [(0, 1), (111, 1), (1, 0)]
        for (number, units) in amounts {
            let amount = Money(minorUnits: units, currency: .euro, exponent: .cents)
            let order = RefundOrder(
                transaction: transaction,
                merchant: merchant,
                number: number,
                amount: amount
            )
            #expect(order == nil)
        }
    }

    @Test func `the bank of a refund is that of no load, and says which refund it is`() throws {
        let issuer = try #require(IssuerIdentifier("999001"))
        let other = try #require(IssuerIdentifier("999002"))
        for number in RefundOrder.numbers {
            let bank = BankIdentifier.refund(number, at: issuer)
            #expect(bank.refundNumber(at: issuer) == number)
            #expect(bank.refundNumber(at: other) == nil)
        }
        let others: [BankIdentifier] = [
            .own(of: issuer), .account(of: issuer), .move(within: issuer), .swept(of: issuer),
        ]
        for bank in others {
            #expect(bank.refundNumber(at: issuer) == nil)
        }
    }
}
