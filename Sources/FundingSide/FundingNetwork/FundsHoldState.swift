// SPDX-License-Identifier: Apache-2.0

/// The life of one transaction at the simulated network.
///
///     0100 ──▶ held ── 0220 ──▶ captured
///       │        └──── 0420 ──▶ released
///       └────▶ declined
///     0420 before its 0100 ──▶ void
package enum FundsHoldState: UInt8, CaseIterable, Sendable {
    case held = 1
    case captured = 2
    case released = 3
    /// Nothing was held.
    case declined = 4
    /// Reversed before it came: whenever it comes, nothing is held.
    case void = 5

    /// Whether it still waits for its advice or its reversal.
    package var isOpen: Bool { self == .held }
}
