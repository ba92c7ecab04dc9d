// SPDX-License-Identifier: Apache-2.0

/// The bounds of the shop's site.
package enum ShopLimits {
    /// Orders that one address makes within ``orderWindow``: more than a person, less than a flood,
    /// because each of them stays in the store.
    package static let ordersPerAddress = 60
    package static let orderWindow = Duration.seconds(10 * 60)
    /// Addresses that are counted apart; all others share one count.
    package static let addressesMax = 20_000
    /// How often a pending page asks again, in seconds.
    package static let refreshSeconds = 5
}
