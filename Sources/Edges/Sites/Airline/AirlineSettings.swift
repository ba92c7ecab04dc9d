// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What the airline's site is told by the composition.
package struct AirlineSettings: Sendable {
    package let look: SiteLook
    /// The address of this site without a slash at its end.
    package let address: String
    /// Where order pages post to: the checkout of the card site.
    package let checkoutURL: String
    /// CURR of the programmes of this site, in the order in which they are shown.
    package let programmes: [Currency]
    package let clientAddress: ClientAddress
    /// The scheme, host and port of the checkout, for the policy of the order pages.
    let checkoutOrigin: String
    /// Host and port of the checkout, as the person is told.
    let checkoutHost: String

    package var isSecure: Bool { address.hasPrefix("https://") }

    /// - Returns: nil unless both addresses are `http` or `https` with a host, and all codes are
    ///   those of programmes.
    package init?(
        look: SiteLook = .skylark,
        address: String,
        checkoutURL: String,
        programmes: [Currency],
        clientAddress: ClientAddress = ClientAddress(trustsProxy: false)
    ) {
        guard let checkout = Origin(of: checkoutURL), Origin(of: address)?.text == address,
            programmes.allSatisfy(\.isProgramme)
        else { return nil }
        self.look = look
        self.address = address
        self.checkoutURL = checkoutURL
        self.programmes = programmes
        self.clientAddress = clientAddress
        checkoutOrigin = checkout.text
        checkoutHost = String(checkout.text.drop { $0 != "/" }.dropFirst(2))
    }
}

extension SiteLook {
    /// The airline of the demonstration.
    package static let skylark = SiteLook(
        kind: .airline,
        brand: Brand(name: "Skylark Air", mark: "airline-mark"),
        footer: Footer(text: "Skylark Air, a demonstration airline.")
    )
}
