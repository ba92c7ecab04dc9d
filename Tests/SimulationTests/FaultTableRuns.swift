// SPDX-License-Identifier: Apache-2.0

import Records
import Simulation

/// What a table of faults shows of a run: a row, but for its first cell.
protocol FaultOutcome: Hashable, Sendable {
    var cells: [String] { get }
}

/// What is said of a fault in a table. The same thing may go wrong in several places of a message.
struct FaultEntry<Fault: Sendable>: Sendable {
    let name: String
    let faults: [Fault]

    init(_ name: String, _ faults: [Fault]) {
        self.name = name
        self.faults = faults
    }

    init(_ name: String, _ fault: Fault) { self.init(name, [fault]) }
}

struct FaultRow<Outcome: FaultOutcome> {
    let fault: String
    let outcome: Outcome

    var cells: [String] { [fault] + outcome.cells }
}

/// What becomes of something that people do when one thing goes wrong: each row is a run of all
/// parties, or several with the same outcome.
protocol FaultTableRuns: Sendable {
    associatedtype Fault: Sendable
    associatedtype Outcome: FaultOutcome

    static var headers: [String] { get }
    /// A run, and what must not be.
    func trial(_ fault: Fault) async throws -> (outcome: Outcome, problems: [String])
}

extension FaultTableRuns {
    typealias Entry = FaultEntry<Fault>
    typealias Row = FaultRow<Outcome>

    /// The rows of an entry, one for each outcome, and what must not be.
    func rows(_ entry: Entry) async throws -> (rows: [Row], problems: [String]) {
        var outcomes: [(outcome: Outcome, count: Int)] = []
        var problems: [String] = []
        for (place, fault) in entry.faults.enumerated() {
            // The same order of events each time.
            let trial = try await Run.inOrder(seed: 1) { try await self.trial(fault) }
            problems += trial.problems.map { "\(entry.name), \(place + 1): \($0)" }
            if let known = outcomes.firstIndex(where: { $0.outcome == trial.outcome }) {
                outcomes[known].count += 1
            } else {
                outcomes.append((trial.outcome, 1))
            }
        }
        let total = entry.faults.count
        let rows = outcomes.map { outcome, count in
            let share = outcomes.count == 1 ? "" : ", in \(count) of \(total) places"
            return Row(fault: entry.name + share, outcome: outcome)
        }
        return (rows, problems)
    }

    static func text(_ rows: [Row]) -> String {
        let lines = [headers, headers.map { _ in "---" }] + rows.map(\.cells)
        return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }
}

/// What one step of a run's parties, done by themselves, is: how long it takes, and what is done.
struct FaultRounds: Sendable {
    let pause: Duration
    let round: @Sendable (World) async -> Void
    /// Rounds behind the fault, before more time passes.
    let after: Int

    /// How often the parties do what they do by themselves, until a fault has come that meets none
    /// of the steps that somebody waits for.
    private static let roundsMax = 8

    /// Goes on until the fault has come, does `then`, and lets everything work and come to its end.
    ///
    /// - Returns: what must not be.
    func end(_ world: World, _ then: @Sendable (World) async -> Void) async -> [String] {
        for _ in 0..<Self.roundsMax where !world.areFaultsSpent { await pass(world) }
        var problems = world.areFaultsSpent ? [] : ["the fault has not come"]
        await then(world)
        if !world.areFaultsSpent { problems.append("the fault has not come in the end") }
        world.clearFaults()
        for _ in 0..<after { await pass(world) }
        if !(await world.settleAll()) { problems.append("something is still open") }
        return problems
    }

    private func pass(_ world: World) async {
        world.clock.advance(by: pause)
        await round(world)
    }
}

/// A commit of a run: whose, and the how-manieth behind the moment when faults are planned it is.
struct FaultStep: Sendable {
    let name: String
    let party: Party
    let number: Int

    init(_ name: String, _ party: Party, _ number: Int) {
        self.name = name
        self.party = party
        self.number = number
    }

    /// What can go wrong with it: how a row says it, what is done before, and what afterwards.
    typealias Failure = (
        name: String, inject: @Sendable (World) async -> Void, then: @Sendable (World) async -> Void
    )

    /// The commit does not work, or does and nobody learns it.
    var failures: [Failure] {
        let faults: [(what: String, fault: FaultyStore.Fault)] = [
            ("disk full", .refuse(.diskFull)), ("made, but nobody is told", .loseAnswer),
            ("somebody was first", .conflict),
        ]
        return faults.map { what, fault in
            (
                "commit of \(name): \(what)",
                { $0.store(of: party)?.commits.script(fault, at: number) }, { _ in }
            )
        }
    }

    /// The party crashes before or after it, and comes back.
    var crashes: [Failure] {
        let moments: [(word: String, moment: CrashMoment)] = [
            ("before", .before), ("after", .after),
        ]
        return moments.map { word, moment in
            (
                "crash \(word) the commit of \(name)",
                { $0.crash(party, moment, commit: number) }, { await $0.restart(party) }
            )
        }
    }
}
