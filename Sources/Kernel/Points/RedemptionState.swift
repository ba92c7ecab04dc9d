// SPDX-License-Identifier: Apache-2.0

/// The life of one redemption at the loyalty server.
///
///     reserved ── paid for ──────────────▶ fulfilled
///       └── came to nothing ──▶ released ──┘ paid for after all
package enum RedemptionState: UInt8, CaseIterable, Sendable {
    /// One piece of the stock is kept for it.
    case reserved = 1
    /// The benefit is the member's; what is handed out is fixed.
    case fulfilled = 2
    /// The piece went back to the stock.
    case released = 3

    /// The next state, or nil where the event changes nothing. A genuine result counts more than a
    /// release, which is only an absence of results.
    package func next(after event: RedemptionEvent) -> RedemptionState? {
        switch (self, event) {
        case (.reserved, .paid), (.released, .paid): .fulfilled
        case (.reserved, .cameToNothing): .released
        default: nil
        }
    }
}

/// What can happen to a redemption.
package enum RedemptionEvent: Sendable {
    /// Its points, and its money where it costs some, were taken.
    case paid
    /// They were not, and will not be.
    case cameToNothing
}
