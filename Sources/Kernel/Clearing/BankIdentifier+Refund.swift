// SPDX-License-Identifier: Apache-2.0

// IDBANK of refunds: S1 covers it, so that no refund is taken for another one of the same sale, nor
// for a load.
extension BankIdentifier {
    /// The bits without number and BIN: `RF`.
    private static let refund: UInt64 = 0x5246_0000_0000_0000

    /// What comes back from a merchant: `RF`, number of the refund of its sale, two zero bytes,
    /// BIN.
    /// TRX of the load is that of the sale.
    package static func refund(
        _ number: UInt8,
        at issuer: IssuerIdentifier
    ) -> BankIdentifier {
        BankIdentifier(bits: refund | UInt64(number) << 40 | UInt64(issuer.bcd))
    }

    /// Which refund this is; nil where it is none of this issuer.
    package func refundNumber(at issuer: IssuerIdentifier) -> UInt8? {
        let number = UInt8(truncatingIfNeeded: bits >> 40)
        return self == .refund(number, at: issuer) ? number : nil
    }
}
