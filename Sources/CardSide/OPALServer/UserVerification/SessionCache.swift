// SPDX-License-Identifier: Apache-2.0

import Kernel
import Synchronization

/// Sessions in memory, so that a purchase reads and writes none. It holds two generations: when the
/// young one is full, the old one is dropped, so that what is in use stays.
final class SessionCache: Sendable {
    struct Entry: Sendable {
        let user: SignedInUser
        let session: SessionRecord
        /// When the store last heard of a use.
        let writtenAt: Instant
        var lastSeenAt: Instant
        var times: SessionTimes
        /// When the store was last read.
        let readAt: Uptime
    }

    private struct Content {
        var young: [[UInt8]: Entry] = [:]
        var old: [[UInt8]: Entry] = [:]
        /// Counts what was dropped, so that a reader who began before a sign-out does not put the
        /// session back.
        var drops: UInt64 = 0
    }

    private let content = Mutex(Content())
    private let generationMax: Int

    /// - Parameter entriesMax: sessions in memory at the most.
    init(entriesMax: Int) {
        generationMax = max(entriesMax / 2, 1)
    }

    /// The user of a session that was seen in the store recently; notes the use.
    func use(_ key: [UInt8], at now: Instant, uptime: Uptime) -> SignedInUser? {
        content.withLock { content in
            guard var entry = content.young[key] ?? content.old.removeValue(forKey: key) else {
                return nil
            }
            var session = entry.session
            session.lastSeenAt = entry.lastSeenAt
            let isFresh =
                now < entry.writtenAt.adding(UserLimits.lastSeenTime)
                && uptime < entry.readAt.adding(UserLimits.lastSeenTime)
            guard isFresh, !session.isOver(at: now), !entry.times.isOver(at: uptime) else {
                // It is kept for its times, and replaced or dropped by who reads the store.
                insert(key, entry, in: &content)
                return nil
            }
            entry.lastSeenAt = max(entry.lastSeenAt, now)
            entry.times.usedAt = max(entry.times.usedAt, uptime)
            insert(key, entry, in: &content)
            return entry.user
        }
    }

    /// The last use that this process knows of.
    func lastSeen(_ key: [UInt8]) -> Instant? {
        content.withLock { ($0.young[key] ?? $0.old[key])?.lastSeenAt }
    }

    /// How long it has lasted in this process; nil where the process does not know it.
    func times(_ key: [UInt8]) -> SessionTimes? {
        content.withLock { ($0.young[key] ?? $0.old[key])?.times }
    }

    /// To be given to ``insert(_:_:ifStill:)``.
    var drops: UInt64 { content.withLock { $0.drops } }

    /// Remembers a session unless one was dropped since `drops` was read.
    func insert(_ key: [UInt8], _ entry: Entry, ifStill drops: UInt64) {
        content.withLock { content in
            guard content.drops == drops else { return }
            insert(key, entry, in: &content)
        }
    }

    /// Takes a session out that the store does not know, or soon will not.
    func forget(_ key: [UInt8]) {
        content.withLock { content in
            content.young[key] = nil
            content.old[key] = nil
        }
    }

    /// Takes a session out that was just deleted, and keeps readers who began before from putting
    /// it back.
    func drop(_ key: [UInt8]) {
        content.withLock { content in
            content.drops += 1
            content.young[key] = nil
            content.old[key] = nil
        }
    }

    func dropAll(of user: UserKey) {
        content.withLock { content in
            content.drops += 1
            content.young = content.young.filter { $0.value.user.key != user }
            content.old = content.old.filter { $0.value.user.key != user }
        }
    }

    private func insert(_ key: [UInt8], _ entry: Entry, in content: inout Content) {
        content.old[key] = nil
        if content.young[key] == nil, content.young.count >= generationMax {
            content.old = content.young
            content.young = [:]
        }
        content.young[key] = entry
    }
}
