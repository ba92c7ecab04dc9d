// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// The standing top-up of a user's own card, stored sealed under the user's key. It is open while
/// it has something to do.
package struct TopUpRecord: StandingOrder {
    package static let kind = RecordKind("top_up", keyBytes: UserKey.length...UserKey.length)

    package let user: UserKey
    package internal(set) var rule: TopUpRule
    package internal(set) var isActive: Bool
    /// Why it was stopped after too many failures; it waits for the person then.
    package internal(set) var stoppedFor: AccountLoadRefusal?
    /// The month that is counted, and what was loaded in it, in minor units; what is being loaded
    /// counts as loaded.
    package private(set) var month: UInt32
    package internal(set) var loadedThisMonth: UInt64
    /// Counts the occurrences, so that no two have the same transaction.
    private(set) var serial: UInt64
    /// What is being done.
    package internal(set) var current: Occurrence?

    init(user: UserKey, rule: TopUpRule, at now: Instant) {
        self.user = user
        self.rule = rule
        isActive = true
        month = rule.month(of: now)
        loadedThisMonth = 0
        serial = 0
    }

    package static func key(_ user: UserKey) -> RecordKey { RecordKey(kind, user.bytes) }

    var key: RecordKey { TopUpRecord.key(user) }
    var payer: UserKey { user }
    var holder: UserKey { user }
    var purpose: AccountLoadPurpose { .topUp }
    var name: [UInt8] { key.bytes + serial.bigEndianBytes }

    /// Begins a new month where it is one. A clock that is set back begins none.
    mutating func turnMonth(at now: Instant) {
        let present = rule.month(of: now)
        guard present > month else { return }
        month = present
        // What is under way may arrive in the new month.
        loadedThisMonth = current?.amount.minorUnits ?? 0
    }

    /// The rule applies: an occurrence of it begins.
    mutating func take(at now: Instant) {
        serial += 1
        loadedThisMonth += rule.amount.minorUnits
        current = Occurrence(at: now, rule.amount)
    }

    /// Nothing came of it.
    mutating func giveBack() {
        loadedThisMonth -= min(current?.amount.minorUnits ?? 0, loadedThisMonth)
        current = nil
    }
}

// Format 1: threshold 8, amount 11, most in a month 8, offset 2, active 1, stopped for 1 (0 for
// nothing), month 4, loaded in it 8, serial 8, what is being done 0/1 (and 28). The key is the
// user.
extension TopUpRecord {
    private static let format: UInt8 = 1

    package init(_ bytes: [UInt8], key: [UInt8]) throws(WireFailure) {
        var keyReader = ByteReader(key, of: "top-up")
        user = try keyReader.userKey()
        var reader = ByteReader(bytes, of: "top-up")
        guard try reader.byte("format") == TopUpRecord.format else {
            throw reader.failure("format", .invalid)
        }
        let threshold = try reader.integer("threshold", bytes: 8)
        let amount = try reader.money()
        let monthMax = try reader.integer("most in a month", bytes: 8)
        guard
            let rule = TopUpRule(
                threshold: threshold,
                amount: amount,
                monthMax: monthMax,
                offset: try reader.offset()
            )
        else { throw reader.failure("rule", .invalid) }
        self.rule = rule
        isActive = try reader.flag("active")
        let code = try reader.byte("stopped for")
        stoppedFor = AccountLoadRefusal(rawValue: code)
        guard code == 0 || stoppedFor != nil else { throw reader.failure("stopped for", .invalid) }
        month = try reader.number("month")
        loadedThisMonth = try reader.integer("loaded", bytes: 8)
        serial = try reader.integer("serial", bytes: 8)
        current = try reader.optionalOccurrence()
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 80)
        writer.byte(TopUpRecord.format)
        writer.integer(rule.threshold, bytes: 8)
        writer.money(rule.amount)
        writer.integer(rule.monthMax, bytes: 8)
        writer.offset(rule.offset)
        writer.flag(isActive)
        writer.byte(stoppedFor?.rawValue ?? 0)
        writer.number(month)
        writer.integer(loadedThisMonth, bytes: 8)
        writer.integer(serial, bytes: 8)
        writer.occurrence(current)
        return writer.bytes
    }
}
