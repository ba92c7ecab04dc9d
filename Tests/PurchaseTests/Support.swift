// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant
import OPALServer
import PaymentServer
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
}

extension World {
    /// An order with its page.
    func offer(
        _ article: Int = 0,
        at shop: Int = 0
    ) async throws -> (ticket: MerchantModule.Ticket, page: OrderPage) {
        let ticket = try await order(article, at: shop)
        return (ticket, try await page(ticket, at: shop))
    }

    /// Nothing is lost, nothing is delivered twice, now and after all has come to an end.
    func expectSound(
        balance: UInt64? = nil,
        sold: Int? = nil,
        _ place: SourceLocation = #_sourceLocation
    ) async throws {
        #expect(await Invariants.check(self) == [], sourceLocation: place)
        #expect(await settleAll(), "something stays open", sourceLocation: place)
        #expect(await Invariants.check(self, isSettled: true) == [], sourceLocation: place)
        if let balance {
            #expect(try await self.balance() == balance, sourceLocation: place)
        }
        if let sold {
            let ledger = await Ledger(self)
            #expect(
                ledger.sales.values.count { $0.state == .sold } == sold,
                sourceLocation: place
            )
        }
    }

    /// The person comes back with the same page after all was settled.
    func outcome(of page: OrderPage, card: Int = 0) async -> PurchaseOutcome {
        clearFaults()
        await tidy()
        return await pay(page, with: card)
    }
}

/// What somebody could change of an order.
enum Change: CaseIterable, CustomTestStringConvertible {
    case amount, currency, merchant, transaction

    var testDescription: String { "\(self)" }

    func applied(to terms: OrderTerms) throws -> OrderTerms {
        let (amount, merchant, transaction) = try applied(
            terms.amount,
            terms.merchant,
            terms.transaction
        )
        return OrderTerms(
            transaction: transaction,
            merchant: merchant,
            amount: amount,
            policy: terms.policy,
            madeAt: terms.madeAt,
            statusURL: terms.statusURL
        )
    }

    func applied(
        _ amount: Money,
        _ merchant: MerchantIdentifier,
        _ transaction: TransactionIdentifier
    ) throws -> (Money, MerchantIdentifier, TransactionIdentifier) {
        switch self {
        case .amount:
            let less = Money(
                minorUnits: amount.minorUnits - 1,
                currency: amount.currency,
                exponent: amount.exponent
            )
            return (less, merchant, transaction)
        case .currency:
            let other = Money(
                minorUnits: amount.minorUnits,
                currency: .dollar,
                exponent: amount.exponent
            )
            return (other, merchant, transaction)
        case .merchant:
            return (amount, try #require(MerchantIdentifier("PRESS-2")), transaction)
        case .transaction:
            let other = TransactionIdentifier(high: transaction.high, low: transaction.low ^ 1)
            return (amount, merchant, other)
        }
    }
}

extension OrderPage {
    func with(
        terms: OrderTerms? = nil,
        proof: OrderProof? = nil,
        paymentServer: String? = nil
    ) -> OrderPage {
        OrderPage(
            terms: terms ?? self.terms,
            proof: proof ?? self.proof,
            paymentServer: paymentServer ?? self.paymentServer,
            description: description,
            sessionKey: sessionKey
        )
    }
}
