// SPDX-License-Identifier: Apache-2.0

import Records
import Synchronization
import Wire

/// One process with its store and its link, which dies before or after a certain commit or request.
/// What goes on in it afterwards stores nothing and sends nothing.
final class MortalProcess: Sendable {
    enum Moment: CaseIterable, Sendable {
        case before
        case after
    }

    private let count = Mutex(0)
    private let dead = Mutex(false)
    private let death: Int
    private let moment: Moment

    /// `death`: the number of the commit or request, counted from 1.
    init(dies moment: Moment, _ death: Int) {
        self.death = death
        self.moment = moment
    }

    var isDead: Bool { dead.withLock { $0 } }

    func store(_ inner: any RecordStore) -> any RecordStore { Store(inner: inner, process: self) }
    func link(_ inner: any Link) -> any Link { LinkEnd(inner: inner, process: self) }

    /// - Returns: whether this is the deed that it dies with.
    private func deed() -> Bool {
        count.withLock { count in
            count += 1
            return count == death
        }
    }

    private func end() { dead.withLock { $0 = true } }

    private struct LinkEnd: Link {
        let inner: any Link
        let process: MortalProcess

        func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
            if process.isDead { throw .broken }
            let isLast = process.deed()
            if isLast, process.moment == .before {
                process.end()
                throw .broken
            }
            let response = try await inner.request(request)
            if isLast {
                process.end()
                throw .broken
            }
            return response
        }
    }

    private struct Store: RecordStoreLayer {
        let inner: any RecordStore
        let process: MortalProcess

        func admit() throws(StoreFailure) {
            if process.isDead { throw .unavailable("the process has died") }
        }

        func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
            try admit()
            let isLast = process.deed()
            if isLast, process.moment == .before { process.end() }
            try admit()
            let outcome = try await inner.commit(transition)
            if isLast { process.end() }
            try admit()
            return outcome
        }
    }
}
