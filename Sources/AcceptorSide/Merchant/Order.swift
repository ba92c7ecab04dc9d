// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Wire

/// One order as the merchant keeps it: what was bought, on which terms, and how far it has come.
struct Order: Equatable, Sendable {
    /// How far an order has come, with what is known in that state and in no other.
    enum Progress: Equatable, Sendable {
        /// The TSK stays only as long as the page may be shown.
        /// - secondHalf: of a mixed payment.
        case open(SessionKeyText, secondHalf: OrderPage.SecondHalf?)
        case paid(Settlement)
        case delivered(Settlement, at: Instant)
        /// - settlement: nil where the payment server never saw the transaction.
        /// - successor: the order that was made in its place.
        case unpaid(Settlement?, successor: TransactionIdentifier?)
    }

    let receiptKey: ReceiptKey
    /// As it was when it was ordered: what is handed out does not change with the catalogue.
    let article: Article
    let terms: OrderTerms
    let proof: OrderProof
    /// The unpaid order in whose place this one was made.
    let predecessor: TransactionIdentifier?
    var progress: Progress
    /// Number and hash of the last row of the order's journal.
    var lastRow: UInt64 = 0
    var lastHash = [UInt8](repeating: 0, count: Order.hashBytes)

    static let hashBytes = 32

    var transaction: TransactionIdentifier { terms.transaction }

    var state: OrderState {
        switch progress {
        case .open: .open
        case .paid: .paid
        case .delivered: .delivered
        case .unpaid: .unpaid
        }
    }

    var settlement: Settlement? {
        switch progress {
        case .open: nil
        case .paid(let settlement), .delivered(let settlement, _): settlement
        case .unpaid(let settlement, _): settlement
        }
    }

    /// The order after a result (FIG. 11C, step 638), or nil where it can no longer change.
    func settled(_ settlement: Settlement) -> Order? {
        var next = self
        // Given up only because the payment server did not know it: its own result counts more. For
        // a sale the money was taken, and the goods are owed.
        if case .unpaid(nil, let successor) = progress {
            next.progress =
                settlement.outcome == .sold
                ? .paid(settlement) : .unpaid(settlement, successor: successor)
            return next
        }
        switch state.next(after: .result(settlement.outcome)) {
        case .paid: next.progress = .paid(settlement)
        case .unpaid: next.progress = .unpaid(settlement, successor: nil)
        default: return nil
        }
        return next
    }

    /// The order after the payment server has said that it never saw the transaction, and never
    /// will take it; nil where it can no longer change.
    func givenUp() -> Order? {
        guard state.next(after: .result(.void)) == .unpaid else { return nil }
        var next = self
        next.progress = .unpaid(nil, successor: nil)
        return next
    }

    /// The order after its goods were handed out (FIG. 11C, step 640), or nil unless it is paid.
    func delivered(at now: Instant) -> Order? {
        guard state.next(after: .handedOut) == .delivered, case .paid(let settlement) = progress
        else { return nil }
        var next = self
        next.progress = .delivered(settlement, at: now)
        return next
    }

    /// Whether it ended only because the payment server did not know it; a result still counts.
    var isGivenUp: Bool { if case .unpaid(nil, _) = progress { true } else { false } }
}

/// What is shown of an order. It holds neither receipt key nor session key.
package struct OrderView: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    package let state: OrderState
    package let article: Article
    package let amount: Money
    package let madeAt: Instant
    /// Whether it ended only because the payment server did not know it; a result still counts.
    package let isGivenUp: Bool
    /// How the transaction ended, once that is known.
    package let settlement: Settlement?
    package let deliveredAt: Instant?
    /// The order in whose place this one was made, and the one made in its place.
    package let predecessor: TransactionIdentifier?
    package let successor: TransactionIdentifier?

    init(_ order: Order) {
        transaction = order.transaction
        state = order.state
        article = order.article
        amount = order.terms.amount
        madeAt = order.terms.madeAt
        isGivenUp = order.isGivenUp
        settlement = order.settlement
        predecessor = order.predecessor
        if case .delivered(_, let time) = order.progress {
            deliveredAt = time
        } else {
            deliveredAt = nil
        }
        if case .unpaid(_, let next) = order.progress {
            successor = next
        } else {
            successor = nil
        }
    }
}
