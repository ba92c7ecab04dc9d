// SPDX-License-Identifier: Apache-2.0

extension BankIdentifier {
    /// IDBANK of swept value that comes back onto a card of its issuer: `SWPT`, a zero byte, BIN.
    /// TRX of the load is that of the sweep, so that it is given back once.
    package static func swept(of issuer: IssuerIdentifier) -> BankIdentifier {
        BankIdentifier(bits: 0x5357_5054_0000_0000 | UInt64(issuer.bcd))
    }
}
