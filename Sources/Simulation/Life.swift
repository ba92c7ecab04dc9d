// SPDX-License-Identifier: Apache-2.0

import Records
import Synchronization
import Wire

/// One run of a party's process, from its start to its crash. What it was doing when it crashed
/// goes on as a ghost: nothing that it commits is stored, nothing that it sends or answers leaves.
final class Life: Sendable {
    private let ended = Mutex(false)

    var isOver: Bool { ended.withLock { $0 } }

    func end() { ended.withLock { $0 = true } }
}

/// When a party crashes.
package enum CrashMoment: Sendable {
    /// Before a read or a commit is made.
    case before
    /// After it was made, and before the party knows.
    case after
}

/// A party's store as one life of it sees it. The disk takes its time, and the party may crash
/// before or after whatever it reads or commits.
struct MortalStore: RecordStoreLayer {
    typealias Crash = CrashMoment

    let inner: any RecordStore
    let life: Life
    /// Which call meets a crash.
    let crashes: FaultPlan<Crash>
    /// Which commit does.
    let commitCrashes: FaultPlan<Crash>
    let pace: Pace?
    /// Ends this life.
    let crash: @Sendable (Crash) -> Void

    func read(_ key: RecordKey) async throws(StoreFailure) -> Record? {
        try await mortally(nil) { () async throws(StoreFailure) in try await inner.read(key) }
    }

    func commit(_ transition: Transition) async throws(StoreFailure) -> CommitOutcome {
        try await mortally(commitCrashes.next()) { () async throws(StoreFailure) in
            try await inner.commit(transition)
        }
    }

    private func mortally<Value>(
        _ fate: Crash?,
        _ call: () async throws(StoreFailure) -> Value
    ) async throws(StoreFailure) -> Value {
        if life.isOver { throw MortalStore.dead }
        let fate = fate ?? crashes.next()
        await pace?.disk()
        if fate == .before { crash(.before) }
        if life.isOver { throw MortalStore.dead }
        let value = try await call()
        await pace?.disk()
        if fate == .after { crash(.after) }
        if life.isOver { throw MortalStore.dead }
        return value
    }

    private static let dead = StoreFailure.unavailable("the party has crashed")
}

/// A party's link as one life of it sees it.
struct MortalLink: Link {
    let inner: any Link
    let life: Life

    func request(_ request: [UInt8]) async throws(LinkFailure) -> [UInt8] {
        if life.isOver { throw .broken }
        let response = try await inner.request(request)
        if life.isOver { throw .broken }
        return response
    }
}
