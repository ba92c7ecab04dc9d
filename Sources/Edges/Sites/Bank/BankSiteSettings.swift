// SPDX-License-Identifier: Apache-2.0

/// What the bank's site is told by the composition.
package struct BankSiteSettings: Sendable {
    package let look: SiteLook
    /// Where the inquiry page posts to, and where the load page does, at the card site.
    let inquiryURL: String
    let loadURL: String
    /// Scheme, host and port of the card site, for the policy of both pages.
    let cardOrigin: String
    /// Host and port of the card site, as the person is told.
    let cardHost: String
    package let isSecure: Bool
    package let clientAddress: ClientAddress

    /// - Returns: nil unless both addresses are origins.
    package init?(
        name: String,
        address: String,
        cardOrigin: String,
        clientAddress: ClientAddress = ClientAddress(trustsProxy: false)
    ) {
        guard let card = Origin(of: cardOrigin), card.text == cardOrigin,
            let own = Origin(of: address), own.text == address
        else { return nil }
        look = SiteLook(
            kind: .bank,
            brand: .init(name: name, mark: "bank-mark"),
            footer: .init(text: "\(name), a demonstration bank."),
            money: "Nothing was taken from your account by this."
        )
        inquiryURL = cardOrigin + CardholderSite.inquiryPath
        loadURL = cardOrigin + CardholderSite.loadPath
        self.cardOrigin = card.text
        cardHost = String(card.text.drop { $0 != "/" }.dropFirst(2))
        isSecure = address.hasPrefix("https://")
        self.clientAddress = clientAddress
    }

    /// Where the browser brings a card's information, below the bank's address.
    package static let informationPath = "/load/information"
    /// Where the browser brings a Load Result.
    package static let resultPath = "/load/result"
}
