// SPDX-License-Identifier: Apache-2.0

import Batches
import ClearingHouse
import Kernel
import OPALServer
import PaymentServer
import Wire

// Clearing: from what security cards have sold to what merchants were paid.
extension Invariants {
    private var clearing: ClearingLedger { ledger.clearing }

    /// Cents are the minor unit of all sales that are cleared.
    private static let cent = ExactAmount.unit(.cents)

    mutating func checkClearing(isSettled: Bool) {
        guard let host = clearing.host else { return }
        checkBooks()
        checkLines(host)
        checkAccounts(host)
        checkAcknowledged()
        checkPayouts(host, isSettled: isSettled)
        checkSold()
        checkRefunds()
        checkRefundsOfShops()
        if isSettled { checkClearingIsDone() }
    }

    // MARK: Books

    private mutating func checkBooks() {
        var sums: [Currency: Int128] = [:]
        for (account, balance) in clearing.accounts {
            sums[account.currency, default: 0] += balance.trillionths
        }
        for (currency, sum) in sums where sum != 0 {
            violations.append(
                .books("\(currency.digits): \(ExactAmount(trillionths: sum).decimal)")
            )
        }
    }

    /// Each sale is cleared once, as its security card has counted it; whatever was set aside has a
    /// reason in the world.
    private mutating func checkLines(_ host: ClearingHost) {
        var cleared: Set<TransactionIdentifier> = []
        for line in clearing.lines.values {
            let transaction = line.sale.transaction
            if case .suspended(let reason) = line.outcome {
                let isLate = reason == .unknownMerchant && host.learnsLate(of: line.sale.merchant)
                if !isLate, !host.falseBatches.contains(line.place.batch) {
                    violations.append(.suspended(transaction, reason))
                }
            }
            guard line.isCleared else { continue }
            if !cleared.insert(transaction).inserted {
                violations.append(.clearedTwice(transaction))
            }
            guard let sale = ledger.sales[transaction], sale.state == .sold,
                let answer = sale.answer,
                CollectedSale(sale.draw, sale.command, answer) == line.sale,
                ledger.draws[transaction]?.state != .recovered
            else {
                violations.append(.clearedWithoutSale(transaction))
                continue
            }
        }
    }

    /// What is on each account is what its sales, fees, refunds and payouts come to, each added up
    /// here anew.
    private mutating func checkAccounts(_ host: ClearingHost) {
        var expected: [LedgerAccount: Int128] = [:]
        func add(_ amount: Int128, _ owner: LedgerAccount.Owner) {
            expected[LedgerAccount(owner, .euro), default: 0] += amount
        }
        let acquirer = LedgerAccount.Owner.acquirer(WorldKeys.acquirerNumber)
        let pool = LedgerAccount.Owner.pool(host.issuer)
        var charged: Set<BatchShare> = []
        for line in clearing.lines.values where line.isCleared || line.isInSuspense {
            let (gross, merchant) = (
                Int128(line.sale.amount.minorUnits) * Self.cent, line.sale.merchant
            )
            add(-gross, pool)
            guard line.isCleared else {
                add(gross, .suspense(WorldKeys.acquirerNumber))
                continue
            }
            let rule = host.fee(of: merchant, at: line.sale.time.instant)
            var fee = FeeShare.fee(of: gross, rule)
            // A sale that was set aside pays none for its batch.
            let share = BatchShare(batch: line.place.batch, merchant: merchant)
            if line.outcome == .cleared, charged.insert(share).inserted,
                let batch = clearing.batches[line.place.batch]
            {
                let rule = host.fee(of: merchant, at: batch.header.closedAt)
                fee += rule.perBatch.trillionths
            }
            add(gross - fee, .merchant(merchant))
            add(fee, acquirer)
        }
        for refund in clearing.refunds where refund.isStanding {
            let amount = Int128(refund.order.amount.minorUnits) * Self.cent
            add(-amount, .merchant(refund.order.merchant))
            add(amount, pool)
        }
        for payout in clearing.payouts where payout.state != .returned {
            let amount = Int128(payout.minorUnits) * Self.cent
            expected[payout.account, default: 0] -= amount
            add(amount, payout.state == .paid ? .bank : .inTransit)
        }
        for account in Set(expected.keys).union(clearing.accounts.keys) {
            let found = clearing.accounts[account]?.trillionths ?? 0
            let sum = expected[account] ?? 0
            guard found != sum else { continue }
            violations.append(
                .clearingAccount(
                    account.name,
                    found: ExactAmount(trillionths: found).decimal,
                    expected: ExactAmount(trillionths: sum).decimal
                )
            )
        }
    }

