// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A progress bar on standard error, drawn only where a person looks at it, at every 500th
/// step.
final class ProgressLine: Sendable {
    private struct State {
        var what = ""
        var total = 0
        var done = 0
        var drawn = 0
    }

    private let state = Mutex(State())
    private let isShown: Bool

    private static let width = 30

    init(isShown: Bool = isatty(STDERR_FILENO) == 1) {
        self.isShown = isShown
    }

    func begin(_ what: String, of total: Int) {
        state.withLock { $0 = State(what: what, total: total) }
    }

    /// One more is done.
    @Sendable func step() { step(1) }

    /// So many more are done.
    func step(_ count: Int) {
        guard isShown else { return }
        state.withLock { state in
            state.done += count
            let isDue = state.done == state.total || state.done - state.drawn >= 500
            guard isDue else { return }
            state.drawn = state.done
            let part = state.total == 0 ? 1 : min(1, Double(state.done) / Double(state.total))
            let filled = Int(part * Double(Self.width))
            let bar =
                String(repeating: "█", count: filled)
                + String(repeating: "·", count: Self.width - filled)
            FileHandle.standardError.write(
                Data("\r\(bar) \(state.what) \(state.done) of \(state.total)\u{1B}[K".utf8)
            )
        }
    }

    /// Clears the line.
    func end() {
        guard isShown else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
    }
}
