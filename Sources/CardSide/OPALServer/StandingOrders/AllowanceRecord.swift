// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// A guardian's weekly allowance for a child, stored sealed under both keys: there is one for each
/// child. It is open while it has something to do.
package struct AllowanceRecord: StandingOrder {
    package static let kind = RecordKind(
        "allowance",
        keyBytes: 2 * UserKey.length...2 * UserKey.length
    )

    package let guardian: UserKey
    package let child: UserKey
    package internal(set) var amount: Money
    package internal(set) var schedule: WeeklySchedule
    package internal(set) var isActive: Bool
    /// Of the occurrences of the schedule, the first that was not taken up yet.
    package internal(set) var dueAt: Instant
    /// The last occurrence that was taken up; nil before the first.
    package internal(set) var lastTaken: Taken?

    /// An occurrence that was taken up.
    package struct Taken: Equatable, Sendable {
        package let moment: Instant
        /// Of its week, by each clock that the schedule has had since: none is due before.
        package internal(set) var weekEnd: Instant

        init(_ moment: Instant, by clock: LocalOffset) {
            self.init(moment: moment, weekEnd: clock.weekEnd(of: moment))
        }

        fileprivate init(moment: Instant, weekEnd: Instant) {
            self.moment = moment
            self.weekEnd = weekEnd
        }
    }
    /// What is being done.
    package internal(set) var current: Occurrence?

    init(
        guardian: UserKey,
        child: UserKey,
        amount: Money,
        schedule: WeeklySchedule,
        dueAt: Instant
    ) {
        self.guardian = guardian
        self.child = child
        self.amount = amount
        self.schedule = schedule
        self.dueAt = dueAt
        isActive = true
        current = nil
    }

    package static func key(_ guardian: UserKey, _ child: UserKey) -> RecordKey {
        RecordKey(kind, guardian.bytes + child.bytes)
    }

    var key: RecordKey { AllowanceRecord.key(guardian, child) }
    var payer: UserKey { guardian }
    var holder: UserKey { child }
    var purpose: AccountLoadPurpose { .allowance }
    /// The key of a top-up is shorter, so that no two orders have the same name.
    var name: [UInt8] { key.bytes }
}

// Format 2: amount 11, day of the week 1 (0 is Monday), hour 1, offset 2, active 1, due at 8, what
// is being done 0/1 (and 28), last taken up 0/1 (and moment 8, end of its week 8). Guardian and
// child are the key.
//
// Format 1, which is read and never written, ends before *last taken up*: there the moment of the
// schedule before the one that is due stands for it.
extension AllowanceRecord {
    private static let format: UInt8 = 2

    package init(_ bytes: [UInt8], key: [UInt8]) throws(WireFailure) {
        var keyReader = ByteReader(key, of: "allowance")
        guardian = try keyReader.userKey()
        child = try keyReader.userKey()
        var reader = ByteReader(bytes, of: "allowance")
        let format = try reader.byte("format")
        guard (1...AllowanceRecord.format).contains(format) else {
            throw reader.failure("format", .invalid)
        }
        amount = try reader.money()
        let weekday = try reader.value("day", bytes: 1) { Weekday(rawValue: Int($0)) }
        let hour = Int(try reader.byte("hour"))
        guard
            let schedule = WeeklySchedule(
                weekday: weekday,
                hour: hour,
                offset: try reader.offset()
            )
        else { throw reader.failure("hour", .invalid) }
        self.schedule = schedule
        isActive = try reader.flag("active")
        dueAt = try reader.instant("due at")
        current = try reader.optionalOccurrence()
        lastTaken =
            format == 1
            ? Taken(schedule.latest(at: dueAt.subtracting(.seconds(1))), by: schedule.offset)
            : try reader.optionalTaken()
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 80)
        writer.byte(AllowanceRecord.format)
        writer.money(amount)
        writer.byte(UInt8(schedule.weekday.rawValue))
        writer.byte(UInt8(schedule.hour))
        writer.offset(schedule.offset)
        writer.flag(isActive)
        writer.instant(dueAt)
        writer.occurrence(current)
        writer.flag(lastTaken != nil)
        if let lastTaken {
            writer.instant(lastTaken.moment)
            writer.instant(lastTaken.weekEnd)
        }
        return writer.bytes
    }
}

extension ByteReader {
    fileprivate mutating func optionalTaken() throws(WireFailure) -> AllowanceRecord.Taken? {
        guard try flag("last taken up") else { return nil }
        return AllowanceRecord.Taken(
            moment: try instant("last taken up"),
            weekEnd: try instant("end of its week")
        )
    }
}
