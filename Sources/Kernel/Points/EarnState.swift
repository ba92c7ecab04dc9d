// SPDX-License-Identifier: Apache-2.0

/// The life of the points of one purchase at the loyalty server.
///
///     unconfirmed ── sold ──▶ confirmed ── pending period over ──▶ due
///         └──────── recovered ──▶ undone
package enum EarnState: UInt8, CaseIterable, Sendable {
    /// The card was debited; the sale has not ended. The points are pending.
    case unconfirmed = 1
    /// Sold, so that the points stay; they are pending still.
    case confirmed = 2
    /// The points are the member's to use.
    case due = 3
    /// The value went back to the card, and the points with it to the programme.
    case undone = 4

    package var isPending: Bool { self == .unconfirmed || self == .confirmed }

    /// The next state, or nil where the event has no place: a repeat, or one that came too late.
    package func next(after event: EarnEvent) -> EarnState? {
        switch (self, event) {
        case (.unconfirmed, .sold): .confirmed
        case (.unconfirmed, .recovered): .undone
        case (.confirmed, .matured): .due
        default: nil
        }
    }

    /// Whether the purchase cannot have had this event: it had the other one.
    package func contradicts(_ event: EarnEvent) -> Bool {
        switch (self, event) {
        case (.confirmed, .recovered), (.due, .recovered), (.undone, .sold): true
        default: false
        }
    }
}

/// What can happen to the points of a purchase.
package enum EarnEvent: CaseIterable, Sendable {
    /// The sale was counted by a security card.
    case sold
    /// The debit was put back onto the card.
    case recovered
    /// The pending period is over.
    case matured
}
