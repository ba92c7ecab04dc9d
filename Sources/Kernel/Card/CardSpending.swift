// SPDX-License-Identifier: Apache-2.0

/// The spending policy of a card with what counts against it. A card whose policy refuses nothing
/// has none of this.
package struct CardSpending: Equatable, Sendable {
    package private(set) var policy: SpendingPolicy
    /// Where the policy has limits.
    package private(set) var usage: SpendingUsage?

    /// As it was stored.
    ///
    /// - Returns: nil where the policy refuses nothing, or what is counted does not fit it.
    package init?(policy: SpendingPolicy, usage: SpendingUsage?) {
        guard !policy.refusesNothing, (policy.limits == nil) == (usage == nil) else { return nil }
        self.policy = policy
        self.usage = usage
    }

    /// What a card has after its policy was set. What was spent stays counted as long as the same
    /// currency is limited.
    ///
    /// - Parameters:
    ///   - policy: the new one.
    ///   - present: what the card has.
    ///   - moment: the present one.
    ///   - nextTransaction: the NT that the next debit will have.
    /// - Returns: nil where the policy refuses nothing.
    package static func setting(
        _ policy: SpendingPolicy,
        after present: CardSpending?,
        at moment: Instant,
        nextTransaction: UInt32
    ) -> CardSpending? {
        guard let limits = policy.limits else { return CardSpending(policy: policy, usage: nil) }
        let old = present?.policy.limits
        let isSame = old?.currency == limits.currency && old?.exponent == limits.exponent
        let usage = isSame ? present?.usage : nil
        return CardSpending(
            policy: policy,
            usage: usage
                ?? SpendingUsage(at: moment, limits.offset, nextTransaction: nextTransaction)
        )
    }

    /// Whether the category of a merchant decides anything.
    package var asksCategory: Bool { policy.limits.map { $0.categories.kind != .all } ?? false }

    package func verdict(on request: SpendingRequest, at moment: Instant) -> SpendingVerdict {
        policy.verdict(on: request, usage, at: moment)
    }

    /// Why a purchase would be refused at a moment, or nil: to be told before it is tried.
    package func refusal(of request: SpendingRequest, at moment: Instant) -> SpendingRefusal? {
        guard case .refused(let refusal) = verdict(on: request, at: moment) else { return nil }
        return refusal
    }

    /// Counts a debit that was allowed, and uses its exception up.
    ///
    /// `transaction`: its NT.
    package mutating func count(
        _ amount: Money,
        transaction: UInt32,
        exception: UInt32?,
        at moment: Instant
    ) {
        if let exception { policy.remove(exception: exception) }
        guard let limits = policy.limits, limits.counts(amount) else { return }
        usage?.add(amount.minorUnits, transaction: transaction, at: moment, limits.offset)
    }

    /// Takes back what was counted for a debit whose value was put back. An exception that it has
    /// used up stays used.
    package mutating func giveBack(_ amount: Money, transaction: UInt32) {
        guard let limits = policy.limits, limits.counts(amount) else { return }
        usage?.giveBack(amount.minorUnits, transaction: transaction)
    }
}

/// A setting of a card that its issuer, or somebody for whom the issuer acts, has made.
package enum CardSetting: Equatable, Sendable {
    case blocked(Bool)
    case policy(SpendingPolicy)
    /// The programme enters the member's number; `balanceMax` opens a purse for its points where
    /// they are kept on the card, at this exponent.
    case membership(Membership, Exponent, balanceMax: UInt64?)
}

/// Why a setting is not made, in the order of precedence.
package enum SettingRefusal: Error, CaseIterable, Sendable {
    case unknownCard
    /// Limits are set in the currency of the card's money.
    case otherCurrency
    /// Nothing is limited, so that there is nothing to except from.
    case noLimits
    /// The exception would be over before it begins.
    case alreadyOver
    /// As many exceptions are open as there can be.
    case exceptionsFull
    /// The exception was used, or never made.
    case unknownException
    /// The card has another number of this programme.
    case alreadyEnrolled
    /// The card holds as many programmes as it can.
    case cardFull
}
