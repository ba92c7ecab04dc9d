// SPDX-License-Identifier: Apache-2.0

/// The life of one order at the merchant.
///
///     open ── result: sold ──▶ paid ── handed out ──▶ delivered
///       └── result: refused or void ──▶ unpaid
package enum OrderState: UInt8, CaseIterable, Sendable {
    case open = 1
    case paid = 2
    case delivered = 3
    /// The transaction ended without payment; the order can be paid with a new transaction.
    case unpaid = 4

    /// The next state, or nil where the event changes nothing.
    package func next(after event: OrderEvent) -> OrderState? {
        switch (self, event) {
        case (.open, .result(.sold)): .paid
        case (.open, .result(.refused)), (.open, .result(.void)): .unpaid
        case (.paid, .handedOut): .delivered
        default: nil
        }
    }
}

/// What can happen to an order.
package enum OrderEvent: Sendable {
    /// A Debit Result that was opened and compared with the order.
    case result(SaleOutcome)
    /// The goods were handed out.
    case handedOut
}
