// SPDX-License-Identifier: Apache-2.0

/// Where a dispute stands.
package enum DisputeState: Hashable, Sendable {
    /// 01: the holder has filed it; the clearing house has not taken it to the merchant yet.
    case filed
    /// 02: the merchant is asked.
    case merchantAsked
    /// 03: the merchant has answered; the issuer decides.
    case merchantAnswered
    /// 04: decided for the holder; the charge-back is on its way.
    case decided(ChargeBack)
    /// 05: decided for the holder, and it never comes onto the card so: the issuer decides again.
    case cameToNothing(ChargeBack, RefundRefusal)
    /// 06: it is on the card.
    case refunded(ChargeBack)
    /// 07: decided against the holder.
    case rejected
    /// 08: the holder has taken it back.
    case withdrawn
    /// 09: the merchant has given back all that was paid by refunds of its own.
    case givenBack

    /// Whether nothing changes it any more.
    package var isFinal: Bool {
        switch self {
        case .refunded, .rejected, .withdrawn, .givenBack: true
        default: false
        }
    }

    /// Whether it waits for the decision of the issuer.
    package var isUndecided: Bool {
        switch self {
        case .filed, .merchantAsked, .merchantAnswered, .cameToNothing: true
        default: false
        }
    }

    /// Why the last charge-back came to nothing; nil where none did.
    package var refusal: RefundRefusal? {
        if case .cameToNothing(_, let reason) = self { reason } else { nil }
    }

    /// The charge-back that is on its way, came to nothing, or is on the card.
    package var chargeBack: ChargeBack? {
        switch self {
        case .decided(let back), .cameToNothing(let back, _), .refunded(let back): back
        default: nil
        }
    }
}
