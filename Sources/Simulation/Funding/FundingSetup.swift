// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
package import OPALServer
import SecurityModule
import Wire

/// What the OPAL server has for loads from accounts on file, in one life of its.
struct FundingSetup: Sendable {
    let users: UserDirectory
    let loads: AccountLoads
    let orders: StandingOrders

    /// The least that is loaded, in minor units.
    static let minimum: UInt64 = 100

    init(
        _ users: UserDirectory,
        _ desk: CardDesk,
        _ emulator: Emulator,
        _ module: SoftwareModule,
        _ link: any Link,
        _ fates: Fates
    ) {
        var loads = AccountLoads(
            users: users,
            desk: desk,
            emulator: emulator,
            module: module,
            gateway: link,
            settings: .init(minimum: Self.minimum, menu: [], acceptor: Self.acceptor),
            now: { fates.now(of: .opalServer) }
        )
        loads.uptime = { Uptime(fates.clock.now) }
        self.users = users
        self.loads = loads
        orders = StandingOrders(loads: loads, guardians: Guardians(users: users, desk: desk))
    }

    private static let acceptor: CardAcceptor = {
        guard let merchant = MerchantIdentifier("HARBOUR-LOADS"),
            let acceptor = CardAcceptor(
                terminal: "OPAL0001",
                merchant: merchant,
                name: "Harbour Bank cards",
                city: "Springfield",
                country: "US"
            )
        else { preconditionFailure("It is well formed.") }
        return acceptor
    }()
}

/// Somebody with a card that is loaded from an account on file: their own, or their guardian's.
package struct Payer: Sendable {
    package let key: UserKey
    /// The place of the card in the world.
    package let card: Int
}

/// Who can load from accounts in a ``World``.
package struct Family: Sendable {
    /// With accounts, each with a card; the first is the guardian.
    package let payers: [Payer]
    /// Of the first.
    package let child: Payer
}
