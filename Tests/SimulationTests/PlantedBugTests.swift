// SPDX-License-Identifier: Apache-2.0

#if PLANTED_BUGS
    import Foundation
    import Kernel
    import Simulation
    import Testing

    /// The simulation is only worth something if it finds what is wrong: each bug is planted on
    /// purpose, and a run must find it.
    @Suite struct PlantedBugTests {
        /// A seed whose run finds the bug, and what it finds.
        struct Finding: CustomTestStringConvertible {
            let bug: PlantedBug
            let seed: UInt64
            let violation: String

            var testDescription: String { "\(bug)" }
        }

        static let findings = [
            Finding(bug: .voidAfterSold, seed: 7, violation: "drawAgainstSale"),
            Finding(bug: .deliveryBeforeCheck, seed: 9, violation: "orderWithoutSale"),
            Finding(bug: .numberReused, seed: 2, violation: "numberReused"),
            Finding(bug: .commitAfterReply, seed: 1, violation: "drawAgainstSale"),
            Finding(bug: .drawAfterDebit, seed: 1, violation: "debitWithoutDraw"),
            Finding(bug: .resendNotRepeated, seed: 4, violation: "stillOpen"),
            Finding(bug: .deliveredAgain, seed: 1, violation: "deliveredTwice"),
            Finding(bug: .numberConsumedEarly, seed: 1, violation: "recordDisagrees"),
            Finding(bug: .soldAfterVoid, seed: 23, violation: "openNumbers"),
            Finding(bug: .unknownMeansUnpaid, seed: 1, violation: "orderUnpaidThoughSold"),
            Finding(bug: .pendingToldAsRefused, seed: 1, violation: "toldRefused"),
            Finding(bug: .oneTripGivenUpByTime, seed: 11, violation: "orderWithoutSale"),
            Finding(bug: .notLeftToSecurityCard, seed: 31, violation: "totals"),
            Finding(bug: .numberTakenOver, seed: 85, violation: "totals"),
            Finding(bug: .orderAgedByWallClock, seed: 10, violation: "stillOpen"),
        ]

        private static func report(_ seed: UInt64, with bug: PlantedBug?) async throws -> Run.Report
        {
            try await PlantedBug.$planted.withValue(bug) { try await Run(seed: seed).report() }
        }

        @Test(arguments: findings)
        func `the seed that found a planted bug finds it, and nothing without it`(
            finding: Finding
        ) async throws {
            let planted = try await Self.report(finding.seed, with: finding.bug)
            #expect(planted.violations.contains { "\($0)".contains(finding.violation) })
            let sound = try await Self.report(finding.seed, with: nil)
            #expect(sound.violations.isEmpty, "\(sound)")
        }

        @Test func `every planted bug has a seed that finds it`() {
            #expect(Set(Self.findings.map(\.bug)) == Set(PlantedBug.allCases))
        }

        @Test func `the story of what does not hold is as short as it can be told`() async throws {
            let run = Run(seed: 1)
            let (whole, short) = try await PlantedBug.$planted.withValue(.deliveredAgain) {
                (try await run.report(), try await run.shortest())
            }
            #expect(!short.violations.isEmpty)
            #expect(short.story.count < whole.story.count)
            let again = try await PlantedBug.$planted.withValue(.deliveredAgain) {
                try await short.run.report()
            }
            #expect(again.story == short.story && !again.violations.isEmpty)
            let sound = try await run.shortest()
            #expect(sound.violations.isEmpty)
        }

        /// With `FIND=voidAfterSold` (or `all`) it looks for the first seed that finds the bug; a
        /// new bug's seed is put into the table above.
        @Test(.enabled(if: ProcessInfo.processInfo.environment["FIND"] != nil))
        func `a planted bug is found within two thousand seeds`() async throws {
            let wanted = ProcessInfo.processInfo.environment["FIND"] ?? ""
            for bug in PlantedBug.allCases where wanted == "all" || wanted == bug.rawValue {
                var (seed, found): (UInt64, [Violation]) = (0, [])
                while seed < 2000, found.isEmpty {
                    seed += 1
                    found = try await Self.report(seed, with: bug).violations
                }
                let isKnown = Self.findings.contains { $0.bug == bug && $0.seed == seed }
                #expect(isKnown, "\(bug) is found first by seed \(seed): \(found)")
            }
        }
    }
#endif
