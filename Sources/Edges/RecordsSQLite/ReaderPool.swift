// SPDX-License-Identifier: Apache-2.0

import GRDB
import Records
import Synchronization

/// Read-only connections on which callers read on their own thread: a hop to another thread would
/// cost more than the read.
final class ReaderPool: Sendable {
    private struct State {
        /// Indices of the connections that nobody uses. The one used last is taken first, because
        /// its pages are still in the processor's cache.
        var free: [Int]
        /// The connection to wait for when none is free.
        var next = 0
        /// Why no one may read any more.
        var refusal: StoreFailure?
    }

    private let connections: [DatabaseQueue]
    private let state: Mutex<State>

    init(_ connections: [DatabaseQueue]) {
        precondition(!connections.isEmpty)
        self.connections = connections
        state = Mutex(State(free: Array(connections.indices)))
    }

    /// Runs `body` on a connection. A single statement in it sees every commit that was answered
    /// before.
    func read<T>(_ body: (Database) throws -> T) throws(StoreFailure) -> T {
        let (index, isLent) = try take()
        defer { if isLent { state.withLock { $0.free.append(index) } } }
        do {
            return try connections[index].unsafeRead(body)
        } catch {
            throw StoreFailure(error)
        }
    }

    /// Throws if reads are refused.
    func checkOpen() throws(StoreFailure) {
        if let refusal = state.withLock({ $0.refusal }) { throw refusal }
    }

    /// Refuses every read from now on; the first reason stays.
    func refuse(_ reason: StoreFailure) {
        state.withLock { $0.refusal = $0.refusal ?? reason }
    }

    /// Refuses every read from now on and closes the connections after the reads that run.
    func close() {
        refuse(GroupWriter.closed)
        for connection in connections { try? connection.close() }
    }

    private func take() throws(StoreFailure) -> (index: Int, isLent: Bool) {
        try state.withLock { state throws(StoreFailure) in
            if let refusal = state.refusal { throw refusal }
            if let index = state.free.popLast() { return (index, true) }
            // The connection's own queue makes the caller wait for its turn.
            state.next = (state.next + 1) % connections.count
            return (state.next, false)
        }
    }
}
