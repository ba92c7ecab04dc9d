// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Kernel
import SecurityModule
import Wire

// What must be right before the gateway is asked.
extension AccountLoads {
    /// What the checks have found.
    struct Check: Sendable {
        let account: FundingAccount
        let address: BillingAddress
        let purse: BalanceRoom
    }

    /// A purse with what may still be loaded.
    struct BalanceRoom: Sendable {
        let balance: Money
        let balanceMax: UInt64

        /// The maximum load (FIG. 18A, step 873): none where a recovery took the balance above the
        /// maximum.
        var maximum: UInt64 {
            balanceMax > balance.minorUnits ? balanceMax - balance.minorUnits : 0
        }
    }

    /// Looks for the reasons to refuse, in their order.
    func checked(_ request: AccountLoadRequest) async throws(AccountLoadRefusal) -> Check {
        let (account, address) = try await payment(by: request.payer)
        if account.expiry.isPast(at: now()) { throw .accountExpired }
        let isForChild = try await isCardOfChild(request.card, of: request.payer)
        guard isForChild == request.purpose.isForChild else { throw .notAllowed }
        let card = try await usable(request.card)
        let purse = try room(on: card, for: request.amount)
        if request.amount.minorUnits < settings.minimum { throw .belowMinimum }
        if request.amount.minorUnits > purse.maximum { throw .aboveMaximum }
        return Check(account: account, address: address, purse: purse)
    }

    /// The account of a user who has one.
    func payment(
        by payer: UserKey
    ) async throws(AccountLoadRefusal) -> (FundingAccount, BillingAddress) {
        let found = try await asking { () async throws(UserFailure) in try await users.read(payer) }
        guard case .account(let account, let address) = found?.user.funding else {
            throw .noFundingAccount
        }
        return (account, address)
    }

    /// Whether the card is that of a child; it must be that or the payer's own.
    func isCardOfChild(
        _ card: CardIdentifier,
        of payer: UserKey
    ) async throws(AccountLoadRefusal) -> Bool {
        let holder = try await asking { () async throws(UserFailure) in
            try await users.holder(of: card)
        }
        guard let holder else { throw .notAllowed }
        if holder.key == payer { return false }
        guard holder.user.guardian == payer else { throw .notAllowed }
        return true
    }

    /// A card that can be loaded.
    func usable(_ card: CardIdentifier) async throws(AccountLoadRefusal) -> CardDescription {
        let found: CardDescription?
        do {
            found = try await desk.describe(card)
        } catch .module(.sealBroken) {
            throw .cardDamaged
        } catch {
            throw .storeUnavailable
        }
        guard let found else { throw .unknownCard }
        if found.isBlocked { throw .cardBlocked }
        if found.expiry.isPast(at: CardTime(now())) { throw .cardExpired }
        if found.lastNumber == .max { throw .numbersUsedUp }
        return found
    }

    func room(
        on card: CardDescription,
        for amount: Money
    ) throws(AccountLoadRefusal) -> BalanceRoom {
        guard let purse = card.purses.first(where: { $0.balance.isComparable(to: amount) }) else {
            throw .currencyNotHeld
        }
        return BalanceRoom(balance: purse.balance, balanceMax: purse.balanceMax)
    }

    /// A damaged user is one who cannot pay; a store that does not answer is another matter.
    func asking<Value>(
        _ question: () async throws(UserFailure) -> Value?
    ) async throws(AccountLoadRefusal) -> Value? {
        do throws(UserFailure) {
            return try await question()
        } catch .module(.sealBroken) {
            return nil
        } catch .damaged {
            return nil
        } catch {
            throw .storeUnavailable
        }
    }
}
