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
        for party in [DataFolder.Party.gateway, .network] where !folder.exists(party) {
            let workshop = DataFolder(folder.path + "/.founding")
            try? FileManager.default.removeItem(atPath: workshop.path)
            try workshop.make()
            try workshop.make(party)
            let master = try KeyFile.create(at: workshop.keyFile(party), passphrase: passphrase)
            // A key without a database is a finding of the audit.
            if party == .network {
                try await openDemoAccount(workshop, master)
            } else {
                try await Founding.write(workshop.database(party), GatewayRecords.schema, [])
            }
            try FileManager.default.moveItem(
                atPath: workshop.folder(party),
                toPath: folder.folder(party)
            )
            try? FileManager.default.removeItem(atPath: workshop.path)
        }
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
