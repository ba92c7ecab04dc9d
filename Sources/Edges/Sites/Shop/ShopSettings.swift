// SPDX-License-Identifier: Apache-2.0

/// What the shop's site is told by the composition.
package struct ShopSettings: Sendable {
    package let look: SiteLook
    /// The address of this site without a slash at its end, for instance `https://press.example`.
    package let address: String
    /// Where the order page posts to: the checkout of the card site.
    package let checkoutURL: String
    /// The scheme, host and port of the checkout, for the policy of the order page.
    let checkoutOrigin: String
    /// Host and port of the checkout, as the person is told.
    let checkoutHost: String
    package let clientAddress: ClientAddress
    /// Where the payment server takes messages from client terminals with a card in a reader; nil
    /// where it takes none.
    package let clientTerminalsURL: String?

    package var isSecure: Bool { address.hasPrefix("https://") }

    /// - Returns: nil unless all addresses are `http` or `https` with a host.
    package init?(
        look: SiteLook = .farthingPress,
        address: String,
        checkoutURL: String,
        clientAddress: ClientAddress = ClientAddress(trustsProxy: false),
        clientTerminalsURL: String? = nil
    ) {
        guard let checkout = Origin(of: checkoutURL), Origin(of: address)?.text == address else {
            return nil
        }
        if let clientTerminalsURL, Origin(of: clientTerminalsURL)?.text != clientTerminalsURL {
            return nil
        }
        self.look = look
        self.address = address
        self.checkoutURL = checkoutURL
        checkoutOrigin = checkout.text
        checkoutHost = String(checkout.text.drop { $0 != "/" }.dropFirst(2))
        self.clientAddress = clientAddress
        self.clientTerminalsURL = clientTerminalsURL
    }
}

extension SiteLook {
    /// The shop of the demonstration. Error pages keep their own words about the money: a shop
    /// must not say "nothing was taken" of a payment that it has not heard the end of.
    package static let farthingPress = SiteLook(
        kind: .shop,
        brand: Brand(name: "Farthing Press", mark: "press-mark"),
        footer: Footer(text: "Farthing Press, a demonstration shop.")
    )
}
