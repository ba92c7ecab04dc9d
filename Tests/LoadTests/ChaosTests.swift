// SPDX-License-Identifier: Apache-2.0

import Bank
import Kernel
import OPALServer
import Records
import SecurityModule
import Simulation
import Synchronization
import Testing
import Wire

/// People load and spend at the same time while everything fails by chance; then the faults stop,
/// and every cent must be where somebody was told that it is.
@Suite struct ChaosTests {
    /// What somebody was told of a load.
    private final class Told: Sendable {
        private let outcomes = Mutex<[TransactionIdentifier: [CardLoadOutcome]]>([:])

        func note(_ outcome: CardLoadOutcome, of page: LoadPage) {
            outcomes.withLock { $0[page.terms.transaction, default: []].append(outcome) }
        }

        var all: [TransactionIdentifier: [CardLoadOutcome]] { outcomes.withLock { $0 } }
    }

    private func fail(_ world: LoadWorld, _ seed: UInt64) {
        let messages: [FaultyLink.Fault] = [
            .refuse(.notSent), .dropRequest, .dropResponse, .duplicate, .late,
            .alterRequestBit(seed &* 7_919), .alterResponseBit(seed &* 104_729),
        ]
        world.link.plan.chance(messages, oneIn: 4, seed: seed)
        world.bankLink.plan.chance(messages, oneIn: 4, seed: seed &+ 1)
        let commits: [FaultyStore.Fault] = [
            .refuse(.diskFull), .refuse(.locked), .refuse(.unavailable("chance")), .loseAnswer,
            .conflict,
        ]
        for (index, store) in [world.opalStore, world.loadStore, world.bankStore].enumerated() {
            store.commits.chance(commits, oneIn: 7, seed: seed &+ 10 &+ UInt64(index))
            store.reads.chance([.unavailable("chance")], oneIn: 25, seed: seed &+ 20)
        }
    }

    /// A person who loads a few times, clicks twice, comes back, or goes away.
    private func person(
        _ card: Int,
        _ random: SeededRandom,
        _ world: LoadWorld,
        _ told: Told
    ) async {
        for _ in 0..<6 {
            guard let page = await begin(card, random, world) else { continue }
            for _ in 0...random.below(3) {
                let outcome =
                    random.isOne(in: 8)
                    ? await world.loads.decline(page, for: world.cards[card])
                    : await world.load(page, card)
                told.note(outcome, of: page)
                if !outcome.forBank.isEmpty, !random.isOne(in: 4) {
                    _ = try? await world.bring(outcome, page)
                }
            }
            for _ in 0..<random.below(3) { await world.spendIfPossible(1, card) }
            if random.isOne(in: 4) { await world.tidy() }
            switch random.below(16) {
            case 0: world.restartOPALServer()
            case 1: world.restartLoadServer()
            case 2: world.restartBank()
            case 3: world.clock.advance(by: .seconds(60 * (1 + random.below(40))))
            case 4: try? await world.setBlocked(true, card)
            case 5: try? await world.setBlocked(false, card)
            default: break
            }
        }
    }

    private func begin(
        _ card: Int,
        _ random: SeededRandom,
        _ world: LoadWorld
    ) async -> LoadPage? {
        for _ in 0..<6 {
            let amount = 500 + UInt64(random.below(900))
            if let page = try? await world.begin(amount, card) { return page }
        }
        return nil
    }

    @Test(arguments: 1...12)
    func `whatever fails, every load ends as somebody was told, to the cent`(
        _ seed: Int
    ) async throws {
        let world = try await LoadWorld([1_000, 1_000, 1_000], seed: UInt64(seed))
        let told = Told()
        fail(world, UInt64(seed))
        await withTaskGroup(of: Void.self) { group in
            for person in 0..<6 {
                let random = SeededRandom(seed: UInt64(seed * 100 + person))
                group.addTask { await self.person(person % 3, random, world, told) }
            }
        }
        // Some cards stay blocked.
        try await world.expectSound()
        let credits = try await world.cardReport().credits
        for (transaction, outcomes) in told.all {
            let credit = credits[LoadWorld.credit(transaction)]
            for outcome in outcomes {
                switch outcome {
                case .loaded: #expect(credit != nil, "told loaded, is not")
                // Nothing was begun: the same page may be tried again.
                case .refused(_, nil): break
                case .refused(let refusal, _):
                    #expect(credit == nil, "told not loaded, is: \(refusal)")
                case .pending: break
                }
            }
        }
    }
}

extension LoadWorld {
    /// A purchase that may come to nothing.
    func spendIfPossible(_ minorUnits: UInt64, _ card: Int) async {
        _ = try? await spending(minorUnits, card)
    }
}
