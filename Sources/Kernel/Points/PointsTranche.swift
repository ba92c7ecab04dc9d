// SPDX-License-Identifier: Apache-2.0

/// Points that expire on the same day.
package struct PointsTranche: Hashable, Sendable {
    /// The last day on which they can be spent, UTC; ``never`` for points that do not expire.
    package let expiry: CardDate
    package var minorUnits: UInt64

    package init(expiry: CardDate, minorUnits: UInt64) {
        self.expiry = expiry
        self.minorUnits = minorUnits
    }

    /// The last day that a date of three bytes can name.
    package static let never = CardDate(CivilDate.last)
}

/// Points by expiry: first to expire, first spent. At most ``tranchesMax`` days.
package struct PointsTranches: Hashable, Sendable {
    /// Ascending by day, none twice, none empty.
    package private(set) var all: [PointsTranche] = []
    /// The sum of all.
    package private(set) var total: UInt64 = 0

    package static let tranchesMax = 64
    /// What comes back after its day can be spent for so many days more.
    package static let graceDays: Int64 = 30

    package init() {}

    /// - Returns: nil where days are not ascending, a tranche is empty, there are too many, or the
    ///   sum overflows: somebody changed them.
    package init?(_ tranches: [PointsTranche]) {
        guard tranches.count <= PointsTranches.tranchesMax else { return nil }
        var before: UInt32?
        for tranche in tranches {
            let (sum, isTooLarge) = total.addingReportingOverflow(tranche.minorUnits)
            guard tranche.minorUnits > 0, before.map({ $0 < tranche.expiry.bcd }) ?? true,
                !isTooLarge
            else { return nil }
            (total, before) = (sum, tranche.expiry.bcd)
        }
        all = tranches
    }

    /// Whether a tranche of this day finds a place.
    package func hasRoom(for expiry: CardDate) -> Bool {
        all.count < PointsTranches.tranchesMax || all.contains { $0.expiry == expiry }
    }

    /// Adds points. The caller has asked ``hasRoom(for:)`` and for the maximum of the purse.
    package mutating func put(_ minorUnits: UInt64, until expiry: CardDate) {
        guard minorUnits > 0 else { return }
        let (sum, isTooLarge) = total.addingReportingOverflow(minorUnits)
        precondition(!isTooLarge, "Points stay within the maximum of their purse.")
        total = sum
        if let index = all.firstIndex(where: { $0.expiry.bcd >= expiry.bcd }) {
            if all[index].expiry == expiry {
                all[index].minorUnits += minorUnits
            } else {
                all.insert(PointsTranche(expiry: expiry, minorUnits: minorUnits), at: index)
            }
        } else {
            all.append(PointsTranche(expiry: expiry, minorUnits: minorUnits))
        }
    }

    /// Takes points, first to expire first.
    ///
    /// - Returns: what was taken, by day.
    package mutating func take(_ minorUnits: UInt64) -> [PointsTranche] {
        precondition(minorUnits <= total, "Points are never overdrawn.")
        var (rest, taken): (UInt64, [PointsTranche]) = (minorUnits, [])
        while rest > 0, let first = all.first {
            let part = min(rest, first.minorUnits)
            taken.append(PointsTranche(expiry: first.expiry, minorUnits: part))
            rest -= part
            if part == first.minorUnits {
                all.removeFirst()
            } else {
                all[0].minorUnits -= part
            }
        }
        total -= minorUnits
        return taken
    }

    /// Puts back what was taken. What has expired meanwhile can be spent for ``graceDays`` more:
    /// nobody loses points by a purchase that came to nothing. Where there is no room for another
    /// day it joins the last one.
    package mutating func restore(_ taken: [PointsTranche], at moment: Instant) {
        restore(taken, at: moment) { _ in moment.day + PointsTranches.graceDays }
    }

    /// Puts back what an order held. What has expired meanwhile can be spent for as many days more
    /// as it was held, each begun day counted: nobody loses points by an order that was not paid,
    /// and nobody gains time by giving such orders again and again.
    package mutating func restore(
        _ taken: [PointsTranche],
        heldSince beginning: Instant,
        at moment: Instant
    ) {
        let held = max(0, moment.day - beginning.day)
        restore(taken, at: moment) { $0.civilDate.day + held }
    }

    private mutating func restore(
        _ taken: [PointsTranche],
        at moment: Instant,
        until later: (CardDate) -> Int64
    ) {
        let today = CardTime(moment)
        for tranche in taken {
            var day = tranche.expiry
            if day.isPast(at: today) { day = CardDate(CivilDate(day: later(day)).clamped) }
            put(tranche.minorUnits, until: hasRoom(for: day) ? day : (all.last?.expiry ?? day))
        }
    }

    /// Whether a tranche has expired.
    package func isDue(at time: CardTime) -> Bool {
        all.first?.expiry.isPast(at: time) ?? false
    }

    /// Takes out what has expired.
    ///
    /// - Returns: how much that was.
    package mutating func expire(at time: CardTime) -> UInt64 {
        var sum: UInt64 = 0
        while let first = all.first, first.expiry.isPast(at: time) {
            all.removeFirst()
            sum += first.minorUnits
        }
        total -= sum
        return sum
    }
}

extension CivilDate {
    /// 1 January 2000 and 31 December 2099: cards know no earlier and no later day.
    private static let first = CivilDate(day: 10_957)
    fileprivate static let last = CivilDate(day: 47_481)

    /// The nearest day that a card knows.
    fileprivate var clamped: CivilDate {
        day > CivilDate.last.day ? .last : day < CivilDate.first.day ? .first : self
    }
}
