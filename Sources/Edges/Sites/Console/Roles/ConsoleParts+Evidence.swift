// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant

extension ConsoleParts {
    /// The parties of this process that are asked about a disputed sale, and else not seen.
    struct Witnesses: Sendable {
        let payments: Payments?
        let shops: [Shop]
    }

    /// What the evidence of a dispute is read from. An issuer decides by what the other side has on
    /// record of that one sale, and sees nothing else of it.
    func evidence(of sale: Dispute.Sale) -> ConsoleParts {
        let (payments, shops) =
            witnesses.map { ($0.payments, $0.shops) } ?? (self.payments, self.shops)
        return ConsoleParts(
            cardSide: cardSide,
            payments: payments,
            shops: shops.filter { $0.module.profile.merchant == sale.merchant },
            clearing: clearing
        )
    }
}
