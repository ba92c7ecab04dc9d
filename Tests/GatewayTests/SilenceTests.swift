// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import Synchronization
import Testing
import Wire

@testable import Simulation

/// Many loads at once while the network is silent, messages get lost and processes end.
@Suite(.timeLimit(.minutes(15))) struct SilenceTests {
    @Test(arguments: UInt64(1)...10)
    func `a network that is silent for a minute under load loses nothing, and each message counts`(
        seed: UInt64
    ) async throws {
        let dialect: ISODialect = seed.isMultiple(of: 2) ? .ascii1987 : .binary1987
        try await GatewayWorld.run(seed: seed, dialect: dialect) { world in
            let load = GatewayLoad(world)
            async let silence: Void = load.after(.seconds(60)) {
                world.wire.beSilent(for: .seconds(60))
            }
            try await load.run()
            await silence
            let states = try await load.settled()
            // Else the test would show nothing.
            #expect(states[.completed, default: 0] > 20)
            #expect(states[.cancelled, default: 0] + states[.reversed, default: 0] > 20)
        }
    }

    @Test(arguments: UInt64(1)...10)
    func `lost, doubled and delayed messages and restarts lose nothing, and each message counts`(
        seed: UInt64
    ) async throws {
        try await GatewayWorld.run(seed: seed) { world in
            let load = GatewayLoad(world)
            world.wire.faults(oneIn: 4)
            async let restarts: Void = load.restartBothEnds()
            try await load.run()
            await restarts
            world.wire.faults(oneIn: nil)
            let states = try await load.settled()
            #expect(states[.completed, default: 0] > 20)
            #expect(states[.cancelled, default: 0] + states[.reversed, default: 0] > 5)
        }
    }
}

/// People who load cards, an OPAL server that credits them, and rounds of forwarding.
private final class GatewayLoad: Sendable {
    private let world: GatewayWorld
    private let isOver = Mutex(false)
    private let credited = Mutex<Set<AuthorizationName>>([])
    private let begun = Mutex<[FundingRequest]>([])

    /// Virtual time during which loads begin.
    private static let time = Duration.seconds(180)
    private static let loads = 90

    init(_ world: GatewayWorld) {
        self.world = world
    }

    func after(_ time: Duration, _ work: () -> Void) async {
        await world.pass(time)
        work()
    }

    /// All loads, while rounds go on.
    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.keepRounds() }
            await withTaskGroup(of: Void.self) { people in
                for number in 0..<Self.loads { people.addTask { await self.load(number) } }
            }
            isOver.withLock { $0 = true }
        }
    }

    private func keepRounds() async {
        var round = 0
        while !isOver.withLock({ $0 }) {
            await world.pass(.seconds(5))
            if round.isMultiple(of: 3) { await world.gateway.keepSignedOn() }
            round += 1
            await world.gateway.forwardOpen()
        }
    }

    func restartBothEnds() async {
        for _ in 0..<6 {
            await world.pass(.seconds(10 + world.random.below(20)))
            if world.random.isOne(in: 3) {
                world.restartNetwork()
            } else {
                world.restartGateway()
            }
            await world.gateway.keepSignedOn()
        }
    }

    /// One person: the card is credited where the funds are held and the person did not go away.
    private func load(_ number: Int) async {
        let begins = Self.time.milliseconds * Int64(number) / Int64(Self.loads)
        await world.pass(.milliseconds(begins))
        guard let account = try? GatewayWorld.account(ending: "111\(number % 7)"),
            let request = try? world.request(UInt64(100 + number), account: account)
        else { return }
        begun.withLock { $0.append(request) }
        guard let asked = try? await world.gateway.authorize(request), asked.state == .approved
        else { return }
        await world.pass(.milliseconds(world.random.below(2_000)))
        let isCredited = !number.isMultiple(of: 5)
        if isCredited { credited.withLock { _ = $0.insert(request.name) } }
        await end(request.name, isCredited: isCredited)
    }

    /// Tells the gateway, again after a restart, until it has it.
    private func end(_ name: AuthorizationName, isCredited: Bool) async {
        while true {
            do throws(GatewayFailure) {
                if isCredited {
                    try await world.gateway.complete(name)
                } else {
                    try await world.gateway.cancel(name)
                }
                return
            } catch .store, .busy {
                await world.pass(.seconds(1))
            } catch {
                Issue.record("\(name) cannot be ended: \(error)")
                return
            }
        }
    }

    /// Lets the OPAL server look after a crash at what it did not hear of, and rounds go on until
    /// nothing is open. Then the books of both ends must agree to the cent.
    ///
    /// Returns how many authorisations ended in each state.
    func settled() async throws -> [FundsAuthorizationState: Int] {
        // The longest delay of a message is over then.
        await world.pass(.seconds(120))
        await world.gateway.keepSignedOn()
        await world.gateway.forwardOpen()
        let credited = credited.withLock { $0 }
        for (name, authorization) in try await world.authorizations()
        where authorization.state == .approved {
            #expect(!credited.contains(name))
            try await world.gateway.cancel(name)
        }
        try await world.forwardAll()
        let authorizations = try await world.authorizations()
        let books = try await world.books()
        compare(authorizations, books, credited)
        let audit = AuthorizationAudit(store: world.gatewayStore, seals: world.gatewaySeals)
        #expect(try await audit.run().captured(.euro) == books.sum[.captured, default: 0])
        // A card was credited for what was captured, and for nothing else.
        #expect(Set(authorizations.filter { $0.value.state == .completed }.keys) == credited)
        for account in books.accounts {
            let captured = begun.withLock { $0 }
                .filter { $0.account == account.number && credited.contains($0.name) }
                .reduce(0) { $0 + $1.amount.minorUnits }
            #expect(account.captured == captured && account.held == 0)
            #expect(account.available == account.opening - captured)
        }
        return authorizations.values.reduce(into: [:]) { $0[$1.state, default: 0] += 1 }
    }

    /// Each authorisation with its transaction at the network.
    private func compare(
        _ authorizations: [AuthorizationName: Authorization],
        _ books: NetworkAudit.Report,
        _ credited: Set<AuthorizationName>
    ) {
        var states = books.states
        for authorization in authorizations.values {
            let hold = states.removeValue(forKey: authorization.retrievalReference ?? "")
            switch authorization.state {
            case .completed: #expect(hold == .captured)
            case .reversed, .cancelled: #expect([.released, .void, .declined].contains(hold))
            // An answer may be lost, and the network have declined: then nothing was held.
            case .declined: #expect(hold == nil || hold == .declined)
            case .asked, .approved, .completing, .reversing, .cancelling, .verified:
                Issue.record("\(authorization) is still open")
            }
        }
        #expect(states.isEmpty, "the network knows transactions that the gateway does not")
    }
}
