// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// A member of a programme, with the points that are here. Format 1: home 1, TRX of the enrolment
/// 16, enrolled 8; earned, pending, undone, in postings, posted, redeemed and expired 8 each;
/// number of tranches 1, for each its day 3 and amount 8; behind a presence byte why points are
/// held 1 and since when 8; number and hash of the last row of the history 8 + 32. The key is CURR
/// and member number. It is open while its tranches want something: to be posted, or to expire.
package struct Member: LoyaltyRecord {
    /// The OPAL server refused the member's points.
    package struct Hold: Equatable, Sendable {
        package let reason: PointsRefusal
        package let since: Instant
    }

    package let membership: Membership
    package let home: Programme.Home
    /// TRX of the proof with which the member was enrolled; where the card did not take the number,
    /// that of the last one with which it was asked again.
    package internal(set) var enrolment: TransactionIdentifier
    package let enrolledAt: Instant

    /// All that was ever earned: the sum of all others.
    package private(set) var earned: UInt64 = 0
    /// Points of purchases that may still be undone.
    package private(set) var pending: UInt64 = 0
    package private(set) var undone: UInt64 = 0
    /// Points that the member has here, by the day on which they expire: what can be redeemed, or
    /// what is due to be posted to the card.
    package private(set) var tranches = PointsTranches()
    /// On their way to the card.
    package private(set) var inPostings: UInt64 = 0
    /// On the card; what became of them there is the OPAL server's to tell.
    package private(set) var posted: UInt64 = 0
    package private(set) var redeemed: UInt64 = 0
    package private(set) var expired: UInt64 = 0
    package internal(set) var hold: Hold?
    /// Rows of the history.
    package internal(set) var lastRow: UInt64 = 0
    var lastHash = [UInt8](repeating: 0, count: RecordLimits.hashBytes)

    private static let format: UInt8 = 1
    static let kind = LoyaltyRecords.member
    var key: [UInt8] { membership.bytes }

    init(
        _ membership: Membership,
        home: Programme.Home,
        enrolment: TransactionIdentifier,
        enrolledAt: Instant
    ) {
        self.membership = membership
        self.home = home
        self.enrolment = enrolment
        self.enrolledAt = enrolledAt
    }

    var isOpen: Bool {
        guard let first = tranches.all.first else { return false }
        return home == .card || first.expiry != PointsTranche.never
    }

    /// What can be redeemed at this moment, or posted.
    package func available(at time: CardTime) -> UInt64 {
        tranches.all.reduce(0) { $1.expiry.isPast(at: time) ? $0 : $0 + $1.minorUnits }
    }

    /// Whether what was earned is accounted for.
    package var isConserved: Bool {
        var sum: UInt64 = 0
        for part in [pending, undone, tranches.total, inPostings, posted, redeemed, expired] {
            let (next, isTooLarge) = sum.addingReportingOverflow(part)
            if isTooLarge { return false }
            sum = next
        }
        return sum == earned
    }

    // MARK: Changes; each moves points, and all but the first two keep their sum.

    /// Earns points that are pending; nil where the sum would be too large.
    func earning(pending amount: UInt64) -> Member? {
        var next = self
        guard next.earn(amount) else { return nil }
        next.pending += amount
        return next
    }

    /// Earns points that can be used; nil where the sum would be too large.
    func earning(_ amount: UInt64, until expiry: CardDate) -> Member? {
        var next = self
        guard next.earn(amount) else { return nil }
        next.put(amount, until: expiry)
        return next
    }

    private mutating func earn(_ amount: UInt64) -> Bool {
        let (sum, isTooLarge) = earned.addingReportingOverflow(amount)
        // All others are parts of this one, so that none of them is too large.
        if !isTooLarge { earned = sum }
        return !isTooLarge
    }

    /// The pending period is over.
    func maturing(_ amount: UInt64, until expiry: CardDate) -> Member {
        precondition(amount <= pending, "Points mature once.")
        var next = self
        next.pending -= amount
        next.put(amount, until: expiry)
        return next
    }

    /// The purchase was recovered.
    func undoing(_ amount: UInt64) -> Member {
        precondition(amount <= pending, "Points are undone once.")
        var next = self
        next.pending -= amount
        next.undone += amount
        return next
    }

    /// Moves points that expire first into a posting: at most what the first tranche holds.
    func posting(_ amount: UInt64) -> Member {
        var next = self
        let taken = next.tranches.take(amount)
        precondition(taken.count == 1, "A posting has one day.")
        next.inPostings += amount
        return next
    }

    /// A posting is on the card.
    func posted(_ amount: UInt64) -> Member {
        precondition(amount <= inPostings, "A posting ends once.")
        var next = self
        next.inPostings -= amount
        next.posted += amount
        next.hold = nil
        return next
    }

    /// A posting was refused.
    func puttingBack(_ amount: UInt64, until expiry: CardDate, _ hold: Hold) -> Member {
        precondition(amount <= inPostings, "A posting ends once.")
        var next = self
        next.inPostings -= amount
        next.put(amount, until: expiry)
        next.hold = hold
        return next
    }

    /// Takes points out for a benefit, first to expire first; nil where there are not enough.
    func redeeming(_ amount: UInt64) -> (Member, taken: [PointsTranche])? {
        guard amount <= tranches.total else { return nil }
        var next = self
        let taken = next.tranches.take(amount)
        next.redeemed += amount
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.trancheSpentTwice) { next.tranches = tranches }
        #endif
        return (next, taken)
    }

    /// Gives back what was redeemed at `beginning`.
    func restoring(
        _ taken: [PointsTranche],
        heldSince beginning: Instant,
        at moment: Instant
    ) -> Member {
        let amount = taken.reduce(0) { $0 + $1.minorUnits }
        precondition(amount <= redeemed, "Points are given back once.")
        var next = self
        next.redeemed -= amount
        next.tranches.restore(taken, heldSince: beginning, at: moment)
        return next
    }

    /// Takes out what has expired.
    func expiring(at time: CardTime) -> (Member, amount: UInt64) {
        var next = self
        let amount = next.tranches.expire(at: time)
        next.expired += amount
        return (next, amount)
    }

    /// Where there is no room for another day, points join the next day that is there, or the last:
    /// nobody loses them.
    private mutating func put(_ amount: UInt64, until expiry: CardDate) {
        guard !tranches.hasRoom(for: expiry) else {
            return tranches.put(amount, until: expiry)
        }
        let later = tranches.all.first { $0.expiry.bcd >= expiry.bcd } ?? tranches.all.last
        tranches.put(amount, until: later?.expiry ?? expiry)
    }
}

