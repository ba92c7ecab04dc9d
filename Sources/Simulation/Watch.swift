// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Checks the invariants after each commit of any party, before anybody does anything else.
final class Watch: Sendable {
    private struct State {
        var ledger = Ledger()
        /// How many commits each store had made.
        var commits: [Int]
        var violations: [Violation] = []
    }

    private let world: World
    private let story: Story
    private let stores: [(party: Party, store: FaultyStore)]
    private let state: Mutex<State>

    init(_ world: World, _ story: Story) {
        self.world = world
        self.story = story
        stores = world.stores
        state = Mutex(State(commits: stores.map { _ in -1 }))
    }

    var violations: [Violation] { state.withLock(\.violations) }

    /// To be called between two jobs.
    func look() {
        var changed: Set<Party> = []
        let known: Ledger? = state.withLock { state in
            guard state.violations.isEmpty else { return nil }
            for (index, entry) in stores.enumerated() {
                let commits = entry.store.commitCount
                if state.commits[index] == commits { continue }
                state.commits[index] = commits
                changed.insert(entry.party)
            }
            return changed.isEmpty ? nil : state.ledger
        }
        guard let known else { return }
        let (world, parties) = (world, changed)
        let handedOut = story.handedOut
        let (next, found) = SeededExecutor.doNow {
            var ledger = known
            await ledger.read(world, of: parties)
            return (ledger, Invariants.check(ledger, handedOut: handedOut, isSettled: false))
        }
        state.withLock { state in
            state.ledger = next
            state.violations = found
        }
        if !found.isEmpty { story.add("— this must never be —") }
    }
}
