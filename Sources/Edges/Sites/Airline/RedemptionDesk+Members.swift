// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer

// What the desk asks the loyalty server about programmes and members.
extension RedemptionDesk {
    func programme(_ code: Currency) async throws(SiteFailure) -> Programme {
        try await loyaltyStep { () async throws(LoyaltyFailure) in
            try await loyalty.programme(code).programme
        }
    }

    func home(_ code: Currency) async throws(SiteFailure) -> Programme.Home {
        try await programme(code).home
    }

    /// The member whose card this is: as the loyalty server knows it by the card's name at this
    /// site, else, for a card that took the place of an earlier one, by the number on the card.
    ///
    /// - Parameters:
    ///   - card: the card's name at this site.
    ///   - programme: CURR of the programme.
    ///   - proved: the numbers that the card proved to have.
    /// - Returns: nil where the card is no member.
    /// - Throws: where the loyalty server cannot be asked.
    func membership(
        of card: CardPseudonym,
        in programme: Currency,
        proved: [Membership] = []
    ) async throws(SiteFailure) -> Membership? {
        let known = try await loyaltyStep { () async throws(LoyaltyFailure) in
            try await loyalty.membership(of: card, in: programme)
        }
        guard known == nil, let proved = proved.first(where: { $0.programme == programme })
        else { return known }
        do throws(LoyaltyFailure) {
            return try await loyalty.member(proved).membership
        } catch .unknownMember { return nil } catch { throw SiteFailure(error) }
    }

    /// What the member can redeem in the database at this moment.
    func available(
        _ member: Membership,
        now: Instant
    ) async throws(SiteFailure) -> UInt64 {
        try await loyaltyStep { () async throws(LoyaltyFailure) in
            try await loyalty.member(member).available(at: CardTime(now))
        }
    }

    /// - Returns: false where the member has not enough, or where it was given up before.
    func debit(
        _ points: UInt64,
        of member: Membership,
        for transaction: TransactionIdentifier,
        now: Instant
    ) async throws(SiteFailure) -> Bool {
        do throws(LoyaltyFailure) {
            _ = try await loyalty.debit(points, of: member, for: transaction, now: now)
            return true
        } catch .notEnough { return false } catch .pointsExpired {
            return false
        } catch .transactionEnded { return false } catch { throw SiteFailure(error) }
    }
}

extension SiteFailure {
    /// For failures of a benefit that no page tells of in its own words.
    init(_ failure: BenefitFailure) {
        switch failure {
        case .unknownBenefit, .unknownRedemption: self = .notFound
        case _ where failure.isTransient: self = .unavailable(failure)
        default: self = .broken(failure)
        }
    }

    /// For failures of the loyalty server that no page tells of in its own words.
    init(_ failure: LoyaltyFailure) {
        self = failure.isTransient ? .unavailable(failure) : .broken(failure)
    }
}

/// Does one step with benefits; what no page tells of becomes an error page.
func benefitStep<Value>(
    _ step: () async throws(BenefitFailure) -> Value
) async throws(SiteFailure) -> Value {
    do throws(BenefitFailure) {
        return try await step()
    } catch { throw SiteFailure(error) }
}

/// Does one step with the loyalty server; what no page tells of becomes an error page.
func loyaltyStep<Value>(
    _ step: () async throws(LoyaltyFailure) -> Value
) async throws(SiteFailure) -> Value {
    do throws(LoyaltyFailure) {
        return try await step()
    } catch { throw SiteFailure(error) }
}
