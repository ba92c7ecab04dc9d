// SPDX-License-Identifier: Apache-2.0

import Gateway
import Kernel
import Records
import SecurityModule
import Simulation
import Testing
import Wire

/// Numbers of funding accounts are forgotten when their time is over, and nothing else is.
@Suite(.timeLimit(.minutes(15))) struct RetentionTests {
    private static let month = Duration.seconds(30 * 24 * 3_600)

    private static func retention(_ world: GatewayWorld) -> AccountRetention {
        AccountRetention(store: world.gatewayStore, seals: world.gatewaySeals)
    }

    /// A load that was authorised, credited and captured.
    private static func ended(_ world: GatewayWorld) async throws -> FundingRequest {
        let request = try world.request()
        _ = try await world.gateway.authorize(request)
        try await world.gateway.complete(request.name)
        try await world.forwardAll()
        return request
    }

    /// The bodies of all authorisations, opened.
    private static func bodies(_ world: GatewayWorld) async throws -> [[UInt8]] {
        var bodies: [[UInt8]] = []
        for record in try await world.gatewayStore.list(
            AuthorizationRecord.kind,
            after: nil,
            limit: 100,
            order: .ascending
        ) {
            bodies.append(
                try await world.gatewaySeals.open(
                    record.body,
                    name: record.sealName,
                    revision: record.revision
                )
            )
        }
        return bodies
    }

    private static func contains(_ bodies: [[UInt8]], _ text: String) -> Bool {
        bodies.contains { body in
            let wanted = Array(text.utf8)
            return body.indices.contains { body[$0...].starts(with: wanted) }
        }
    }

    @Test func `what has ended keeps four digits of its account, and what is open keeps all`()
        async throws
    {
        try await GatewayWorld.run { world in
            let ended = try await Self.ended(world)
            let open = try world.request(account: try GatewayWorld.account(ending: "1234"))
            _ = try await world.gateway.authorize(open)
            let retention = Self.retention(world)
            let limit = world.clock.now.adding(Self.month)
            #expect(try await retention.kept(askedBefore: limit).count == 2)
            #expect(try await retention.kept(askedBefore: limit).due == 1)
            #expect(try await retention.forget(askedBefore: limit) == 1)
            let bodies = try await Self.bodies(world)
            #expect(!Self.contains(bodies, ended.account.digits))
            #expect(Self.contains(bodies, ended.account.lastFour))
            #expect(Self.contains(bodies, open.account.digits))
            #expect(try await retention.kept(askedBefore: limit).count == 1)
            #expect(try await retention.forget(askedBefore: limit) == 0)
            // The one that waited ends as if nothing had been.
            try await world.gateway.complete(open.name)
            try await world.forwardAll()
            let audit = AuthorizationAudit(store: world.gatewayStore, seals: world.gatewaySeals)
            #expect(try await audit.run().findings.isEmpty)
        }
    }

    @Test func `what is younger than the rule stays as it is`() async throws {
        try await GatewayWorld.run { world in
            _ = try await Self.ended(world)
            let before = try await Self.bodies(world)
            let retention = Self.retention(world)
            let limit = world.clock.now.subtracting(Self.month)
            #expect(try await retention.forget(askedBefore: limit) == 0)
            #expect(try await Self.bodies(world) == before)
        }
    }

    @Test func `who asks again after the account is forgotten is answered as before`()
        async throws
    {
        try await GatewayWorld.run { world in
            let request = try await Self.ended(world)
            let before = try await world.gateway.authorize(request)
            try await Self.retention(world).forget(askedBefore: world.clock.now.adding(Self.month))
            #expect(try await world.gateway.authorize(request) == before)
            for body in try await Self.bodies(world) {
                let record = try AuthorizationRecord(body, of: request.name)
                #expect(try record.bytes == body)
                for count in body.indices {
                    #expect(throws: WireFailure.self) {
                        try AuthorizationRecord(Array(body.prefix(count)), of: request.name)
                    }
                }
            }
        }
    }
}
