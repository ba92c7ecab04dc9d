// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Records
import Synchronization
import Testing
import Wire

@testable import Simulation

/// Nothing leaves before it is durable, and a restart loses nothing.
@Suite(.timeLimit(.minutes(15))) struct DurabilityTests {
    @Test func `each message is durable before it leaves`() async throws {
        try await GatewayWorld.run { world in
            let seen = Mutex<[FundsAuthorizationState?]>([])
            let request = try world.request()
            world.wire.beforeRequest { _ in
                let state = try? await world.authorizations()[request.name]?.state
                seen.withLock { $0.append(state) }
            }
            _ = try await world.gateway.authorize(request)
            try await world.gateway.complete(request.name)
            _ = try await world.gateway.forward(request.name)
            #expect(seen.withLock { $0 } == [.asked, .completing])
        }
    }

    @Test func `what cannot be stored does not leave`() async throws {
        try await GatewayWorld.run { world in
            let store = FaultyStore(world.gatewayStore)
            let gateway = try world.gateway(on: store)
            try await gateway.signOn()
            store.commits.script(.refuse(.diskFull))
            await #expect(throws: GatewayFailure.store(.diskFull)) {
                try await gateway.authorize(try world.request())
            }
            #expect(world.wire.sent(.authorizationRequest).isEmpty)
        }
    }

    @Test func `an approval that could not be stored is reversed`() async throws {
        try await GatewayWorld.run { world in
            let store = FaultyStore(world.gatewayStore)
            let gateway = try world.gateway(on: store)
            try await gateway.signOn()
            let request = try world.request()
            store.commits.script(.refuse(.locked), at: 2)
            await #expect(throws: GatewayFailure.store(.locked)) {
                try await gateway.authorize(request)
            }
            await #expect(throws: GatewayFailure.inProgress) {
                try await gateway.authorize(request)
            }
            await world.pass(.seconds(60))
            await gateway.forwardOpen()
            #expect(try await gateway.authorize(request).state == .reversed)
            #expect(try await world.books().count == [.released: 1])
        }
    }

    @Test func `a commit whose answer was lost is found when the same is asked again`()
        async throws
    {
        try await GatewayWorld.run { world in
            let store = FaultyStore(world.gatewayStore)
            let gateway = try world.gateway(on: store)
            try await gateway.signOn()
            let request = try world.request()
            store.commits.script(.loseAnswer, at: 2)
            await #expect(throws: GatewayFailure.self) { try await gateway.authorize(request) }
            #expect(try await gateway.authorize(request).state == .approved)
            #expect(world.wire.sent(.authorizationRequest).count == 1)
        }
    }

    @Test func `two who ask for one transaction at once make one request`() async throws {
        for seed in UInt64(1)...20 {
            try await GatewayWorld.run(seed: seed) { world in
                let request = try world.request()
                let told = await withTaskGroup(of: FundsAuthorizationState?.self) { group in
                    for _ in 0..<2 {
                        group.addTask {
                            try? await world.gateway.authorize(request).state
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                #expect(told.contains(.approved))
                #expect(world.wire.sent(.authorizationRequest).count == 1)
            }
        }
    }

    @Test func `a request whose answer a restart lost is reversed`() async throws {
        try await GatewayWorld.run { world in
            let request = try world.request(account: try GatewayWorld.account(ending: "9003"))
            let old = world.gateway
            async let lost = try? old.authorize(request)
            await world.pass(.seconds(1))
            world.restartGateway()
            #expect(await lost == nil)
            // It may still be under way at another server on the same database.
            #expect(await world.gateway.forwardOpen().givenUp == 0)
            await world.pass(GatewayLimits.askedTime + .seconds(1))
            #expect(await world.gateway.forwardOpen().givenUp == 1)
            #expect(try await world.gateway.authorize(request).state == .reversed)
            #expect(try await world.books().count == [.released: 1])
        }
    }

    @Test func `advices and reversals are found after a restart, and marked as repeats`()
        async throws
    {
        try await GatewayWorld.run { world in
            let credited = try world.request()
            let cancelled = try world.request()
            for request in [credited, cancelled] { _ = try await world.gateway.authorize(request) }
            try await world.gateway.complete(credited.name)
            try await world.gateway.cancel(cancelled.name)
            world.restartGateway()
            try await world.gateway.signOn()
            #expect(await world.gateway.forwardOpen().acknowledged == 2)
            #expect(world.wire.sent(.clearingAdviceRepeat).count == 1)
            #expect(world.wire.sent(.reversalAdviceRepeat).count == 1)
            #expect(try await world.books().count == [.captured: 1, .released: 1])
        }
    }

    @Test func `what is approved waits for who credits the card, also after a restart`()
        async throws
    {
        try await GatewayWorld.run { world in
            let request = try world.request()
            _ = try await world.gateway.authorize(request)
            world.restartGateway()
            try await world.gateway.signOn()
            await world.pass(.seconds(3600))
            #expect(await world.gateway.forwardOpen().approved == 1)
            #expect(try await world.gateway.authorize(request).state == .approved)
            try await world.gateway.complete(request.name)
            try await world.forwardAll()
            #expect(try await world.books().count == [.captured: 1])
        }
    }

    @Test func `a currency that is not taken any more is captured and released where it was`()
        async throws
    {
        try await GatewayWorld.run { world in
            let (credited, cancelled) = (try world.request(), try world.request())
            for request in [credited, cancelled] { _ = try await world.gateway.authorize(request) }
            world.restartGateway(
                profile: GatewayProfile(
                    dialect: world.dialect,
                    acquirer: GatewayWorld.acquirer,
                    currencies: [:]
                )
            )
            try await world.gateway.signOn()
            await #expect(throws: GatewayFailure.currencyNotTaken) {
                try await world.gateway.authorize(try world.request())
            }
            try await world.gateway.complete(credited.name)
            try await world.gateway.cancel(cancelled.name)
            try await world.forwardAll()
            #expect(try await world.books().count == [.captured: 1, .released: 1])
        }
    }

    @Test func `no number is given twice, also not after a restart`() async throws {
        try await GatewayWorld.run { world in
            for round in 0..<4 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<30 {
                        group.addTask {
                            _ = try await world.gateway.authorize(try world.request(1))
                        }
                    }
                    try await group.waitForAll()
                }
                if round.isMultiple(of: 2) {
                    world.restartGateway()
                    try await world.gateway.signOn()
                }
            }
            let numbers = world.wire.sent.compactMap { $0[text: .traceNumber] }
            #expect(Set(numbers).count == numbers.count)
            let references = world.wire.sent(.authorizationRequest)
                .compactMap { $0[text: .retrievalReference] }
            #expect(Set(references).count == 120)
        }
    }

    @Test func `trace numbers begin again after the last, references later`() {
        #expect(TraceNumber(count: 1).number == "000001")
        #expect(TraceNumber(count: 999_999).number == "999999")
        #expect(TraceNumber(count: 1_000_000).number == "000001")
        #expect(TraceNumber(count: 1_000_000).retrievalReference == "000001000000")
        #expect(TraceNumber(count: 1_000_000_000_001).retrievalReference == "000000000001")
    }

    @Test func `an authorisation that somebody changed is found, and no other is held up`()
        async throws
    {
        try await GatewayWorld.run { world in
            let (changed, other) = (try world.request(), try world.request())
            for request in [changed, other] {
                _ = try await world.gateway.authorize(request)
                try await world.gateway.complete(request.name)
            }
            let key = AuthorizationRecord.key(changed.name)
            let record = try #require(try await world.gatewayStore.read(key))
            var body = record.body
            body[body.count / 2] ^= 1
            let write = RecordWrite.put(
                key,
                expectedRevision: record.revision,
                body: body,
                isOpen: true
            )
            _ = try await world.gatewayStore.commit(Transition(writes: [write]))
            let report = await world.gateway.forwardOpen()
            #expect(report.damaged == 1 && report.acknowledged == 1)
            await #expect(throws: GatewayFailure.damaged) {
                try await world.gateway.complete(changed.name)
            }
            let audit = AuthorizationAudit(store: world.gatewayStore, seals: world.gatewaySeals)
            #expect(try await audit.run().findings.count == 1)
        }
    }
}

extension GatewayWorld {
    /// Another gateway of this world, on a store in which things go wrong.
    func gateway(on store: any RecordStore) throws -> FundingGateway {
        let clock = clock
        let gateway = FundingGateway(
            try #require(GatewayWorld.profile(dialect)),
            store: store,
            seals: gatewaySeals,
            link: wire,
            now: { clock.now }
        )
        wire.connect(gateway: gateway)
        return gateway
    }
}
