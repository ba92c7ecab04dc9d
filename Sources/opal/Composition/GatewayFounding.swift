// SPDX-License-Identifier: Apache-2.0

import Foundation
import FundingNetwork
import Gateway
import Kernel
import Keys
import RecordsSQLite

/// Makes a payment gateway and a simulated funding network beside the parties that are there. The
/// two share no key, so that each is made by itself where it is missing.
struct GatewayFounding {
    let folder: DataFolder
    let passphrase: String?

    /// 200.00 in the demo's currency.
    static let demoBalance: UInt64 = 200_00

    func run() async throws {
        let founding = PartyFounding(folder: folder, passphrase: passphrase)
        try await founding.make(.gateway) { workshop, _ in
            try await Founding.write(workshop.database(.gateway), GatewayRecords.schema, [])
        }
        try await founding.make(.network, openDemoAccount)
    }

    /// The account of the demo cardholders, and the file to change how the network behaves.
    private func openDemoAccount(_ workshop: DataFolder, _ master: LocalMasterKey) async throws {
        let store = try SQLiteStore(
            path: workshop.database(.network),
            schema: SimulatedNetwork.schema
        )
        let network = NetworkParty.network(store, master, settings: FundingSettings())
        _ = try await network.open(
            try DemoCardholder.networkAccount(opening: Self.demoBalance)
        )
        await store.close()
        let text = Data(NetworkScript.standardText.utf8)
        try text.write(to: URL(fileURLWithPath: workshop.networkBehaviours))
    }
}
