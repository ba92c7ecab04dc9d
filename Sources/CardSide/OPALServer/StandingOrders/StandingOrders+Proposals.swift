// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// What a person is shown of a standing order before it takes effect.
package struct StandingOrderProposal: Equatable, Sendable {
    /// What is particular to each kind.
    package enum Terms: Equatable, Sendable {
        /// `firstAt`: when it is first paid.
        case allowance(WeeklySchedule, firstAt: Instant)
        /// `loaded`: what was loaded this month, in minor units.
        /// `isDue`: whether the rule applies at this moment.
        case topUp(TopUpRule, loaded: UInt64, isDue: Bool)
    }

    package let card: CardIdentifier
    /// The account that pays.
    package let account: AccountOnFile
    /// What is loaded each time.
    package let amount: Money
    package let balance: Money
    package let terms: Terms
    /// Whether just this is ordered already.
    package let isInForce: Bool
    /// To be sent back with the confirmation.
    package let proof: [UInt8]

    /// Whether this is what the person was shown.
    ///
    /// `proof`: as it came back.
    package func isShown(by proof: [UInt8]) -> Bool { ConstantTime.isEqual(proof, self.proof) }
}

// The proof is over all that the person is shown but the balance, and over the order as it was
// then: who confirms is asked once more where any of it was changed on the way or in the meantime.
extension StandingOrders {
    package func proposal(
        of amount: Money,
        _ schedule: WeeklySchedule,
        for child: UserKey,
        by guardian: UserKey,
        at now: Instant
    ) async throws(StandingOrderRefusal) -> StandingOrderProposal {
        let account = try await account(of: guardian)
        let (card, purse) = try await checked(amount, for: child, by: guardian)
        let key = AllowanceRecord.key(guardian, child)
        let known = try await asking { () async throws(UserFailure) in
            try await stored(AllowanceRecord.self, key)
        }
        let next = ordered(known?.order, amount, schedule, child, guardian, at: now)
        var writer = shown(key, known?.revision, card, account)
        writer.money(amount)
        writer.byte(UInt8(schedule.weekday.rawValue))
        writer.byte(UInt8(schedule.hour))
        writer.offset(schedule.offset)
        writer.instant(next.dueAt)
        return StandingOrderProposal(
            card: card,
            account: account,
            amount: amount,
            balance: purse.balance,
            terms: .allowance(schedule, firstAt: next.dueAt),
            isInForce: known?.order == next,
            proof: users.hashes.standingOrder(writer.bytes)
        )
    }

    package func proposal(
        of rule: TopUpRule,
        for user: UserKey,
        at now: Instant
    ) async throws(StandingOrderRefusal) -> StandingOrderProposal {
        let account = try await account(of: user)
        let (card, purse) = try await checked(rule, for: user)
        let key = TopUpRecord.key(user)
        let known = try await asking { () async throws(UserFailure) in
            try await stored(TopUpRecord.self, key)
        }
        var next = ordered(known?.order, rule, user, at: now)
        let isInForce = known?.order == next
        next.turnMonth(at: now)
        let loaded = next.loadedThisMonth
        let isDue = rule.isDue(balance: purse.balance.minorUnits, loadedThisMonth: loaded)
        var writer = shown(key, known?.revision, card, account)
        writer.integer(rule.threshold, bytes: 8)
        writer.money(rule.amount)
        writer.integer(rule.monthMax, bytes: 8)
        writer.offset(rule.offset)
        // Whether it loads within minutes, and how much of the month's limit is left.
        writer.byte(isDue ? 1 : 0)
        writer.integer(loaded, bytes: 8)
        return StandingOrderProposal(
            card: card,
            account: account,
            amount: rule.amount,
            balance: purse.balance,
            terms: .topUp(rule, loaded: loaded, isDue: isDue),
            isInForce: isInForce,
            proof: users.hashes.standingOrder(writer.bytes)
        )
    }

    /// Key 32 or 64 (counted), revision 8, card 8, last four digits (counted), expiry: year 2,
    /// month 1.
    private func shown(
        _ key: RecordKey,
        _ revision: UInt64?,
        _ card: CardIdentifier,
        _ account: AccountOnFile
    ) -> ByteWriter {
        var writer = ByteWriter(capacity: 128)
        writer.counted(key.bytes)
        writer.integer(revision ?? 0, bytes: 8)
        writer.card(card)
        writer.text(account.lastFour)
        writer.integer(UInt64(account.expiry.year), bytes: 2)
        writer.byte(UInt8(account.expiry.month))
        return writer
    }

    private func account(
        of payer: UserKey
    ) async throws(StandingOrderRefusal) -> AccountOnFile {
        let found = try await asking { () async throws(UserFailure) in try await users.read(payer) }
        guard let account = found?.user.account else { throw .noFundingAccount }
        return AccountOnFile(account)
    }
}
