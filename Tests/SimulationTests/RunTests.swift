// SPDX-License-Identifier: Apache-2.0

import Foundation
import Simulation
import Testing

@Suite struct RunTests {
    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
    }

    /// `SEED` is the first seed and `RUNS` how many follow; a failing run prints its seed.
    static let seeds: [UInt64] = {
        let first = setting("SEED") ?? 1
        return Array(first..<first + max(setting("RUNS") ?? 200, 1))
    }()

    /// `STEPS` in each run, fewer than `make simulate` takes: debug builds are slow. One message in
    /// `FAULTS` meets a fault of the `KINDS`.
    static let steps = Int(setting("STEPS") ?? 24)
    static let faults = Int(max(setting("FAULTS") ?? UInt64(Run.standardFaults), 1))
    static let kinds =
        ProcessInfo.processInfo.environment["KINDS"].flatMap { FaultKinds($0) } ?? .all

    private static func run(_ seed: UInt64) -> Run {
        Run(seed: seed, steps: steps, faultsOneIn: faults, kinds: kinds)
    }

    @Test(arguments: seeds)
    func `whatever fails, no value is made or lost and nothing is delivered twice`(
        seed: UInt64
    ) async throws {
        let run = Self.run(seed)
        guard try await !run.report().violations.isEmpty else { return }
        let story = try await run.shortest()
        Issue.record("\(story)")
    }

    /// Else the test above would show nothing.
    @Test func `runs with faults still deliver`() async throws {
        var delivered = 0
        for seed in UInt64(1)...8 {
            delivered += try await Self.run(seed).report().delivered
        }
        #expect(delivered > 0)
    }

    @Test func `runs have terminals on other hosts that sell`() async throws {
        var counted = 0
        for seed in UInt64(1)...20 {
            counted += try await Self.run(seed).report().countedElsewhere
        }
        #expect(counted > 0)
    }
}
