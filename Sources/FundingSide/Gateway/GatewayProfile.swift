// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// Who the gateway is for the funding network, and what was agreed with it.
package struct GatewayProfile: Sendable {
    package let dialect: ISODialect
    /// Element 32: up to 11 digits.
    package let acquirer: String
    /// Element 41: 8 characters.
    package let terminal: String
    /// Element 42: 15 characters.
    package let merchant: String
    /// Element 43: 40 characters.
    package let location: String
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
        terminal: String,
        merchant: String,
        name: String,
        city: String,
        country: String,
        currencies: [Currency: Exponent],
        keyCheckValue: String? = nil,
        acceptedAddresses: Set<AddressResult> = GatewayProfile.usualAddresses
    ) {
        guard !acquirer.isEmpty, !acquirer.hasPrefix("0"),
            let paddedTerminal = GatewayProfile.padded(terminal, 8),
            let paddedMerchant = GatewayProfile.padded(merchant, 15),
            let paddedName = GatewayProfile.padded(name, 25),
            let paddedCity = GatewayProfile.padded(city, 13),
            let paddedCountry = GatewayProfile.padded(country, 2)
        else { return nil }
        self.dialect = dialect
        self.acquirer = acquirer
        self.terminal = paddedTerminal
        self.merchant = paddedMerchant
        location = paddedName + paddedCity + paddedCountry
        self.currencies = currencies
        self.keyCheckValue = keyCheckValue
        self.acceptedAddresses = acceptedAddresses
        var message = ISOMessage(.authorizationRequest)
        message[text: .acquirer] = acquirer
        message[text: .terminal] = self.terminal
        message[text: .merchant] = self.merchant
        message[text: .merchantLocation] = location
        guard (try? dialect.encode(message)) != nil,
            keyCheckValue.map({ (2...16).contains($0.utf8.count) && Hex.bytes($0) != nil }) ?? true
        else { return nil }
    }

    private static func padded(_ text: String, _ count: Int) -> String? {
        let missing = count - text.utf8.count
        guard (0..<count).contains(missing) else { return nil }
        return text + String(repeating: " ", count: missing)
    }

    /// Element 4 for an amount.
    func amountText(_ amount: Money) throws(GatewayFailure) -> String {
        guard currencies[amount.currency] == amount.exponent, !amount.currency.isProgramme,
            (1...GatewayLimits.amountMax).contains(amount.minorUnits)
        else { throw .amountNotSupported }
        return BCD.digits(BCD.pack(amount.minorUnits), count: 12)
    }
}
