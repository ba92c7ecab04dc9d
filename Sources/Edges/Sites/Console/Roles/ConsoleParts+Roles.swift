// SPDX-License-Identifier: Apache-2.0

import Kernel
import Merchant

extension ConsoleParts {
    /// What is there for an operator of this role.
    func visible(to role: OperatorRole) -> ConsoleParts {
        switch role {
        case .everything, .auditor: return self
        case .issuer(let issuer):
            var parts = ConsoleParts(cardSide: cardSide, clearing: clearing)
            parts.cardSide?.issuer = issuer
            parts.clearing?.part = .issuer(issuer)
            parts.witnesses = Witnesses(payments: payments, shops: shops)
            return parts
        case .acquirer:
            guard let payments else { return ConsoleParts() }
            var parts = ConsoleParts(payments: payments, clearing: clearing)
            parts.clearing?.part = .acquirer(payments.acquirer)
            return parts
        case .merchant(let merchant):
            var parts = ConsoleParts(
                shops: shops.filter { $0.module.profile.merchant == merchant },
                clearing: clearing
            )
            parts.clearing?.part = .merchant(merchant)
            return parts
        }
    }
}

extension ConsoleParts.CardSide {
    /// Whether a card is one of those that are seen; one that is not known is none.
    func covers(_ card: CardIdentifier?) -> Bool {
        guard let issuer else { return true }
        return card?.issuer == issuer
    }
}

extension Figures {
    /// What is of a partition: what cannot be told apart is left out.
    func visible(to role: OperatorRole) -> Figures {
        switch role {
        case .everything, .auditor: return self
        case .issuer(let issuer):
            return only([.debited, .putBack, .loaded, .notLoaded], of: issuer.digits)
        case .acquirer: return only([.sold, .givenUp, .declined], of: nil)
        case .merchant: return Figures()
        }
    }
}
