// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// The number of an account at the bank: 1 to 24 of the characters A to Z, 0 to 9 and `-`.
package struct AccountNumber: Hashable, Sendable {
    package static let bytesMax = 24

    package let text: String

    /// - Returns: nil for another length or another character.
    package init?(_ text: String) {
        guard (1...AccountNumber.bytesMax).contains(text.utf8.count),
            text.utf8.allSatisfy(AccountNumber.isOne)
        else { return nil }
        self.text = text
    }

    private init(known text: String) {
        self.text = text
    }

    private static func isOne(_ character: UInt8) -> Bool {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }

    package var bytes: [UInt8] { Array(text.utf8) }

    /// The stream of the account's journal; no transaction has one of this form.
    package var stream: [UInt8] { Array("account ".utf8) + bytes }

    /// The last four characters behind dots, as people see them.
    package var masked: String { "•••• " + text.suffix(4) }

    /// The bank's own account through which money comes in and goes out.
    package static func cash(_ currency: Currency, _ exponent: Exponent) -> AccountNumber {
        AccountNumber(known: "CASH-\(currency.digits)-\(exponent.decimals)")
    }

    /// One part of an issuer's funds pool.
    package static func pool(
        of issuer: IssuerIdentifier,
        _ currency: Currency,
        _ exponent: Exponent,
        part: Int
    ) -> AccountNumber {
        precondition((0..<FundsPool.parts).contains(part))
        let digits = part < 10 ? "0\(part)" : "\(part)"
        return AccountNumber(
            known: "POOL-\(issuer.digits)-\(currency.digits)-\(exponent.decimals)-\(digits)"
        )
    }
}

/// The funds pool of an issuer at the bank: what was loaded onto its cards. It is kept in parts, so
/// that loads at the same moment do not wait for each other; the part follows from the transaction.
package enum FundsPool {
    package static let parts = 16

    /// The part that a load is paid into.
    package static func part(of transaction: TransactionIdentifier) -> Int {
        Int(transaction.low % UInt64(parts))
    }

    /// All parts of an issuer's pool in one currency.
    package static func accounts(
        of issuer: IssuerIdentifier,
        _ currency: Currency,
        _ exponent: Exponent
    ) -> [AccountNumber] {
        (0..<parts).map { AccountNumber.pool(of: issuer, currency, exponent, part: $0) }
    }
}
