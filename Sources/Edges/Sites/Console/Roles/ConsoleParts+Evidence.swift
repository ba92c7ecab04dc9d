// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant

extension ConsoleParts {
    /// The parties of this process that are asked about a disputed sale.
    struct Witnesses: Sendable {
        let payments: Payments?
        let shops: [Shop]
        let clearing: Clearing?
    }

    /// What the evidence of a dispute is read from. An issuer decides by what the other side has on
    /// record of that one sale, and sees nothing else of it.
    func evidence(of sale: Dispute.Sale) -> ConsoleParts {
        let (payments, shops, clearing) =
            witnesses.map { ($0.payments, $0.shops, $0.clearing) }
            ?? (self.payments, self.shops, self.clearing)
        return ConsoleParts(
            cardSide: cardSide,
            payments: payments,
            shops: shops.filter { $0.module.profile.merchant == sale.merchant },
            clearing: clearing
        )
    }
}
