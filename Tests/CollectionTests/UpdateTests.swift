// SPDX-License-Identifier: Apache-2.0

import ConcentrationPoint
import Kernel
import Records
import Simulation
import Testing
import Wire

/// What is new travels back from the clearing house through the concentration point.
@Suite struct UpdateTests {
    private func updates(_ count: Int) throws -> [SchemeUpdate] {
        let card = try #require(CardIdentifier("6368121221882974"))
        return (0..<count).map { .card(card, isBlocked: $0 % 2 == 0) }
    }

    /// All that a payment server learns that knows this revision.
    private func learn(_ route: Route, after revision: UInt64) async throws -> [SchemeUpdate] {
        var (all, last): ([SchemeUpdate], _) = ([], revision)
        while true {
            guard
                case .updates(let next, let hasMore, let updates) =
                    try await route.ask(.updatesQuestion(after: last))
            else { return all }
            all += updates
            last = next
            if !hasMore { return all }
        }
    }

    @Test func `updates come through once, in their order, also those that come later`()
        async throws
    {
        let (route, updates) = (Route(), try updates(7))
        let point = route.start()
        #expect(try await learn(route, after: 0).isEmpty)
        route.clearingHouse.change { $0.updates = Array(updates.prefix(5)) }
        #expect(try await point.refreshUpdates() == 5)
        #expect(try await point.refreshUpdates() == 0)
        #expect(try await learn(route, after: 0) == Array(updates.prefix(5)))
        #expect(try await learn(route, after: 5).isEmpty)
        route.clearingHouse.change { $0.updates = updates }
        let later = route.start()
        #expect(try await later.refreshUpdates() == 2)
        #expect(try await learn(route, after: 5) == Array(updates.suffix(2)))
        #expect(try await learn(route, after: 99).isEmpty)
    }

    @Test func `who stopped in the midst of a page ends with the same`() async throws {
        let (route, updates) = (Route(), try updates(6))
        route.clearingHouse.change { state in
            state.updates = updates
            state.updatesInOne = 3
        }
        try await route.start().refreshUpdates()
        #expect(try await learn(route, after: 4) == Array(updates.suffix(3)))
        #expect(try await learn(route, after: 3) == Array(updates.suffix(3)))
    }

    @Test func `a lost answer and a clearing house that is away are asked again`() async throws {
        let (route, updates) = (Route(), try updates(3))
        route.clearingHouse.change { $0.updates = updates }
        let point = route.start()
        route.onward.plan.script(.dropResponse)
        #expect(try await point.refreshUpdates() == 0)
        route.clearingHouse.change { $0.isAway = true }
        #expect(try await point.refreshUpdates() == 0)
        route.clearingHouse.change { $0.isAway = false }
        #expect(try await point.refreshUpdates() == 3)
        #expect(try await learn(route, after: 0) == updates)
    }
}
