// SPDX-License-Identifier: Apache-2.0

/// Who has begun a load of a card, as its IDBANK says. Of points the bank is their programme, which
/// is told by the currency.
package enum LoadSource: Equatable, Sendable {
    /// The issuer: what a new card begins with.
    case own
    /// The holder or a standing order, from the account on file.
    case account
    /// The renewal of an expired card.
    case move
    /// The issuer, who gives back what nobody had used.
    case swept
    /// A merchant or the issuer, with the refund of a sale of this number.
    case refund(UInt8)
    /// All others.
    case bank
}

extension BankIdentifier {
    /// Whose load onto a card of this issuer it is.
    package func source(at issuer: IssuerIdentifier) -> LoadSource {
        switch self {
        case .own(of: issuer): .own
        case .account(of: issuer): .account
        case .move(within: issuer): .move
        case .swept(of: issuer): .swept
        default: refundNumber(at: issuer).map { .refund($0) } ?? .bank
        }
    }
}
