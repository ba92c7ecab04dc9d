// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// A session or a password ticket. It is stored sealed: who can write to the database must not be
/// able to sign in.
struct SessionRecord: Equatable, Sendable {
    enum Purpose: UInt8, CaseIterable, Sendable {
        /// The user is signed in.
        case session = 1
        /// The user may choose a new password and nothing else.
        case ticket = 2
    }

    let purpose: Purpose
    let user: UserKey
    /// That of the user when it was made.
    let epoch: UInt64
    let createdAt: Instant
    var lastSeenAt: Instant

    /// Whether it is over. A session used just at its end is over.
    func isOver(at now: Instant) -> Bool {
        switch purpose {
        case .ticket: createdAt.adding(UserLimits.ticketTime) <= now
        case .session:
            createdAt.adding(UserLimits.sessionTime) <= now
                || lastSeenAt.adding(UserLimits.sessionIdleTime) <= now
        }
    }
}

/// How long a session has lasted, by a clock that only goes forward: what ends a session in the
/// process that has seen it, whatever is done to the wall clock. After a restart the wall clock
/// alone is asked, see ``SessionRecord/isOver(at:)``.
struct SessionTimes: Sendable {
    let begunAt: Uptime
    var usedAt: Uptime

    /// Of a session that this process sees for the first time.
    init(_ session: SessionRecord, at now: Instant, uptime: Uptime) {
        begunAt = uptime.before(now.since(session.createdAt))
        usedAt = uptime.before(now.since(session.lastSeenAt))
    }

    func isOver(at uptime: Uptime) -> Bool {
        begunAt.adding(UserLimits.sessionTime) <= uptime
            || usedAt.adding(UserLimits.sessionIdleTime) <= uptime
    }
}

// Version 1, purpose 1, user 32, epoch 8, made at 8, last seen at 8.
extension SessionRecord {
    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "session")
        try reader.version()
        purpose = try reader.value("purpose", bytes: 1) { Purpose(rawValue: UInt8($0)) }
        user = try reader.userKey()
        epoch = try reader.integer("epoch", bytes: 8)
        createdAt = try reader.instant("made at")
        lastSeenAt = try reader.instant("last seen at")
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 58)
        writer.version()
        writer.byte(purpose.rawValue)
        writer.append(user.bytes)
        writer.integer(epoch, bytes: 8)
        writer.instant(createdAt)
        writer.instant(lastSeenAt)
        return writer.bytes
    }
}
