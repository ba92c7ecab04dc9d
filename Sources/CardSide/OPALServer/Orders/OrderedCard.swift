// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// A card that an issuer wants to be made, as a line of a file says it, whose fields are all right.
package struct OrderedCard: Equatable, Sendable {
    /// Who gets the card, with the address to which the one-time password is mailed.
    struct Holder: Equatable, Sendable {
        let identifier: UserIdentifier
        let email: String
    }

    /// What it may spend, in minor units of the issuer's currency; nil where there is no limit.
    package struct Limits: Equatable, Sendable {
        package var purchase: UInt64?
        package var day: UInt64?
        package var month: UInt64?

        package init(purchase: UInt64? = nil, day: UInt64? = nil, month: UInt64? = nil) {
            self.purchase = purchase
            self.day = day
            self.month = month
        }

        var isNone: Bool { self == Limits() }
    }

    /// Names the order at this OPAL server: it is made once, in whatever file it comes again.
    package let reference: String
    /// Nil for a card without a holder.
    let holder: Holder?
    /// Minor units to load instead of the issuer's setting.
    package let value: UInt64?
    package let limits: Limits

    /// Visible ASCII.
    package static let referenceCharacters = 1...64

    /// Checks the fields, in their order.
    ///
    /// `user`, `email`: both empty for a card without a holder.
    package static func check(
        reference: String,
        user: String,
        email: String,
        value: UInt64?,
        limits: Limits
    ) -> Result<OrderedCard, CardOrderRefusal> {
        guard referenceCharacters.contains(reference.utf8.count),
            reference.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return .failure(.reference) }
        var holder: Holder?
        if !user.isEmpty || !email.isEmpty {
            guard case .good(let identifier) = FieldRules.identifier(user) else {
                return .failure(.user)
            }
            guard case .good(let address) = FieldRules.email(email) else {
                return .failure(.email)
            }
            holder = Holder(identifier: identifier, email: address)
        }
        return .success(
            OrderedCard(reference: reference, holder: holder, value: value, limits: limits)
        )
    }
}

/// Why a card is not made, in order of precedence.
package enum CardOrderRefusal: Error, Equatable, Sendable {
    /// The reference is not 1 to 64 visible characters of ASCII.
    case reference
    /// The user identifier is none, or the e-mail address has no user.
    case user
    case email
    /// The reference names another order: one with another user, value or issuer.
    case referenceUsed
    /// The value is above the issuer's maximum balance.
    case valueTooHigh
    /// Somebody has this user identifier.
    case userTaken
}
