// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What a server process does. Several roles in one process meet without a socket.
enum Role: String, CaseIterable, ExpressibleByArgument {
    case opalServer = "opal-server"
    case paymentServer = "payment-server"
    case shop
    case bank
    case loadServer = "load-server"
    case console
    case terminal
    case concentrator
    /// Concentration point 68.
    case concentrationPoint = "concentration"
    /// The clearing house 110.
    case clearing
    /// The payment gateway.
    case gateway
    /// The simulated funding network.
    case network
    /// The web server 208' of the demo, with its loyalty server.
    case airline

    /// Those that `opal up` runs: everything that one machine needs.
    static let ofOneMachine: Set<Role> = [
        .opalServer, .paymentServer, .concentrationPoint, .clearing, .shop, .bank, .loadServer,
        .gateway, .network, .airline, .console,
    ]
}
