// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Records
import SecurityModule
import Testing
import Wire

/// Account numbers are stored sealed only, a CVV2 not at all, and neither is printed.
@Suite(.timeLimit(.minutes(15))) struct SecrecyTests {
    @Test(arguments: ISODialect.all)
    func `no store holds an account number that can be read, or a CVV2`(
        dialect: ISODialect
    ) async throws {
        try await GatewayWorld.run(dialect: dialect) { world in
            let account = try GatewayWorld.account(ending: "4242")
            for ending in ["credited", "cancelled", "unknown"] {
                let request = try world.request(
                    account: account,
                    address: GatewayWorld.address("98712 Mill", "CB21TN"),
                    code: "7391"
                )
                if ending == "unknown" { world.wire.willMeet(.loseAnswer) }
                _ = try await world.gateway.authorize(request)
                if ending == "credited" {
                    try await world.gateway.complete(request.name)
                } else {
                    try await world.gateway.cancel(request.name)
                }
            }
            try await look(at: world, for: [account.digits, "7391", "98712", "CB21TN"])
            try await world.forwardAll()
            try await look(at: world, for: [account.digits, "7391", "98712", "CB21TN"])
        }
    }

    /// Looks for secrets in every byte that is stored, as characters and as packed digits; for a
    /// CVV2 also inside the seals.
    private func look(at world: GatewayWorld, for secrets: [String]) async throws {
        var stored: [UInt8] = []
        for (store, kinds) in [
            (world.gatewayStore, GatewayRecords.schema.kinds),
            (world.networkStore, SimulatedNetwork.schema.kinds),
        ] {
            for kind in kinds {
                for record in try await store.list(
                    kind,
                    after: nil,
                    limit: 1000,
                    order: .ascending
                ) {
                    stored += record.key.bytes + record.body + record.reply
                    let seals =
                        GatewayRecords.schema.kinds.contains(kind)
                        ? world.gatewaySeals : world.networkSeals
                    let body = try await seals.open(
                        record.body,
                        name: record.sealName,
                        revision: record.revision
                    )
                    for code in ["CV047391", "SN0598712"] {
                        #expect(!body.contains(Array(code.utf8)))
                    }
                }
            }
        }
        for name in try await world.authorizations().keys {
            for row in try await world.gatewayStore.history(name.bytes, after: 0, limit: 100) {
                stored += row.body
            }
        }
        for secret in secrets {
            #expect(!stored.contains(Array(secret.utf8)), "\(secret) is stored")
            // Two packed bytes may stand anywhere in sealed ones by chance.
            if secret.utf8.count > 8, let packed = Hex.bytes(secret) {
                #expect(!stored.contains(packed))
            }
        }
    }

    @Test func `requests, records and failures do not print them`() async throws {
        try await GatewayWorld.run { world in
            let account = try GatewayWorld.account(ending: "4242")
            let request = try world.request(
                account: account,
                address: GatewayWorld.address("98712 Mill", "CB21TN"),
                code: "7391"
            )
            let asked = try await world.gateway.authorize(request)
            let onFile = try #require(try await world.network.account(account))
            var text = ""
            for value in [request, asked, onFile, account, request.code as Any] as [Any] {
                text += "\(value) " + String(reflecting: value)
                dump(value, to: &text)
            }
            for message in world.wire.sent { dump(message, to: &text) }
            for secret in [account.digits, "7391", "98712", "CB21TN"] {
                #expect(!text.contains(secret))
            }
            #expect(text.contains("4242"))
        }
    }
}
