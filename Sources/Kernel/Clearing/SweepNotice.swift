// SPDX-License-Identifier: Apache-2.0

/// What a clearing house is told of value that an issuer has swept from a card to its account of
/// expired value, or given back since (`docs/decisions/0036`): without the card, which is nobody
/// else's business.
package struct SweepNotice: Equatable, Sendable {
    package enum Event: Equatable, Sendable {
        case swept(SweepReason)
        /// The sweep with this number is undone.
        case givenBack(UInt64)
    }

    /// Counts up within one issuer, not without gaps.
    package let number: UInt64
    /// TRX of the sweep, also where it is given back.
    package let transaction: TransactionIdentifier
    package let amount: Money
    package let event: Event

    /// - Returns: nil for no amount, one of points, or a sweep that is given back before it is
    ///   made.
    package init?(
        number: UInt64,
        transaction: TransactionIdentifier,
        amount: Money,
        event: Event
    ) {
        if case .givenBack(let sweep) = event, sweep == 0 || sweep >= number { return nil }
        // Behind the last number there is no place to ask for.
        guard number > 0, number < .max, amount.minorUnits > 0, amount.currency.isMoney else {
            return nil
        }
        self.number = number
        self.transaction = transaction
        self.amount = amount
        self.event = event
    }
}
