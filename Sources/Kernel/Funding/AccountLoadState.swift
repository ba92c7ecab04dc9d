// SPDX-License-Identifier: Apache-2.0

/// The life of one load from a funding account at the OPAL server. It is remembered before the
/// gateway is asked, because an account may have been charged from then on.
///
///     authorizing ── approved, card credited ──▶ credited ── gateway knows ──▶ completed
///         │ ──────── declined ─────────────────▶ declined
///         │ ──────── reversed by the gateway ──▶ cancelled
///         └───────── given up ─────────────────▶ cancelling ─ gateway knows ─▶ cancelled
///
/// A load that is credited can never be cancelled, one that was given up never be credited.
package enum AccountLoadState: UInt8, CaseIterable, Sendable {
    /// The gateway was asked, or is about to be; the card is not credited. Shown as *pending*.
    case authorizing = 1
    /// The card is credited; the gateway is told until it knows.
    case credited = 2
    /// The card is not credited and never will be; the gateway is told until it knows.
    case cancelling = 3
    /// Credited, and the account is charged.
    case completed = 4
    /// Not credited: the funding network, or the OPAL server before it, said no.
    case declined = 5
    /// Not credited: what was approved is given back.
    case cancelled = 6

    package var isOpen: Bool {
        switch self {
        case .authorizing, .credited, .cancelling: true
        case .completed, .declined, .cancelled: false
        }
    }

    /// Whether the card has the value.
    package var isLoaded: Bool { self == .credited || self == .completed }

    /// The next state, or nil where the event has no place: the caller then looks again.
    package func next(after event: AccountLoadEvent) -> AccountLoadState? {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.creditedAfterGivenUp), event == .credited { return .credited }
        #endif
        return switch (self, event) {
        case (.authorizing, .credited): .credited
        case (.authorizing, .declined): .declined
        case (.authorizing, .reversed): .cancelled
        case (.authorizing, .gaveUp): .cancelling
        case (.credited, .completed): .completed
        case (.cancelling, .reversed): .cancelled
        default: nil
        }
    }
}

/// What can happen to a load from a funding account.
package enum AccountLoadEvent: CaseIterable, Sendable {
    /// The card credited itself.
    case credited
    /// The funding network declined.
    case declined
    /// The gateway has given the authorization back, or will; nothing is charged.
    case reversed
    /// From now on the card will not be credited for this transaction.
    case gaveUp
    /// The gateway knows that the card is credited.
    case completed
}
