// SPDX-License-Identifier: Apache-2.0

/// The refunds of one sale as one party knows them: together they are never above what was paid.
/// Merchant, payment server and issuer each keep one, and decide by it alone.
package struct SaleRefunds: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        package let number: UInt8
        /// In minor units of the sale.
        package let minorUnits: UInt64
        package let askedAt: Instant
        package internal(set) var outcome: RefundOutcome
        /// When the outcome was known here; nil while it is pending.
        package internal(set) var endedAt: Instant?

        package init(
            number: UInt8,
            minorUnits: UInt64,
            askedAt: Instant,
            outcome: RefundOutcome = .pending,
            endedAt: Instant? = nil
        ) {
            self.number = number
            self.minorUnits = minorUnits
            self.askedAt = askedAt
            self.outcome = outcome
            self.endedAt = endedAt
        }
    }

    package let merchant: MerchantIdentifier
    /// What was paid.
    package let paid: Money
    /// In the order in which they came.
    package private(set) var entries: [Entry] = []

    package init(of paid: Money, to merchant: MerchantIdentifier) {
        self.paid = paid
        self.merchant = merchant
    }

    /// As they were stored.
    ///
    /// - Returns: nil where no such refunds can have come about.
    package init?(of paid: Money, to merchant: MerchantIdentifier, _ entries: [Entry]) {
        let numbers = Set(entries.map(\.number))
        self.init(of: paid, to: merchant)
        self.entries = entries
        guard numbers.count == entries.count,
            numbers.allSatisfy(RefundOrder.isNumber),
            entries.allSatisfy({ $0.minorUnits > 0 && $0.outcome.isFinal == ($0.endedAt != nil) }),
            let standing, standing <= paid.minorUnits
        else { return nil }
    }

    package func entry(_ number: UInt8) -> Entry? { entries.first { $0.number == number } }

    /// Whether one of them waits for its outcome.
    package var isOpen: Bool { entries.contains { $0.outcome == .pending } }

    /// Those that wait, in the order in which they came.
    package var open: [Entry] { entries.filter { $0.outcome == .pending } }

    /// What may still be refunded, in minor units.
    package var rest: UInt64 { paid.minorUnits - min(standing ?? .max, paid.minorUnits) }

    /// What the merchant has given back by itself and is on the card, in minor units.
    package var givenByMerchant: UInt64 {
        let own = entries.filter {
            RefundOrder.numbers.contains($0.number) && $0.outcome == .refunded
        }
        // Together they are not above what was paid.
        return own.reduce(0) { $0 + $1.minorUnits }
    }

    /// The next number of a refund that the merchant begins; nil where all are used up.
    package var nextNumber: UInt8? {
        let own = entries.map(\.number).filter(RefundOrder.numbers.contains)
        let next = (own.max() ?? 0) + 1
        return RefundOrder.numbers.contains(next) ? next : nil
    }

    /// Those that are not refused, in minor units; nil where the sum is too large.
    private var standing: UInt64? {
        var sum: UInt64 = 0
        for entry in entries {
            if case .refused = entry.outcome { continue }
            let (next, isTooLarge) = sum.addingReportingOverflow(entry.minorUnits)
            if isTooLarge { return nil }
            sum = next
        }
        return sum
    }

    package func order(
        _ entry: Entry,
        of transaction: TransactionIdentifier
    ) -> RefundOrder? {
        RefundOrder(
            transaction: transaction,
            merchant: merchant,
            number: entry.number,
            amount: Money(
                minorUnits: entry.minorUnits,
                currency: paid.currency,
                exponent: paid.exponent
            )
        )
    }

    /// Why an order cannot be one of these refunds; nil where it can. One that came before is none
    /// of it: ``entry(_:)``.
    package func refusal(of order: RefundOrder) -> RefundRefusal? {
        if order.merchant != merchant { return .otherMerchant }
        if paid.currency.isProgramme { return .notMoney }
        guard order.amount.isComparable(to: paid) else { return .otherCurrency }
        if let known = entry(order.number) {
            return known.minorUnits == order.amount.minorUnits ? nil : .differs
        }
        return order.amount.minorUnits <= rest ? nil : .aboveSale
    }

    /// Adds a refund, which ``refusal(of:)`` has let through, or with the outcome that it is
    /// refused.
    package mutating func add(
        _ order: RefundOrder,
        _ outcome: RefundOutcome = .pending,
        at moment: Instant
    ) {
        precondition(entry(order.number) == nil)
        if case .refused = outcome {} else { precondition(refusal(of: order) == nil) }
        entries.append(
            Entry(
                number: order.number,
                minorUnits: order.amount.minorUnits,
                askedAt: moment,
                outcome: outcome,
                endedAt: outcome.isFinal ? moment : nil
            )
        )
    }

    /// Notes an outcome; of one that has ended before, nothing changes.
    package mutating func end(_ number: UInt8, _ outcome: RefundOutcome, at moment: Instant) {
        guard outcome.isFinal,
            let index = entries.firstIndex(where: {
                $0.number == number && $0.outcome == .pending
            })
        else { return }
        entries[index].outcome = outcome
        entries[index].endedAt = moment
    }
}
