// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What a server process does. Several roles in one process meet without a socket.
enum Role: String, CaseIterable, ExpressibleByArgument {
    case opalServer = "opal-server"
    case paymentServer = "payment-server"
    case shop
    case console
}
