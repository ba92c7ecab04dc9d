// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Checks the invariants after each commit of any party, before anybody does anything else.
final class Watch: Sendable {
    private struct State {
        var ledger = Ledger()
        var commits = 0
        var violations: [Violation] = []
    }

    private let world: World
    private let story: Story
    private let stores: [FaultyStore]
    private let state = Mutex(State())

    init(_ world: World, _ story: Story) {
        self.world = world
        self.story = story
        stores = world.stores.map(\.store)
    }

    var violations: [Violation] { state.withLock(\.violations) }

    /// To be called between two jobs.
    func look() {
        let commits = stores.reduce(0) { $0 + $1.commitCount }
        let known: Ledger? = state.withLock { state in
            guard state.commits != commits, state.violations.isEmpty else { return nil }
            state.commits = commits
            return state.ledger
        }
        guard let known else { return }
        let world = world
        let (next, found) = SeededExecutor.doNow {
            var ledger = known
            await ledger.read(world)
            return (ledger, Invariants.check(ledger, isSettled: false))
        }
        state.withLock { state in
            state.ledger = next
            state.violations = found
        }
        if !found.isEmpty { story.add("— this must never be —") }
    }
}
