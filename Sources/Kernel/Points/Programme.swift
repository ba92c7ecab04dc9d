// SPDX-License-Identifier: Apache-2.0

/// What a loyalty programme and an OPAL server agree on.
package struct Programme: Equatable, Sendable {
    /// Where points are (both embodiments of FIG. 16).
    package enum Home: UInt8, CaseIterable, Sendable {
        /// In a purse of the card: debited with signatures, as money is.
        case card = 1
        /// In the programme's own database: debited there, once the holder is authenticated.
        case database = 2
    }

    /// CURR, 9001…9999: the programme's name in each message.
    package let code: Currency
    /// CEXP of its points.
    package let exponent: Exponent
    /// What people call it; 1 to ``nameBytesMax`` bytes of UTF-8.
    package let name: String
    package let home: Home
    /// BALMAX of a purse of its points.
    package let balanceMax: UInt64
    /// The programme's own web servers 208': they get the member number, and take its points.
    package let sites: [MerchantIdentifier]
    /// Whose purchases earn points.
    package let partners: [MerchantIdentifier]

    package static let nameBytesMax = 60
    /// Of ``sites`` and of ``partners``, each.
    package static let merchantsMax = 256

    /// - Returns: nil where the code is none of a programme, the name is empty, too long or has a
    ///   control character, the maximum is zero, or there are too many merchants.
    package init?(
        code: Currency,
        exponent: Exponent,
        name: String,
        home: Home,
        balanceMax: UInt64,
        sites: [MerchantIdentifier],
        partners: [MerchantIdentifier]
    ) {
        guard code.isProgramme, (1...Programme.nameBytesMax).contains(name.utf8.count),
            name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), balanceMax > 0,
            max(sites.count, partners.count) <= Programme.merchantsMax
        else { return nil }
        self.code = code
        self.exponent = exponent
        self.name = name
        self.home = home
        self.balanceMax = balanceMax
        self.sites = sites
        self.partners = partners
    }

    /// An amount of its points.
    package func points(_ minorUnits: UInt64) -> Money {
        Money(minorUnits: minorUnits, currency: code, exponent: exponent)
    }
}
