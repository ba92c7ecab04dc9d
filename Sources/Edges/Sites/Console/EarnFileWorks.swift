// SPDX-License-Identifier: Apache-2.0

import EarnFiles
package import Foundation
import Kernel
import LoyaltyServer
import Synchronization

/// The earn files that this process receives and applies. What is applied is durable chunk by
/// chunk; a file that stops goes on when it is uploaded again.
package final class EarnFileWorks: Sendable {
    /// Why a file stopped.
    enum Stop: Sendable {
        case failed(LoyaltyFailure)
        case unreadable
        /// The process ends.
        case ended
    }

    private struct State {
        /// Places that are taken, by files that are received or applied.
        var taken = 0
        var isEnding = false
        var tasks: [EarnBatch.Name: Task<Void, Never>] = [:]
        var stops: [EarnBatch.Name: Stop] = [:]
    }

    /// Where received files are kept while they are applied.
    let folder: URL
    private let state = Mutex(State())

    /// - Parameter folder: with room for ``ConsoleLimits/earnFilesAtOnce`` files.
    package init(folder: URL) {
        self.folder = folder
    }

    /// Takes a place for one file.
    ///
    /// - Returns: false where there is none.
    func take() -> Bool {
        state.withLock { state in
            guard !state.isEnding, state.taken < ConsoleLimits.earnFilesAtOnce else {
                return false
            }
            state.taken += 1
            return true
        }
    }

    /// Gives a place back.
    func give() { state.withLock { $0.taken -= 1 } }

    /// Whether a file is under way: here, or, as far as can be seen, in another process.
    func isUnderWay(_ batch: EarnBatch, now: Instant) -> Bool {
        state.withLock { state in
            if state.tasks[batch.name] != nil { return true }
            guard !batch.isWhole, state.stops[batch.name] == nil else { return false }
            let age = now.milliseconds - batch.changedAt.milliseconds
            return (0..<ConsoleLimits.earnFileQuietMilliseconds).contains(age)
        }
    }

    /// Why a file that is not whole and not under way has stopped; nil where it was another process
    /// that began it.
    func stop(of name: EarnBatch.Name) -> Stop? { state.withLock { $0.stops[name] } }

    /// Applies a file in the background. The caller has taken a place, which is given back at the
    /// end; a file that is under way goes on by itself.
    func apply(
        _ file: EarnFile,
        _ begun: EarnBatch,
        _ module: LoyaltyModule,
        now: @escaping @Sendable () -> Instant
    ) {
        state.withLock { state in
            guard !state.isEnding, state.tasks[begun.name] == nil else {
                state.taken -= 1
                return
            }
            state.stops[begun.name] = nil
            state.tasks[begun.name] = Task {
                var stop: Stop?
                do {
                    _ = try await file.apply(begun, module, now: now)
                } catch let failure as LoyaltyFailure {
                    stop = .failed(failure)
                } catch is EarnFileFailure {
                    stop = .unreadable
                } catch {
                    stop = .ended
                }
                end(begun.name, stop)
            }
        }
    }

    private func end(_ name: EarnBatch.Name, _ stop: Stop?) {
        state.withLock { state in
            state.tasks[name] = nil
            state.taken -= 1
            guard let stop else { return }
            if state.stops.count >= ConsoleLimits.earnFilesStoppedMax { state.stops = [:] }
            state.stops[name] = stop
        }
    }

    /// Waits until no file is under way.
    package func settle() async {
        for task in state.withLock({ Array($0.tasks.values) }) { await task.value }
    }

    /// Takes no more files, and stops those under way between two chunks; before the store is
    /// closed.
    package func end() async {
        let tasks = state.withLock { state in
            state.isEnding = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}
