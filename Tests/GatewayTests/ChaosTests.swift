// SPDX-License-Identifier: Apache-2.0

import FundingNetwork
import Gateway
import Kernel
import OPALServer
import Synchronization
import Testing
import Wire

@testable import Simulation

/// People load cards while messages on both links are lost, doubled and late, and all three parties
/// end and begin again at any moment. Then every cent is counted.
@Suite(.timeLimit(.minutes(15))) struct ChaosTests {
    @Test(arguments: UInt64(1)...12)
    func `whatever is lost, doubled, late or restarted, what is charged is what cards have`(
        seed: UInt64
    ) async throws {
        let ends = try await LoadWorld.run(seed: seed) { world in
            let chaos = Chaos(world)
            try await chaos.run(seed: seed)
            world.link.heal()
            world.funds.wire.faults(oneIn: nil)
            // The last message that is late has come then.
            await world.funds.pass(.seconds(180))
            try await world.settle()
            try await world.expectBalance()
            try await chaos.expectTruth()
            return try await world.cards().accountLoads.values.map(\.state)
        }
        // Else the test would show nothing.
        #expect(ends.count > 30)
        #expect(ends.count { $0 == .completed } > 5)
        #expect(ends.count { $0 == .cancelled } > 2)
    }
}

/// What happens in one run.
private final class Chaos: Sendable {
    private let world: LoadWorld
    private let isOver = Mutex(false)
    /// What people were told.
    private let told = Mutex<[(AccountLoadRequest, AccountLoadOutcome)]>([])

    /// Virtual time during which loads begin.
    private static let time = Duration.seconds(900)
    private static let loads = 48
    private static let restarts = 16
    /// Two whose account does as it should, and others.
    private static let endings = ["1111", "2222", "9003", "9005", "9006", "9001"]

    init(_ world: LoadWorld) {
        self.world = world
    }

    func run(seed: UInt64) async throws {
        var people: [LoadWorld.Person] = []
        for (number, ending) in Self.endings.enumerated() {
            people.append(try await world.person("person-\(number)", ending: ending))
        }
        let everybody = people
        world.link.plan.chance(
            [
                .refuse(.notSent), .refuse(.broken), .dropRequest, .dropResponse, .duplicate, .late,
                .delay(request: .seconds(12), response: .zero),
                .delay(request: .zero, response: .seconds(20)), .again(after: .seconds(40)),
            ],
            oneIn: 4,
            seed: seed
        )
        world.funds.wire.faults(oneIn: 4)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.keepRounds() }
            group.addTask { await self.restartAll() }
            await withTaskGroup(of: Void.self) { loads in
                for number in 0..<Self.loads {
                    loads.addTask { await self.load(number, everybody) }
                }
            }
            isOver.withLock { $0 = true }
        }
    }

    /// One person loads, and clicks again after a while.
    private func load(_ number: Int, _ people: [LoadWorld.Person]) async {
        let begins = Self.time.milliseconds * Int64(number) / Int64(Self.loads)
        await world.funds.pass(.milliseconds(begins + Int64(world.random.below(20_000))))
        let favourite = number.isMultiple(of: 2) ? number / 2 % 2 : number % people.count
        let request = world.request(UInt64(100 + number), by: people[favourite])
        for _ in 0..<2 {
            let outcome = await world.loads.begin(request)
            told.withLock { $0.append((request, outcome)) }
            await world.funds.pass(.seconds(world.random.below(90)))
        }
    }

    private func keepRounds() async {
        var round = 0
        while !isOver.withLock({ $0 }) {
            await world.funds.pass(.seconds(5))
            if round.isMultiple(of: 3) { await world.funds.gateway.keepSignedOn() }
            round += 1
            await world.loads.settleOpen(olderThan: .seconds(20))
            await world.funds.gateway.forwardOpen()
        }
    }

    private func restartAll() async {
        for _ in 0..<Self.restarts {
            await world.funds.pass(.seconds(20 + world.random.below(60)))
            switch world.random.below(4) {
            case 0: world.funds.restartNetwork()
            case 1: world.restart()
            default:
                world.funds.restartGateway()
                await world.funds.gateway.keepSignedOn()
            }
        }
    }

    /// Nobody was told what is not true: who has a receipt has the value, who has a refusal has
    /// not.
    func expectTruth() async throws {
        let credits = try await world.cards().accountCredits
        for (request, outcome) in told.withLock({ $0 }) {
            switch outcome {
            case .loaded: #expect(credits[request.transaction] != nil)
            // What became of it was not known where the process ended.
            case .refused(.storeUnavailable), .pending, .throttled: break
            case .refused: #expect(credits[request.transaction] == nil)
            }
        }
    }
}
