// SPDX-License-Identifier: Apache-2.0

import Foundation
import Simulation

/// What many runs showed, told in the order of their seeds.
struct Sweep {
    private let first: UInt64
    private let count: UInt64
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var lastTold: ContinuousClock.Instant
    /// Runs that ended before one with a lower seed.
    private var early: [UInt64: Run.Report] = [:]
    private var next: UInt64
    private var delivered = 0
    private var loads = LoadLedger.Count()
    /// How many runs came by each thing.
    private var sights: [Sight: Int] = [:]
    private(set) var failed: [UInt64] = []
    private(set) var lastStory: String?

    /// Between two lines about the progress.
    private static let pause = Duration.seconds(10)

    init(first: UInt64, count: UInt64) {
        self.first = first
        self.count = count
        next = first
        start = clock.now
        lastTold = start
    }

    mutating func add(_ report: Run.Report) {
        early[report.run.seed] = report
        while let report = early.removeValue(forKey: next) {
            next += 1
            delivered += report.delivered
            loads = loads + report.loads
            for sight in report.sights { sights[sight, default: 0] += 1 }
            lastStory = report.story.joined(separator: "\n")
            guard !report.violations.isEmpty else { continue }
            failed.append(report.run.seed)
            Sweep.say("FAILED \(report)\n")
        }
        if clock.now - lastTold >= Sweep.pause {
            lastTold = clock.now
            tell()
        }
    }

    func end() {
        tell()
        Sweep.say(
            "  negative results: \(loads.negativeProved) not loaded, "
                + "\(loads.negativeDisproved) loaded though the result said otherwise"
        )
        for sight in Sight.all.sorted(by: { "\($0)" < "\($1)" }) {
            Sweep.say("  \(sight): in \(sights[sight, default: 0]) runs")
        }
        let seeds = failed.map { "SEED=\($0)" }.joined(separator: " ")
        Sweep.say(failed.isEmpty ? "Nothing that must not be." : "Failed: \(seeds)")
    }

    /// At once, also where nobody reads from a terminal.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    private func tell() {
        let done = next - first
        let seconds = (clock.now - start) / .seconds(1)
        let rate = String(format: "%.1f", Double(done) / max(seconds, 0.001))
        Sweep.say(
            "\(done) of \(count) runs, \(delivered) orders handed out, \(loads.loaded) loads, "
                + "\(failed.count) failed; "
                + "\(Int(seconds)) s, \(rate) runs/s"
        )
    }
}
