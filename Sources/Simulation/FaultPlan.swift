// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Says which call meets which fault: by its number, or by chance from a seed.
package final class FaultPlan<Fault: Sendable>: Sendable {
    private struct State {
        /// By the number of the call, counted from the first that was ever made.
        var script: [Int: Fault] = [:]
        var faults: [Fault] = []
        var oneIn = 1
        var generator = SplitMix64(seed: 0)
        var calls = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// The `number`-th call from now on, counted from 1, meets this fault.
    package func script(_ fault: Fault, at number: Int = 1) {
        precondition(number >= 1)
        state.withLock { $0.script[$0.calls + number] = fault }
    }

    /// Each of the next `count` calls meets this fault.
    package func script(_ fault: Fault, forNext count: Int) {
        for number in 1...count { script(fault, at: number) }
    }

    /// From now on one call in `oneIn`, on average, meets one of these faults.
    package func chance(_ faults: [Fault], oneIn: Int, seed: UInt64) {
        precondition(!faults.isEmpty && oneIn >= 1)
        state.withLock { state in
            state.faults = faults
            state.oneIn = oneIn
            state.generator = SplitMix64(seed: seed)
        }
    }

    /// No more faults.
    package func clear() {
        state.withLock { state in
            state.script = [:]
            state.faults = []
        }
    }

    /// Whether every fault that was planned for a call has come.
    package var isSpent: Bool { state.withLock(\.script.isEmpty) }

    /// How many calls were made.
    package var calls: Int { state.withLock(\.calls) }

    /// Counts a call.
    ///
    /// - Returns: the fault that it meets.
    func next() -> Fault? {
        state.withLock { state in
            state.calls += 1
            if let fault = state.script.removeValue(forKey: state.calls) { return fault }
            guard !state.faults.isEmpty, state.generator.below(state.oneIn) == 0 else {
                return nil
            }
            return state.faults[state.generator.below(state.faults.count)]
        }
    }
}
