// SPDX-License-Identifier: Apache-2.0

import Foundation
import Simulation

/// Runs the simulation from one seed to another, on all processors: `opal-simulate`, with the
/// settings of `scripts/simulate` in the environment. Ends with 1 if any run shows what must not
/// be.
@main
struct OpalSimulate {
    private static func setting(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func number(_ name: String, _ standard: Int) -> Int {
        guard let text = setting(name) else { return standard }
        guard let number = Int(text), number >= 1 else {
            fail("\(name) is a number from 1, not \(text).")
        }
        return number
    }

    private static func fail(_ reason: String) -> Never {
        FileHandle.standardError.write(Data("opal-simulate: \(reason)\n".utf8))
        exit(2)
    }

    static func main() async throws {
        let first = UInt64(number("SEED", 1))
        let count = UInt64(number("RUNS", 1000))
        let kinds = setting("KINDS") ?? "all"
        guard let kinds = FaultKinds(kinds) else {
            fail("KINDS is all, none, or some of the names in scripts/simulate, not \(kinds).")
        }
        let (steps, faults) = (
            number("STEPS", Run.standardSteps), number("FAULTS", Run.standardFaults)
        )
        var sweep = Sweep(first: first, count: count)
        let workers = UInt64(number("JOBS", ProcessInfo.processInfo.activeProcessorCount))
        try await withThrowingTaskGroup(of: Run.Report.self) { group in
            func start(_ seed: UInt64) {
                group.addTask {
                    // The story of a sound run is told as it is.
                    try await Run(seed: seed, steps: steps, faultsOneIn: faults, kinds: kinds)
                        .shortest()
                }
            }
            var next = first
            while next < first + min(count, workers) {
                start(next)
                next += 1
            }
            while let report = try await group.next() {
                if next < first + count {
                    start(next)
                    next += 1
                }
                sweep.add(report)
            }
        }
        sweep.end()
        if setting("STORY") != nil, let told = sweep.lastStory { Sweep.say(told) }
        exit(sweep.failed.isEmpty ? 0 : 1)
    }
}
