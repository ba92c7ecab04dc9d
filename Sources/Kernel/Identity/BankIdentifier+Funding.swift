// SPDX-License-Identifier: Apache-2.0

// IDBANK of loads that no bank has begun. S1 covers it, so that nobody takes one load for another.
extension BankIdentifier {
    /// What a new card begins with, from its issuer: five zero bytes, BIN.
    package static func own(of issuer: IssuerIdentifier) -> BankIdentifier {
        BankIdentifier(bits: UInt64(issuer.bcd))
    }

    /// Loads through the payment gateway, from the account on file: `ACCT`, a zero byte, BIN.
    package static func account(of issuer: IssuerIdentifier) -> BankIdentifier {
        BankIdentifier(bits: 0x4143_4354_0000_0000 | UInt64(issuer.bcd))
    }

    /// The load of a successor with the value of an expired card: `MOVE`, a zero byte, BIN.
    package static func move(within issuer: IssuerIdentifier) -> BankIdentifier {
        BankIdentifier(bits: 0x4D4F_5645_0000_0000 | UInt64(issuer.bcd))
    }
}
