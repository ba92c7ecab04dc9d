// SPDX-License-Identifier: Apache-2.0

/// Who compares the card's S3 with the expected one: a value of the merchant's agreement.
package enum ComparisonPolicy: UInt8, CaseIterable, Sendable {
    /// FIG. 5: the highest security; the terminal is held until the card has answered.
    case securityCard = 1
    /// FIG. 6: the terminal is released with S2.
    case paymentServer = 2
    /// FIG. 7: one trip between OPAL server and payment server.
    case opalServer = 3
    /// FIG. 7, variation: as above, compared at the client terminal.
    case clientTerminal = 4
    /// FIG. 8: the merchant compares.
    case merchant = 5

    /// The name in commands and configuration.
    package var name: String {
        switch self {
        case .securityCard: "security-card"
        case .paymentServer: "payment-server"
        case .opalServer: "opal-server"
        case .clientTerminal: "client-terminal"
        case .merchant: "merchant"
        }
    }

    /// - Returns: nil where no policy has this name.
    package init?(name: String) {
        guard let policy = ComparisonPolicy.allCases.first(where: { $0.name == name }) else {
            return nil
        }
        self = policy
    }

    /// Whether the security card gives out the S3 that it expects together with S2, so that its
    /// terminal is free at once. What the card answered is brought to it later, to be counted.
    package var releasesTerminalEarly: Bool { self != .securityCard }

    /// Whether the payment server says everything with S2, so that one trip to it leads to the
    /// result (FIGS. 7 and 8). What the card answered is told to it afterwards. It cannot give such
    /// a sale up by itself, because the goods may have been delivered.
    package var isOneTrip: Bool {
        switch self {
        case .securityCard, .paymentServer: false
        case .opalServer, .clientTerminal, .merchant: true
        }
    }
}
