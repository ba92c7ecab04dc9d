// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import PaymentServer
import Wire

// Refunds: shop, payment server, clearing house and card say the same.
extension Invariants {
    /// Names a refund at all parties.
    private struct Name: Hashable {
        let transaction: TransactionIdentifier
        let number: UInt8
    }

    /// Together they are never above the sale; each is on the card once, or given back.
    mutating func checkRefunds() {
        var sums: [TransactionIdentifier: UInt64] = [:]
        var known: [Name: RefundRecord] = [:]
        for refund in ledger.clearing.refunds {
            let transaction = refund.order.transaction
            known[Name(transaction: transaction, number: refund.order.number)] = refund
            guard refund.isStanding else { continue }
            sums[transaction, default: 0] += refund.order.amount.minorUnits
        }
        for (transaction, sum) in sums
        where sum > ledger.sales[transaction]?.command.amount.minorUnits ?? 0 {
            violations.append(.refundAboveSale(transaction))
        }
        let credited = refundsOnCards()
        for (name, found) in credited {
            let refund = known[name]
            let card = ledger.sales[name.transaction]?.draw.initializeAnswer.card
            let isRight =
                found.count == 1 && refund?.isStanding == true
                && found[0].request.amount == refund?.order.amount && found[0].card == card
            if !isRight {
                violations.append(.refundAgainstCard(name.transaction, name.number))
            }
        }
        for (name, refund) in known
        where (refund.state == .refunded) && credited[name] == nil {
            violations.append(.refundAgainstCard(name.transaction, name.number))
        }
    }

    /// What came onto cards for refunds, by the cards' own histories.
    private func refundsOnCards() -> [Name: [Credit]] {
        var found: [Name: [Credit]] = [:]
        for (transaction, entries) in credits {
            for credit in entries {
                guard let number = credit.request.bank.refundNumber(at: credit.card.issuer) else {
                    continue
                }
                found[Name(transaction: transaction, number: number), default: []].append(credit)
            }
        }
        return found
    }

    /// A shop and the payment server are told what the clearing house has on record; what it does
    /// not know never came to it, and moves nothing.
    mutating func checkRefundsOfShops() {
        var known: [Name: RefundRecord] = [:]
        for refund in ledger.clearing.refunds {
            let name = Name(transaction: refund.order.transaction, number: refund.order.number)
            known[name] = refund
        }
        let (shops, server) = (ledger.clearing.refundsAtShops, ledger.clearing.refundsAtServer)
        for (transaction, refunds) in shops.map(\.self) + server.map(\.self) {
            for entry in refunds.entries where entry.outcome.isFinal {
                let refund = known[Name(transaction: transaction, number: entry.number)]
                let agrees =
                    switch entry.outcome {
                    case .refunded: refund?.state == .refunded
                    case .refused, .pending: refund?.isStanding != true
                    }
                if !agrees {
                    violations.append(.refundAgainstClearing(transaction, entry.number))
                }
            }
        }
    }
}
