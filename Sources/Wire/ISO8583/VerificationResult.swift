// SPDX-License-Identifier: Apache-2.0

/// Sub-element AV of 44: how the billing address compares.
package enum AddressResult: String, CaseIterable, Sendable {
    /// Street and postal code.
    case matches = "Y"
    case streetMatches = "A"
    case postalCodeMatches = "Z"
    case differs = "N"
    /// The issuer knows no address.
    case unavailable = "U"
    case notSupported = "S"
    case tryAgain = "R"
}

/// Sub-element CV of 44: how the CVV2 compares.
package enum CodeResult: String, CaseIterable, Sendable {
    case matches = "M"
    case differs = "N"
    case notProcessed = "P"
    case unavailable = "U"
}
