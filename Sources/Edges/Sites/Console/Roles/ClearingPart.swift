// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Records

/// Whose accounts at the clearing house an operator sees, where it is not all of them.
enum ClearingPart: Hashable, Sendable {
    /// Its account, its payouts and the disputes of its sales.
    case merchant(MerchantIdentifier)
    /// Its own accounts and those of its merchants, their payouts, its sales that were set aside.
    case acquirer(UInt32)
    /// Its pool, its expired value and what it owes, sales of its cards that were set aside.
    case issuer(IssuerIdentifier)
}

extension ConsoleParts.Clearing {
    /// The merchant whose account alone is seen; nil for the others.
    var merchant: MerchantIdentifier? {
        guard case .merchant(let merchant) = part else { return nil }
        return merchant
    }

    /// Whether a sale is one of those that are seen.
    func covers(_ sale: CollectedSale) -> Bool {
        switch part {
        case nil: true
        case .merchant(let merchant): sale.merchant == merchant
        case .acquirer(let acquirer): sale.securityCard.acquirer == acquirer
        case .issuer(let issuer): sale.card.issuer == issuer
        }
    }

    /// Whether an account is one of those that are seen. One of a merchant whose record does not
    /// open is seen by no acquirer.
    func covers(_ owner: LedgerAccount.Owner) async throws(ClearingFailure) -> Bool {
        switch (part, owner) {
        case (nil, _): return true
        case (.merchant(let own), .merchant(let merchant)): return own == merchant
        case (.acquirer(let own), .acquirer(let acquirer)),
            (.acquirer(let own), .suspense(let acquirer)):
            return own == acquirer
        case (.acquirer(let own), .merchant(let merchant)):
            do throws(ClearingFailure) {
                return try await house.merchant(merchant)?.acquirer == own
            } catch .damaged { return false } catch { throw error }
        case (.issuer(let own), .pool(let issuer)), (.issuer(let own), .expired(let issuer)):
            return own == issuer
        default: return false
        }
    }

    /// Whether an issuer's part alone is seen.
    var isIssuers: Bool {
        guard case .issuer = part else { return false }
        return true
    }

    /// Whether it is seen what an issuer owes.
    func covers(_ issuer: IssuerIdentifier) -> Bool { part == nil || part == .issuer(issuer) }

    /// The accounts that are seen; of many the first ones alone.
    func accounts() async throws(ClearingFailure) -> [AccountRecord] {
        let limit = ConsoleLimits.accountRows
        switch part {
        case nil: return try await house.accounts(after: nil, limit: limit)
        case .merchant(let merchant): return try await accounts(of: [.merchant(merchant)])
        case .issuer(let issuer): return try await accounts(of: [.pool(issuer), .expired(issuer)])
        case .acquirer:
            return try await SeenPage(
                after: nil,
                limit: limit,
                isNarrowed: true,
                of: { $0.account },
                isSeen: { record async throws(ClearingFailure) in
                    try await covers(record.account.owner)
                },
                page: { account, limit async throws(ClearingFailure) in
                    try await house.accounts(after: account, limit: limit)
                }
            ).items
        }
    }

    private func accounts(
        of owners: [LedgerAccount.Owner]
    ) async throws(ClearingFailure) -> [AccountRecord] {
        let units = try await house.terms().units
        var accounts: [AccountRecord] = []
        for owner in owners {
            for unit in units {
                let account = try await house.account(LedgerAccount(owner, unit.currency))
                if let account { accounts.append(account) }
            }
        }
        return accounts
    }

    /// Newest first, what was paid to a merchant or an acquirer that sees its part alone; nothing
    /// for the others, who see the days.
    func ownPayouts(limit: Int) async throws(ClearingFailure) -> [Payout] {
        let owner: LedgerAccount.Owner
        switch part {
        case .merchant(let merchant): owner = .merchant(merchant)
        case .acquirer(let acquirer): owner = .acquirer(acquirer)
        case nil, .issuer: return []
        }
        var payouts: [Payout] = []
        for unit in try await house.terms().units {
            payouts += try await house.payouts(
                of: LedgerAccount(owner, unit.currency),
                limit: limit
            )
        }
        return payouts
    }

    /// Payouts of a day that are seen, in the order of their numbers.
    func payouts(
        of day: BusinessDay,
        after number: UInt32,
        limit: Int
    ) async throws(ClearingFailure) -> SeenPage<Payout, UInt32> {
        try await SeenPage(
            after: number,
            limit: limit,
            isNarrowed: part != nil,
            of: { $0.name.number },
            isSeen: { payout async throws(ClearingFailure) in
                try await covers(payout.account.owner)
            },
            page: { number, limit async throws(ClearingFailure) in
                try await house.payouts(of: day, after: number ?? 0, limit: limit)
            }
        )
    }

    /// Sales that wait for somebody and are seen, in the order of their batches.
    func suspended(
        after place: BatchPlace?,
        limit: Int
    ) async throws(ClearingFailure) -> SeenPage<SuspendedSale, BatchPlace> {
        try await SeenPage(
            after: place,
            limit: limit,
            isNarrowed: part != nil,
            of: { $0.place },
            isSeen: { sale async throws(ClearingFailure) in covers(sale.sale) },
            page: { place, limit async throws(ClearingFailure) in
                try await house.suspended(after: place, limit: limit)
            }
        )
    }
}