extension Member {
    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        membership = try Membership(key: key)
        var reader = ByteReader(body, of: "member")
        guard try reader.byte("format") == Member.format else {
            throw reader.failure("format", .invalid)
        }
        home = try reader.value("home", bytes: 1) { Programme.Home(rawValue: UInt8($0)) }
        enrolment = try reader.transaction()
        enrolledAt = try reader.moment("enrolled")
        earned = try reader.integer("earned", bytes: 8)
        pending = try reader.integer("pending", bytes: 8)
        undone = try reader.integer("undone", bytes: 8)
        inPostings = try reader.integer("in postings", bytes: 8)
        posted = try reader.integer("posted", bytes: 8)
        redeemed = try reader.integer("redeemed", bytes: 8)
        expired = try reader.integer("expired", bytes: 8)
        guard let tranches = PointsTranches(try reader.tranches()) else {
            throw reader.failure("tranches", .invalid)
        }
        self.tranches = tranches
        hold = try reader.optional("hold") { reader throws(WireFailure) in
            Hold(
                reason: try reader.value("reason", bytes: 1) { PointsRefusal(rawValue: UInt8($0)) },
                since: try reader.moment("since")
            )
        }
        lastRow = try reader.integer("last row", bytes: 8)
        lastHash = try reader.bytes("hash", count: RecordLimits.hashBytes)
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 160 + 11 * tranches.all.count)
        writer.byte(Member.format)
        writer.byte(home.rawValue)
        writer.transaction(enrolment)
        writer.moment(enrolledAt)
        for sum in [earned, pending, undone, inPostings, posted, redeemed, expired] {
            writer.integer(sum, bytes: 8)
        }
        writer.tranches(tranches.all)
        writer.optional(hold) { writer, hold in
            writer.byte(hold.reason.rawValue)
            writer.moment(hold.since)
        }
        writer.integer(lastRow, bytes: 8)
        writer.append(lastHash)
        return writer.bytes
    }
}

extension Membership {
    /// CURR 2, member number.
    init(key: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(key, of: "member key")
        let programme = try reader.programme()
        let text = try reader.bytes("member number", count: reader.remaining)
        guard let number = MemberNumber(String(decoding: text, as: UTF8.self)) else {
            throw reader.failure("member number", .invalid)
        }
        self.init(programme: programme, number: number)
    }
}

extension ByteReader {
    /// Number 1, then day 3 and amount 8 each.
    mutating func tranches() throws(WireFailure) -> [PointsTranche] {
        let count = try byte("tranches")
        var tranches: [PointsTranche] = []
        for _ in 0..<count { tranches.append(try tranche()) }
        return tranches
    }

    /// Counted.
    mutating func memberNumber() throws(WireFailure) -> MemberNumber {
        let text = try text("member number", bytesMax: MemberNumber.bytesMax)
        guard let number = MemberNumber(text) else {
            throw failure("member number", .invalid)
        }
        return number
    }
}

extension ByteWriter {
    mutating func tranches(_ tranches: [PointsTranche]) {
        byte(UInt8(tranches.count))
        for tranche in tranches { self.tranche(tranche) }
    }
}