    /// What the payment server takes for received is at the clearing house, whole.
    private mutating func checkAcknowledged() {
        for batch in clearing.closed where batch.isAcknowledged {
            let taken = clearing.batches[batch.name]
            if taken?.header != batch.header || taken?.state == .receiving {
                violations.append(.acknowledged(batch.name.securityCard, batch.name.number))
            }
        }
    }

    // MARK: Payouts

    /// A payout takes what is there and leaves less than a cent, and the bank pays it once.
    private mutating func checkPayouts(_ host: ClearingHost, isSettled: Bool) {
        for row in clearing.payoutRows
        where row.balance.isNegative || row.balance.trillionths >= Self.cent {
            violations.append(.payout(row.account.name))
        }
        guard isSettled else { return }
        let booked = clearing.accounts[LedgerAccount(.bank, .euro)] ?? .zero
        let paid = ExactAmount(trillionths: Int128(host.bank.paid) * Self.cent)
        if booked != paid {
            violations.append(.bankAccount(paid: paid.decimal, booked: booked.decimal))
        }
    }

    /// What was sold = what is not cleared yet + with merchants and acquirers + in suspense + under
    /// way to them + paid + given back to cards. With ``checkConservation()`` that spans all from
    /// the first load of a card to the merchant's bank.
    private mutating func checkSold() {
        let moved = Set(
            clearing.lines.values.filter { $0.isCleared || $0.isInSuspense }
                .map(\.sale.transaction)
        )
        var (sold, found): (Int128, Int128) = (0, 0)
        for sale in ledger.sales.values
        where sale.state == .sold && sale.command.amount.currency == .euro {
            let amount = Int128(sale.command.amount.minorUnits) * Self.cent
            sold += amount
            if !moved.contains(sale.transaction) { found += amount }
        }
        for (account, balance) in clearing.accounts {
            if case .pool = account.owner { continue }
            found += balance.trillionths
        }
        for refund in clearing.refunds where refund.isStanding {
            found += Int128(refund.order.amount.minorUnits) * Self.cent
        }
        guard sold != found else { return }
        violations.append(
            .cleared(
                sold: ExactAmount(trillionths: sold).decimal,
                found: ExactAmount(trillionths: found).decimal
            )
        )
    }

    private mutating func checkClearingIsDone() {
        let lines = Dictionary(
            clearing.lines.values.map { ($0.sale.transaction, $0) },
            uniquingKeysWith: { one, other in one.isCleared ? one : other }
        )
        for sale in ledger.sales.values
        where sale.state == .sold && sale.command.amount.currency == .euro {
            if lines[sale.transaction]?.isCleared != true {
                violations.append(.stillOpen("clearing of \(sale.transaction)"))
            }
        }
        for batch in clearing.closed where batch.isOpen {
            violations.append(.stillOpen("batch \(batch.name.inStory)"))
        }
        for payout in clearing.payouts where payout.state == .instructed {
            violations.append(.stillOpen("payout \(payout.name.reference)"))
        }
        let refunds = [clearing.refundsAtShops, clearing.refundsAtServer].flatMap(\.self)
        for (transaction, refunds) in refunds where refunds.isOpen {
            violations.append(.stillOpen("refund of \(transaction)"))
        }
        for refund in clearing.refunds where !refund.outcome.isFinal {
            violations.append(.stillOpen("refund of \(refund.order.transaction)"))
        }
    }
}

/// A merchant's part of a batch.
private struct BatchShare: Hashable {
    let batch: BatchName
    let merchant: MerchantIdentifier
}

/// What a sale costs, worked out here for itself.
private enum FeeShare {
    /// `gross`: in trillionths. Nothing is rounded: a cent divides by a millionth.
    static func fee(of gross: Int128, _ rule: FeeRule) -> Int128 {
        let share = gross / Int128(FeeRule.rateMax) * Int128(rule.rate)
        return min(gross, max(share, rule.minimum.trillionths))
    }
}
