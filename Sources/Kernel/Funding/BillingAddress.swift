// SPDX-License-Identifier: Apache-2.0

/// Where the statements of the funding account go; the funding network compares it (AVS).
package struct BillingAddress: Equatable, Sendable {
    /// One line in UTF-8, with room for every script.
    package static let lineBytesMax = 400

    package let street: String
    package let city: String
    package let postalCode: String
    /// ISO 3166-1, two capitals.
    package let country: String

    package init(street: String, city: String, postalCode: String, country: String) {
        self.street = street
        self.city = city
        self.postalCode = postalCode
        self.country = country
    }
}

extension BillingAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(billing address)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
