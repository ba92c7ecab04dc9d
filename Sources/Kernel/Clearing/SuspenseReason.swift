// SPDX-License-Identifier: Apache-2.0

/// Why a sale of a batch is not cleared. It waits in suspense for an operator; the rest clears.
package enum SuspenseReason: Equatable, Sendable {
    /// What the issuer says; never `.proved`.
    case issuer(SaleProof)
    /// The transaction was cleared before, in this batch or another one.
    case alreadyCleared
    /// The security card has used this number for another sale.
    case securityCardNumberUsedTwice
    case unknownMerchant
    /// The merchant has no account in this currency.
    case noAccount
    /// The issuer has no pool in this currency.
    case noPool
    case unknownIssuer
    /// The sale is made at a time at which its batch was closed, or in the future.
    case timeWrong
    /// The key version had ended before.
    case keyVersionEnded

    /// For records and messages.
    package var code: UInt8 {
        switch self {
        case .issuer(let proof): proof.rawValue
        case .alreadyCleared: 0x11
        case .securityCardNumberUsedTwice: 0x12
        case .unknownMerchant: 0x13
        case .noAccount: 0x14
        case .noPool: 0x15
        case .unknownIssuer: 0x16
        case .timeWrong: 0x17
        case .keyVersionEnded: 0x18
        }
    }

    /// - Returns: nil for what is no reason.
    package init?(code: UInt8) {
        switch code {
        case 0x11: self = .alreadyCleared
        case 0x12: self = .securityCardNumberUsedTwice
        case 0x13: self = .unknownMerchant
        case 0x14: self = .noAccount
        case 0x15: self = .noPool
        case 0x16: self = .unknownIssuer
        case 0x17: self = .timeWrong
        case 0x18: self = .keyVersionEnded
        default:
            guard let proof = SaleProof(rawValue: code), proof != .proved else { return nil }
            self = .issuer(proof)
        }
    }
}
