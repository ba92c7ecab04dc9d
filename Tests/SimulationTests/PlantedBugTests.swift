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
            Finding(bug: .voidAfterSold, seed: 3, violation: "drawAgainstSale"),
            Finding(bug: .deliveryBeforeCheck, seed: 3, violation: "orderWithoutSale"),
            Finding(bug: .numberReused, seed: 2, violation: "numberReused"),
            Finding(bug: .commitAfterReply, seed: 2, violation: "drawAgainstSale"),
            Finding(bug: .drawAfterDebit, seed: 1, violation: "creditWithoutLoad"),
            Finding(bug: .resendNotRepeated, seed: 1, violation: "stillOpen"),
            Finding(bug: .deliveredAgain, seed: 2, violation: "deliveredTwice"),
            Finding(bug: .numberConsumedEarly, seed: 1, violation: "card"),
            Finding(bug: .soldAfterVoid, seed: 1, violation: "stillOpen"),
            Finding(bug: .unknownMeansUnpaid, seed: 31, violation: "orderUnpaidThoughSold"),
            Finding(bug: .pendingToldAsRefused, seed: 1, violation: "toldRefused"),
            Finding(bug: .oneTripGivenUpByTime, seed: 9, violation: "orderWithoutSale"),
            Finding(bug: .notLeftToSecurityCard, seed: 5, violation: "totals"),
            Finding(bug: .notComparedBySecurityCard, seed: 1, violation: "saleWithoutDebit"),
            Finding(bug: .notComparedByPaymentServer, seed: 5, violation: "saleWithoutDebit"),
            Finding(bug: .notComparedByOPALServer, seed: 27, violation: "orderWithoutSale"),
            Finding(bug: .notComparedByClientTerminal, seed: 6, violation: "orderWithoutSale"),
            Finding(bug: .notComparedByMerchant, seed: 10, violation: "orderWithoutSale"),
            Finding(bug: .recoveredTwice, seed: 90, violation: "conservation"),
            Finding(bug: .voidCounted, seed: 652, violation: "totals"),
            Finding(bug: .countedVoid, seed: 626, violation: "totals"),
            Finding(bug: .countedAgain, seed: 1, violation: "totals"),
            Finding(bug: .commitAfterReplyAtOPALServer, seed: 6, violation: "orderWithoutSale"),
            Finding(bug: .commitAfterReplyAtMerchant, seed: 9, violation: "handedOutUnrecorded"),
            Finding(bug: .drawnAgain, seed: 4, violation: "openNumbers"),
            Finding(bug: .mailBeforeOutcome, seed: 1, violation: "mailUntrue"),
            Finding(bug: .mailAfterOutcome, seed: 66, violation: "mails"),
            Finding(bug: .numberTakenOver, seed: 85, violation: "totals"),
            Finding(bug: .orderAgedByWallClock, seed: 3, violation: "stillOpen"),
            Finding(bug: .paidBeforeResult, seed: 123, violation: "holdAgainstAuthorization"),
            Finding(bug: .holdReleasedByTime, seed: 6, violation: "holdAgainstAuthorization"),
            Finding(bug: .authorizedAgain, seed: 6, violation: "loadAgainstAuthorization"),
            Finding(bug: .commitAfterReplyAtLoadServer, seed: 63, violation: "loadAgainst"),
            Finding(bug: .creditAnsweredBeforeCommit, seed: 88, violation: "authorizationAgainst"),
            Finding(bug: .negativeBelieved, seed: 1, violation: "authorizationAgainstCard"),
            Finding(bug: .givenUpAfterCredit, seed: 7, violation: "loadAgainstCard"),
            Finding(bug: .loadPendingToldAsRefused, seed: 6, violation: "toldNotLoaded"),
            Finding(bug: .receiptBeforeEnd, seed: 1, violation: "receipts"),
            Finding(bug: .lateApprovalKept, seed: 14, violation: "holdAgainstGateway"),
            Finding(bug: .adviceRenumbered, seed: 13, violation: "sentAgain"),
            Finding(bug: .commitAfterReplyAtGateway, seed: 30, violation: "stillOpen"),
            Finding(bug: .completedBeforeCredit, seed: 13, violation: "accountLoadAgainstGateway"),
            Finding(bug: .cancelledAfterCredit, seed: 198, violation: "accountLoadAgainstGateway"),
            Finding(bug: .creditedAfterGivenUp, seed: 30, violation: "creditedAfterGivenUp"),
            Finding(bug: .occurrenceBegunTwice, seed: 60, violation: "occurrenceTwice"),
            Finding(bug: .trancheSpentTwiceOnCard, seed: 20, violation: "card"),
            Finding(bug: .expiredPointsSpent, seed: 81, violation: "card"),
            Finding(bug: .creditedTwice, seed: 46, violation: "loadedTwice"),
            Finding(bug: .noticeLost, seed: 20, violation: "earnAgainstDraw"),
            Finding(bug: .halfSoldAlone, seed: 20, violation: "halfSoldAlone"),
            Finding(bug: .proofCounted, seed: 20, violation: "totals"),
            Finding(bug: .trancheSpentTwice, seed: 24, violation: "member"),
            Finding(bug: .earnCountedTwice, seed: 28, violation: "member"),
            Finding(bug: .postedTwice, seed: 20, violation: "postingAgainstCard"),
            Finding(bug: .undoneEarnKept, seed: 120, violation: "member"),
            Finding(bug: .batchAppliedTwice, seed: 19, violation: "clearingAccount"),
            Finding(bug: .feeRestLeaks, seed: 19, violation: "books"),
            Finding(bug: .voidCleared, seed: 96, violation: "clearedWithoutSale"),
            Finding(bug: .acknowledgedBeforeCommit, seed: 242, violation: "acknowledged"),
            Finding(bug: .payoutBeforeEntry, seed: 19, violation: "clearingAccount"),
            Finding(bug: .payoutReturnedTwice, seed: 49, violation: "clearingAccount"),
            Finding(bug: .refundCreditedTwice, seed: 110, violation: "refundAgainstCard"),
            Finding(bug: .refundAboveSale, seed: 269, violation: "refundAboveSale"),
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
            let run = Run(seed: 2)
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

        /// With `FIND=voidAfterSold` (or more, with commas between them, or `all`) it looks for the
        /// first seed that finds the bug, and says the line that belongs into the table above.
        @Test(
            .enabled(if: ProcessInfo.processInfo.environment["FIND"] != nil),
            arguments: PlantedBug.allCases
        )
        func `a planted bug is found within two thousand seeds`(bug: PlantedBug) async throws {
            let wanted = ProcessInfo.processInfo.environment["FIND"] ?? ""
            let names = wanted.split(separator: ",").map(String.init)
            guard wanted == "all" || names.contains(bug.rawValue) else { return }
            var (seed, found): (UInt64, [Violation]) = (0, [])
            while seed < 2000, found.isEmpty {
                seed += 1
                found = try await Self.report(seed, with: bug).violations
            }
            let isKnown = Self.findings.contains { $0.bug == bug && $0.seed == seed }
            let (name, first) = (bug.rawValue, found.first.map { "\($0)".prefix { $0 != "(" } })
            #expect(
                isKnown && !found.isEmpty,
                "Finding(bug: .\(name), seed: \(seed), violation: \"\(first ?? "none")\"),"
            )
        }
    }
#endif
