// SPDX-License-Identifier: Apache-2.0

/// The bounds of the airline's site.
package enum AirlineLimits {
    /// Sign-ins that one address begins within ``window``: each is an order in the store.
    package static let signInsPerAddress = 60
    /// Redemptions that one card begins within ``window``.
    package static let redemptionsPerCard = 30
    package static let window = Duration.seconds(10 * 60)
    /// Addresses or cards that are counted apart; all others share one count.
    package static let namesMax = 20_000
    /// Pieces that one member has reserved and not paid for: nobody keeps a stock from the others.
    package static let openPerMember = 3
    /// How often a pending page asks again, in seconds.
    package static let refreshSeconds = 5
    /// Rows of the history, and redemptions, on the member's page.
    package static let rowsMax = 25
    /// How long a browser remembers the sign-in that it began, in seconds: as long as that can be
    /// answered.
    package static let proofCookieSeconds = 40 * 60
    /// How long a browser that brought a proof may take to its session.
    package static let arrivalTime = Duration.seconds(5 * 60)
    static let arrivalCookieSeconds = 5 * 60
    /// Proofs that have arrived and opened no session yet.
    package static let arrivalsMax = 100_000
}
