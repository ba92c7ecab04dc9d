// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Records
import SecurityModule
import Testing
import Wire

/// What both ends keep, inside the seals: it is read as it was written, and nothing else is.
@Suite(.timeLimit(.minutes(15))) struct RecordTests {
    /// Bodies of authorisations in every state.
    private static func authorizations() async throws -> [(AuthorizationName, [UInt8])] {
        try await GatewayWorld.run { world in
            for ending in ["1111", "0002", "9001", "9002", "9004"] {
                let account = try GatewayWorld.account(ending: ending)
                _ = try await world.gateway.authorize(try world.request(account: account))
            }
            world.wire.willMeet(.refuse(.notSent))
            _ = try await world.gateway.authorize(try world.request())
            for isCredited in [true, false] {
                let request = try world.request()
                _ = try await world.gateway.authorize(request)
                if isCredited {
                    try await world.gateway.complete(request.name)
                } else {
                    try await world.gateway.cancel(request.name)
                }
            }
            try await world.gateway.cancel(try world.name())
            _ = try await world.gateway.authorize(try world.request(0))
            var bodies: [(AuthorizationName, [UInt8])] = []
            let kind = AuthorizationRecord.kind
            for record in try await world.gatewayStore.list(
                kind,
                after: nil,
                limit: 100,
                order: .ascending
            ) {
                let body = try await world.gatewaySeals.open(
                    record.body,
                    name: record.sealName,
                    revision: record.revision
                )
                let name = AuthorizationName(record.key.bytes)
                bodies.append((try #require(name), body))
            }
            return bodies
        }
    }

    @Test func `an authorisation is read as it was written, and nothing shorter or longer is`()
        async throws
    {
        let bodies = try await Self.authorizations()
        #expect(bodies.count == 10)
        for (name, body) in bodies {
            #expect(try AuthorizationRecord(body, of: name).bytes == body)
            for count in body.indices {
                #expect(throws: WireFailure.self) {
                    try AuthorizationRecord(Array(body.prefix(count)), of: name)
                }
            }
            #expect(throws: WireFailure.self) {
                try AuthorizationRecord(body + [0], of: name)
            }
        }
    }

    @Test func `a damaged authorisation is another one or a failure, and never a trap`()
        async throws
    {
        for (name, body) in try await Self.authorizations() {
            for position in body.indices {
                for bit in 0..<8 {
                    var damaged = body
                    damaged[position] ^= 1 << UInt8(bit)
                    guard let record = try? AuthorizationRecord(damaged, of: name) else {
                        continue
                    }
                    #expect(try record.bytes == damaged)
                }
            }
        }
    }

    @Test func `an advice is in the record while it is sent, and at no other time`() async throws {
        var states: Set<FundsAuthorizationState> = []
        for (name, body) in try await Self.authorizations() {
            let record = try AuthorizationRecord(body, of: name)
            #expect((record.forwarded != nil) == record.state.isForwarded)
            states.insert(record.state)
            // The state is the second byte.
            for state in FundsAuthorizationState.allCases
            where state.isOpen && state.isForwarded != record.state.isForwarded {
                var damaged = body
                damaged[1] = state.rawValue
                #expect(throws: WireFailure.self) {
                    try AuthorizationRecord(damaged, of: name)
                }
            }
        }
        #expect(
            states == [
                .approved, .declined, .completing, .reversing, .cancelling, .cancelled, .verified,
            ]
        )
    }

    @Test func `a row of the journal is read as it was written`() async throws {
        try await GatewayWorld.run { world in
            let request = try world.request()
            _ = try await world.gateway.authorize(request)
            try await world.gateway.complete(request.name)
            try await world.forwardAll()
            let rows = try await world.gatewayStore.history(
                request.name.bytes,
                after: 0,
                limit: 100
            )
            for row in rows {
                #expect(try AuthorizationStep(row.body).bytes == row.body)
                for count in row.body.indices {
                    #expect(throws: WireFailure.self) {
                        try AuthorizationStep(Array(row.body.prefix(count)))
                    }
                }
            }
            let kinds = try rows.map { try AuthorizationStep($0.body).kind }
            #expect(kinds == [.asked, .approved, .completing, .completed])
        }
    }

    @Test func `a hold is read as it was written, and nothing shorter is`() async throws {
        try await GatewayWorld.run { world in
            let request = try world.request()
            _ = try await world.gateway.authorize(request)
            try await world.gateway.cancel(request.name)
            try await world.forwardAll()
            let records = try await world.networkStore.list(
                HoldRecord.kind,
                after: nil,
                limit: 100,
                order: .ascending
            )
            let record = try #require(records.first)
            let body = try await world.networkSeals.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
            #expect(try HoldRecord(body).bytes == body)
            #expect(try HoldRecord(body).state == .released)
            for count in body.indices {
                #expect(throws: WireFailure.self) { try HoldRecord(Array(body.prefix(count))) }
            }
        }
    }
}
