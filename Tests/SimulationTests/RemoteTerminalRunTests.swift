// SPDX-License-Identifier: Apache-2.0

import Simulation
import Testing

/// The same runs with terminals on other hosts, whose links and stores fail and which drop out.
@Suite struct RemoteTerminalRunTests {
    @Test(arguments: RunTests.seeds)
    func `whatever fails between payment server and terminals, no value is made or lost`(
        seed: UInt64
    ) async throws {
        let run = Run(
            seed: seed,
            steps: RunTests.steps,
            faultsOneIn: RunTests.faults,
            remoteTerminals: 1 + Int(seed % 3)
        )
        guard try await !run.report().violations.isEmpty else { return }
        let story = try await run.shortest()
        Issue.record("\(story)")
    }
}
