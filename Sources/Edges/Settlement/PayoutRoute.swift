// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel

/// With which message a payout goes out.
enum PayoutRoute: Equatable {
    /// pacs.009: an institution for itself, an acquirer with a BIC.
    case institution
    /// pacs.008: a customer of another institution; its BIC.
    case customer(String)
    /// pain.001: whoever the clearing house's own bank is to pay, because the payee's institution
    /// is not known, is that bank itself, or the clearing house has no BIC.
    case bank

    /// - Parameters:
    ///   - payout: as it is on record.
    ///   - unit: of its currency, with the clearing house's own account as it was when the payout
    ///     was made: whenever its file is written, it goes out with the same message.
    init(_ payout: Payout, from unit: SettlementRun.Unit) {
        guard let own = unit.account.bic, let other = payout.payee.bic else {
            self = .bank
            return
        }
        if case .acquirer = payout.account.owner {
            self = .institution
        } else if PayoutRoute.institution(own) == PayoutRoute.institution(other) {
            self = .bank
        } else {
            self = .customer(other)
        }
    }

    /// Institution, country and place of a BIC (ISO 9362), without the branch.
    private static func institution(_ bic: String) -> Substring { bic.prefix(8) }
}
