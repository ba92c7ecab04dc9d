// SPDX-License-Identifier: Apache-2.0

import GRDB
import Records
import Synchronization

/// Commits transitions in groups: what waits while one flush runs shares the next one.
///
/// Nothing is timed. The first transition that comes wakes the writing connection's queue, which
/// takes whatever waits by then; so a lone caller waits for its own flush only, and a group grows
/// with the load.
final class GroupWriter: Sendable {
    static let closed = StoreFailure.unavailable("the store is closed")

    private typealias Answer = Result<CommitOutcome, StoreFailure>

    private struct Waiting {
        let transition: Transition
        let caller: CheckedContinuation<Answer, Never>
    }

    private struct State {
        var waiting: [Waiting] = []
        /// Whether the connection's queue has been woken and will look at `waiting` again.
        var isAwake = false
        /// Why nothing is taken any more.
        var refusal: StoreFailure?
        var isClosing = false
    }

    /// How a transition went within its group.
    private enum Step {
        case written
        case conflict
        /// A later part of it conflicts with what is stored, an earlier part is written already.
        case conflictHalfway
    }

    /// The group holds a transition that conflicts halfway, and no savepoint to undo it alone.
    private struct ConflictHalfway: Error {}

    private let connection: DatabaseQueue
    private let layout: StoreLayout
    private let readers: ReaderPool
    private let state = Mutex(State())

    init(_ connection: DatabaseQueue, layout: StoreLayout, readers: ReaderPool) {
        self.connection = connection
        self.layout = layout
        self.readers = readers
    }

    func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        let answer = await withCheckedContinuation { caller in
            submit(Waiting(transition: transition, caller: caller))
        }
        return try answer.get()
    }

    /// Commits what waits, copies the log into the database and closes the connection.
    func close() async {
        let isFirst = state.withLock { state in
            defer { state.isClosing = true }
            state.refusal = Self.closed
            return !state.isClosing
        }
        guard isFirst else { return }
        await withCheckedContinuation { caller in
            connection.asyncWriteWithoutTransaction { db in
                while self.writeGroup(on: db) {}
                // Another program may be reading the log; it is then copied at the next start.
                try? db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
                caller.resume()
            }
        }
        try? connection.close()
    }

    private func submit(_ waiting: Waiting) {
        let (refusal, mustWake) = state.withLock { state -> (StoreFailure?, Bool) in
            if let refusal = state.refusal { return (refusal, false) }
            if state.waiting.count >= SQLiteLimits.waitingMax {
                return (.unavailable("too many transitions wait for the disk"), false)
            }
            state.waiting.append(waiting)
            defer { state.isAwake = true }
            return (nil, !state.isAwake)
        }
        if let refusal { waiting.caller.resume(returning: .failure(refusal)) }
        if mustWake { wake() }
    }

    /// Has one group written. A block for each group, not a loop, lets other users of the
    /// connection in between groups.
    private func wake() {
        connection.asyncWriteWithoutTransaction { db in
            if self.writeGroup(on: db) { self.wake() }
        }
    }

    /// Writes and answers one group.
    ///
    /// - Returns: Whether there may be another one; if not, the next caller wakes the queue.
    private func writeGroup(on db: Database) -> Bool {
        let group = state.withLock { state in
            let group = Array(state.waiting.prefix(RecordLimits.groupMax))
            state.waiting.removeFirst(group.count)
            return group
        }
        if !group.isEmpty {
            let answers = commit(group.map(\.transition), on: db)
            for (waiting, answer) in zip(group, answers) {
                waiting.caller.resume(returning: answer)
            }
        }
        return state.withLock { state in
            state.isAwake = !state.waiting.isEmpty
            return state.isAwake
        }
    }

    private func commit(_ group: [Transition], on db: Database) -> [Answer] {
        do {
            do {
                return try write(group, withSavepoints: false, on: db).map { .success($0) }
            } catch is ConflictHalfway {
                // Rare; to do this group twice costs less than savepoints in every group.
                try Self.run("ROLLBACK", on: db)
                return try write(group, withSavepoints: true, on: db).map { .success($0) }
            }
        } catch {
            let failure = StoreFailure(error, on: db)
            // SQLite itself rolls back after some failures.
            if db.isInsideTransaction { try? Self.run("ROLLBACK", on: db) }
            if isFailedFlush(error) { stop(failure) }
            return group.map { _ in .failure(failure) }
        }
    }

    /// Writes a group in one transaction and commits it.
    ///
    /// - Returns: The outcome of each transition.
    /// - Throws: ``ConflictHalfway`` where a savepoint would be needed and there is none.
    private func write(
        _ group: [Transition],
        withSavepoints: Bool,
        on db: Database
    ) throws -> [CommitOutcome] {
        try Self.run("BEGIN IMMEDIATE", on: db)
        var outcomes: [CommitOutcome] = []
        outcomes.reserveCapacity(group.count)
        for transition in group {
            if withSavepoints { try Self.run("SAVEPOINT transition", on: db) }
            let step = try apply(transition, on: db)
            outcomes.append(step == .written ? .committed : .conflict)
            if step == .conflictHalfway {
                guard withSavepoints else { throw ConflictHalfway() }
                try Self.run("ROLLBACK TO transition", on: db)
            }
            if withSavepoints { try Self.run("RELEASE transition", on: db) }
        }
        try Self.run("COMMIT", on: db)
        return outcomes
    }

    /// Runs a statement without parameters. Not by GRDB's own call, which parses it each time.
    private static func run(_ sql: String, on db: Database) throws {
        _ = try PreparedStatement(sql, on: db).next()
    }

    private func apply(_ transition: Transition, on db: Database) throws -> Step {
        var hasWritten = false
        for write in transition.writes {
            guard try layout.table(of: write.key.kind).apply(write, on: db) else {
                return hasWritten ? .conflictHalfway : .conflict
            }
            hasWritten = true
        }
        for row in transition.history {
            guard try HistoryTable.append(row, on: db) else {
                return hasWritten ? .conflictHalfway : .conflict
            }
            hasWritten = true
        }
        return .written
    }

    /// Takes and reads nothing any more: what is on the disk is not known.
    private func stop(_ failure: StoreFailure) {
        readers.refuse(failure)
        let waiting = state.withLock { state in
            state.refusal = state.refusal ?? failure
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiting in waiting { waiting.caller.resume(returning: .failure(failure)) }
    }
}
