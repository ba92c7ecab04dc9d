// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// What failures are counted for.
enum AttemptPurpose: UInt8, CaseIterable, Sendable {
    /// Logons with one user identifier.
    case user = 1
    /// Logons from one address.
    case address = 2
    /// Sign-ups and reminders from one address.
    case request = 3
    /// Loads that one user begins.
    case load = 4

    var rule: ThrottleRule {
        switch self {
        case .user: .user
        case .address: .address
        case .request: .request
        case .load: .load
        }
    }
}

/// The failures of one user identifier or address. It names nobody.
struct AttemptsRecord: Equatable, Sendable {
    let purpose: AttemptPurpose
    private(set) var count: UInt32
    /// From here on the time is counted in which failures are forgotten.
    private(set) var fadesFrom: Instant
    /// Nobody may try before.
    private(set) var blockedUntil: Instant

    init(_ purpose: AttemptPurpose, at now: Instant) {
        self.purpose = purpose
        count = 0
        fadesFrom = now
        blockedUntil = Instant(milliseconds: 0)
    }

    /// Forgets what has had its time.
    mutating func fade(at now: Instant) {
        let step = purpose.rule.fadeTime.milliseconds
        let past = now.milliseconds - fadesFrom.milliseconds
        guard past >= step else { return }
        let steps = past / step
        if steps >= Int64(count) {
            count = 0
            fadesFrom = now
        } else {
            count -= UInt32(steps)
            fadesFrom = Instant(milliseconds: fadesFrom.milliseconds + steps * step)
        }
    }

    /// Counts an attempt as failed. It is called before the attempt is made, so that many at the
    /// same moment cannot all slip through.
    mutating func add(at now: Instant) {
        if count == 0 { fadesFrom = now }
        if count < UInt32.max { count += 1 }
        let pause = purpose.rule.pause(after: count)
        if pause > .zero { blockedUntil = now.adding(pause) }
    }

    /// Takes back one attempt that turned out well, with the pause that it had brought. A pause
    /// that the failures before it have earned stays: else one good logon beside each guess would
    /// lift it.
    mutating func takeBack() {
        if count > 0 { count -= 1 }
        if purpose.rule.pause(after: count) == .zero { blockedUntil = Instant(milliseconds: 0) }
    }

    /// Whether nothing of it matters any more.
    func isForgotten(at now: Instant) -> Bool {
        var copy = self
        copy.fade(at: now)
        return copy.count == 0 && blockedUntil <= now
    }
}

// Version 1, purpose 1, count 4, fades from 8, blocked until 8.
extension AttemptsRecord {
    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "attempts")
        try reader.version()
        purpose = try reader.value("purpose", bytes: 1) { AttemptPurpose(rawValue: UInt8($0)) }
        count = try reader.number("count")
        fadesFrom = try reader.instant("fades from")
        blockedUntil = try reader.instant("blocked until")
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 22)
        writer.version()
        writer.byte(purpose.rawValue)
        writer.number(count)
        writer.instant(fadesFrom)
        writer.instant(blockedUntil)
        return writer.bytes
    }
}
