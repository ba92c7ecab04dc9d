// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kernel
import Simulation
import Testing

/// `docs/FAULTS.md` is made here: every cell comes from a run.
@Suite struct FaultTableTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "docs/FAULTS.md")

    private static let introduction = """
        # One fault, one outcome

        What becomes of a purchase of 1.50 from a card with 100.00 when one thing goes wrong. Every
        cell comes from a run of all parties in one process
        ([FaultTable.swift](../Tests/SimulationTests/FaultTable.swift)), which checks besides that
        no value was made or lost and that everything came to an end.
        `WRITE_FAULTS=1 swift test --filter FaultTableTests` writes this page anew.

        *Card* is what the card says in the end, in minor units; *sale* is the payment server's,
        *order* the shop's. A purchase that is *pending* is never told as a failure: the OPAL server
        asks again until it is paid or the value is back.

        """

    private static func rows(_ policy: ComparisonPolicy) async throws -> [FaultTable.Row] {
        var rows: [FaultTable.Row] = []
        for fault in FaultTable.all {
            // The same order of events each time.
            rows.append(
                try await Run.inOrder(seed: 1) { try await FaultTable(policy: policy).row(fault) }
            )
        }
        return rows
    }

    @Test func `the table of faults says what happens`() async throws {
        var text = Self.introduction
        for (policy, title) in [
            (ComparisonPolicy.securityCard, "The security card compares (FIG. 5)"),
            (.paymentServer, "The payment server compares (FIG. 6)"),
            (.opalServer, "The OPAL server compares (FIG. 7)"),
            (.clientTerminal, "The client terminal compares (FIG. 7, variation)"),
            (.merchant, "The merchant compares (FIG. 8)"),
        ] {
            let rows = try await Self.rows(policy)
            for row in rows { #expect(row.violations.isEmpty, "\(row.fault): \(row.violations)") }
            text += "\n## \(title)\n\n" + FaultTable.text(rows)
        }
        if ProcessInfo.processInfo.environment["WRITE_FAULTS"] != nil {
            try text.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: Self.file, encoding: .utf8)
        #expect(written == text, "docs/FAULTS.md is not what the runs say")
    }

    @Test func `no fault takes value for nothing or gives goods for nothing`() async throws {
        for policy in ComparisonPolicy.allCases {
            for row in try await Self.rows(policy) {
                let isDebited = row.card.hasPrefix("debited once")
                #expect(isDebited == (row.sale == "sold"), "\(row.fault)")
                #expect(isDebited == (row.order == "delivered"), "\(row.fault)")
                if row.inTheEnd == "nothing was taken" { #expect(!isDebited, "\(row.fault)") }
            }
        }
    }
}
