// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// Who the gateway is for the funding network, and what was agreed with it.
package struct GatewayProfile: Sendable {
    package let dialect: ISODialect
    /// Element 32: up to 11 digits.
    package let acquirer: String
    /// The currencies that may be asked for, each with the exponent that the network means.
    package let currencies: [Currency: Exponent]
    /// By what both ends recognise the key that they share, as hexadecimal digits; nil where they
    /// share none.
    package let keyCheckValue: String?
    /// How an address may compare so that the funds are taken.
    package let acceptedAddresses: Set<AddressResult>

    /// All but *differs*: where the issuer knows no address, or half of it, its approval counts.
    package static let usualAddresses = Set(AddressResult.allCases).subtracting([.differs])

    /// - Returns: nil where a text does not fit its element.
    package init?(
        dialect: ISODialect,
        acquirer: String,
        currencies: [Currency: Exponent],
        keyCheckValue: String? = nil,
        acceptedAddresses: Set<AddressResult> = GatewayProfile.usualAddresses
    ) {
        guard !acquirer.isEmpty, !acquirer.hasPrefix("0") else { return nil }
        self.dialect = dialect
        self.acquirer = acquirer
        self.currencies = currencies
        self.keyCheckValue = keyCheckValue
        self.acceptedAddresses = acceptedAddresses
        var message = ISOMessage(.authorizationRequest)
        message[text: .acquirer] = acquirer
        guard (try? dialect.encode(message)) != nil,
            keyCheckValue.map({ (2...16).contains($0.utf8.count) && Hex.bytes($0) != nil }) ?? true
        else { return nil }
    }

    /// Looks whether the network may be asked for an amount.
    func check(_ amount: Money) throws(GatewayFailure) {
        guard currencies[amount.currency] == amount.exponent, !amount.currency.isProgramme else {
            throw .currencyNotTaken
        }
        guard amount.minorUnits <= GatewayLimits.amountMax else { throw .amountTooLarge }
    }
}
