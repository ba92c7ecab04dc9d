// SPDX-License-Identifier: Apache-2.0

import Kernel
import Synchronization
import Wire

/// What the sales of one comparison policy have taken of terminals and trips since the payment
/// server started: what FIGS. 5 to 8 differ in.
package struct PolicyUse: Equatable, Sendable {
    /// Draw requests that S2 was issued for.
    package private(set) var draws: UInt64 = 0
    /// Messages of the OPAL server that were answered until the result was out.
    package private(set) var trips: UInt64 = 0
    /// Messages of the OPAL server afterwards: what became of the debit.
    package private(set) var notices: UInt64 = 0
    /// Exchanges with a terminal while a sale held it.
    package private(set) var exchanges: UInt64 = 0
    /// How long terminals were held.
    package private(set) var held = Duration.zero

    package init() {}

    /// S2 was issued. `held`: how long that took the terminal.
    mutating func draw(held time: Duration) {
        draws += 1
        trips += 1
        exchanges += 1
        held += time
    }

    /// The card's answer was compared, and the result is out with it. `held`: how long the terminal
    /// was held since S2 was issued; nil where it was free.
    mutating func result(held time: Duration?) {
        trips += 1
        guard let time else { return }
        exchanges += 1
        held += time
    }

    /// The card's answer came where the result was out before.
    mutating func notice() { notices += 1 }
}

extension PaymentModule {
    func note(_ policy: ComparisonPolicy, _ event: (inout PolicyUse) -> Void) {
        uses.withLock { event(&$0[policy, default: PolicyUse()]) }
    }

    /// The card's answer was compared.
    func note(_ held: Held) {
        let policy = held.sale.request.terms.policy
        let time: Duration? =
            if policy.releasesTerminalEarly {
                nil
            } else {
                held.drawnAt.map { uptime().since($0) } ?? .zero
            }
        note(policy) { policy.isOneTrip ? $0.notice() : $0.result(held: time) }
    }
}
