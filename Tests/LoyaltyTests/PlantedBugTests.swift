// SPDX-License-Identifier: Apache-2.0

#if PLANTED_BUGS
    import Kernel
    import LoyaltyServer
    import Records
    import Testing
    import Wire

    /// Each bug is found by a comparison that holds without it.
    @Suite struct PlantedBugTests {
        private let now = LoyaltyWorld.now

        /// What a year of a programme comes to: what the audit finds, and what is on cards beside
        /// what was posted.
        private func year(
            with bug: PlantedBug?
        ) async throws -> (findings: [String], onCards: UInt64, posted: UInt64) {
            let world = try LoyaltyWorld()
            try await PlantedBug.$planted.withValue(bug) {
                try await world.found()
                let member = try await world.enrol()
                let other = try await world.enrol(2, in: world.inDatabase)
                try await world.earn(100, for: member)
                try await world.earn(8, for: other, file: 2)
                try await world.enterNumbers()
                _ = try await world.module.makePostings(now: now)
                world.opalServer.change { $0.losesAnswers = true }
                _ = try await world.module.sendPostings(now: now)
                world.opalServer.change { $0.losesAnswers = false }
                _ = try await world.module.sendPostings(now: now)
                for state in [PurchaseNotice.State.debited, .recovered] {
                    try await world.module.note(world.notice(1, member, state), now: now)
                }
                for state in [PurchaseNotice.State.debited, .sold, .sold] {
                    try await world.module.note(world.notice(2, member, state), now: now)
                }
                let order = LoyaltyWorld.transaction(3)
                _ = try await world.module.debit(300, of: other, for: order, now: now)
            }
            let credited = world.opalServer.credits.reduce(0) { $0 + $1.amount.minorUnits }
            let report = try await world.audit()
            let posted = report.programmes[world.onCards.code]?.posted ?? 0
            return (report.findings.map(\.description), credited, posted)
        }

        @Test func `without a bug nothing is found`() async throws {
            let year = try await year(with: nil)
            #expect(year.findings == [] && year.onCards == 100 && year.posted == 100)
        }

        @Test(arguments: [
            PlantedBug.trancheSpentTwice, .earnCountedTwice, .undoneEarnKept,
        ])
        func `the audit finds it`(bug: PlantedBug) async throws {
            let year = try await year(with: bug)
            #expect(!year.findings.isEmpty)
        }

        @Test func `points that were posted twice are on cards twice`() async throws {
            let year = try await year(with: .postedTwice)
            #expect(year.onCards == 200 && year.posted == 100)
        }
    }
#endif
