// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
package import Wire

// Points of purchases at partners.
extension LoyaltyModule {
    /// Notes what the OPAL server tells of a member's purchase. The rule is asked once, at the
    /// first notice, for the moment of the debit; notices may come again and in any order.
    ///
    /// - Throws: `.unknownProgramme`; `.transactionMismatch` where an earlier notice said something
    ///   else, `.transactionContradicts` where it told of the other end; `.unknownMember`,
    ///   `.amountTooLarge`.
    package func note(
        _ notice: PurchaseNotice,
        now: Instant
    ) async throws(LoyaltyFailure) {
        try await book.change { () async throws(LoyaltyFailure) in
            let programme = try await book.programme(notice.membership.programme).value
            var step = PurchaseStep(book, now)
            let key = PurchaseEarn.key(notice.membership.programme, notice.transaction)
            if let entry = try await book.find(PurchaseEarn.self, key) {
                guard entry.value.isOf(notice) else { throw .transactionMismatch }
                try await step.go(on: entry, notice)
            } else {
                let earn = try await begin(notice, programme)
                try await step.begin(earn, notice)
            }
            return ((), try await step.transition())
        }
    }

    private func begin(
        _ notice: PurchaseNotice,
        _ record: ProgrammeRecord
    ) async throws(LoyaltyFailure) -> PurchaseEarn {
        let earns = record.programme.partners.contains(notice.merchant) && !record.isClosed
        var points: UInt64 = 0
        if earns {
            do throws(EarnRuleRefusal) {
                points = try record.rule.earned(by: notice.amount, at: notice.debitedAt)
            } catch { throw .amountTooLarge }
        }
        let date = CivilDate(day: notice.debitedAt.day)
        return PurchaseEarn(
            notice,
            points: points,
            expiry: record.rule.expiry.lastDay(ofPointsEarnedOn: date),
            maturesAt: record.rule.matures(notice.debitedAt)
        )
    }

    /// Gives members the points whose pending period is over: after a restart and from time to
    /// time.
    ///
    /// - Returns: how many purchases that were, and whether there may be more.
    @discardableResult
    package func mature(now: Instant) async throws(LoyaltyFailure) -> MatureRound {
        var round = MatureRound()
        var cursor: [UInt8]?
        while round.matured + round.damaged < LoyaltyLimits.roundMax {
            let page = try await book.list(
                LoyaltyRecords.maturity,
                after: cursor,
                limit: LoyaltyLimits.roundStepMax
            )
            // Keys begin with the moment: what is due comes first.
            let due = page.filter { $0.key.bytes.moment <= now }
            guard let last = due.last else { return round }
            let step = try await book.change { () async throws(LoyaltyFailure) in
                var step = PurchaseStep(book, now)
                var count = MatureRound()
                for record in due {
                    do throws(LoyaltyFailure) {
                        if try await step.mature(record) { count.matured += 1 }
                    } catch .damaged { count.damaged += 1 }
                }
                return (count, try await step.transition())
            }
            round.matured += step.matured
            round.damaged += step.damaged
            guard due.count == page.count, page.count == LoyaltyLimits.roundStepMax else {
                return round
            }
            cursor = last.key.bytes
        }
        round.isMore = true
        return round
    }

    /// The points of a purchase.
    ///
    /// - Returns: nil where no notice has told of it.
    package func purchase(
        _ transaction: TransactionIdentifier,
        in programme: Currency
    ) async throws(LoyaltyFailure) -> PurchaseEarn? {
        let key = PurchaseEarn.key(programme, transaction)
        return try await book.find(PurchaseEarn.self, key)?.value
    }
}

/// What one round over pending points did.
package struct MatureRound: Equatable, Sendable {
    /// Purchases whose points can be used from now on.
    package var matured = 0
    /// Records that do not open; they stay as they are.
    package var damaged = 0
    /// Whether the round ended before it came to what is not due yet.
    package var isMore = false

    package init() {}
}

extension [UInt8] {
    /// The moment that the key of a maturity begins with.
    fileprivate var moment: Instant {
        Instant(milliseconds: prefix(8).reduce(0) { $0 << 8 | Int64($1) })
    }
}
