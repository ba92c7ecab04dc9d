// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

// Points by day, made again from the rows. Rows come from the database: no number in them may stop
// the process, so that each rule is asked before it is applied.
extension SoftwareModule {
    func reckonPoints(_ entry: CardHistoryEntry, _ row: UInt64, in check: inout CardAudit) {
        if case .expired(let expired) = entry.event {
            return reckon(expired, at: entry.moment, row, in: &check)
        }
        guard let movement = entry.movement, movement.amount.currency.isProgramme else { return }
        let amount = movement.amount
        let key = Self.key(amount.currency, amount.exponent)
        var points = check.points[key] ?? PointsTranches()
        let isRight =
            switch entry.event {
            case .debit(let debit): Self.take(debit, at: entry.moment, from: &points)
            case .load(let request, _, _, _):
                Self.put(
                    amount.minorUnits,
                    until: request.bank.lastDay(of: amount.currency),
                    &points
                )
            case .recovery(_, _, let command, _):
                Self.restore(
                    check.recoverable[command.number]?.points ?? [],
                    amount.minorUnits,
                    at: entry.moment,
                    &points
                )
            case .moved:
                Self.take(amount.minorUnits, from: &points) != nil
            // Points are not swept.
            case .swept: false
            case .setting, .expired: true
            }
        if !isRight { check.findings.append(.pointsWrong(number: row)) }
        check.points[key] = points
    }

    private func reckon(
        _ expired: ExpiredPoints,
        at moment: Instant,
        _ row: UInt64,
        in check: inout CardAudit
    ) {
        let amount = expired.amount
        let key = Self.key(amount.currency, amount.exponent)
        var points = check.points[key] ?? PointsTranches()
        check.expiredTotal &+= amount.minorUnits
        if points.expire(at: CardTime(moment)) != amount.minorUnits {
            check.findings.append(.pointsWrong(number: row))
        }
        let before = check.balances[key] ?? 0
        let (after, isOverdrawn) = before.subtractingReportingOverflow(amount.minorUnits)
        if isOverdrawn || after != expired.balance || expired.lastNumber != check.lastNumber {
            check.findings.append(.balanceWrong(number: row))
        }
        check.balances[key] = expired.balance
        check.points[key] = points
    }

    /// - Returns: whether the row took what expires first, and nothing that had expired.
    private static func take(
        _ debit: DebitEvidence,
        at moment: Instant,
        from points: inout PointsTranches
    ) -> Bool {
        let time = CardTime(moment)
        guard let taken = take(debit.command.amount.minorUnits, from: &points) else {
            return false
        }
        return taken == debit.points?.tranches.all ?? []
            && !taken.contains { $0.expiry.isPast(at: time) }
    }

    /// - Returns: nil where there are not as many.
    private static func take(
        _ amount: UInt64,
        from points: inout PointsTranches
    ) -> [PointsTranche]? {
        amount <= points.total ? points.take(amount) : nil
    }

    private static func put(
        _ amount: UInt64,
        until day: CardDate?,
        _ points: inout PointsTranches
    ) -> Bool {
        if amount == 0 { return true }
        guard let day, points.hasRoom(for: day),
            !points.total.addingReportingOverflow(amount).overflow
        else { return false }
        points.put(amount, until: day)
        return true
    }

    private static func restore(
        _ taken: [PointsTranche],
        _ amount: UInt64,
        at moment: Instant,
        _ points: inout PointsTranches
    ) -> Bool {
        guard let sum = PointsTranches(taken)?.total, sum == amount,
            !points.total.addingReportingOverflow(amount).overflow
        else { return false }
        points.restore(taken, at: moment)
        return true
    }
}
