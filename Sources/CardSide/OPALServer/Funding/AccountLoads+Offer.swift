// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

/// What the load page shows: amounts to choose from, what is possible, and the account that pays
/// (patent, alternative loading embodiment).
package struct AccountLoadOffer: Equatable, Sendable {
    package let card: CardIdentifier
    package let balance: Money
    package let balanceMax: UInt64
    /// The least and the most that can be loaded now, in minor units; the most may be the smaller
    /// one, and then nothing can.
    package let minimum: UInt64
    package let maximum: UInt64
    /// Those amounts of the menu that can be loaded now.
    package let menu: [UInt64]
    /// For the confirmation: the last four digits and the expiry.
    package let account: AccountOnFile

    package var canLoad: Bool { maximum >= minimum }
}

// For pages.
extension AccountLoads {
    /// What can be loaded onto a card by who pays: their own card, or that of a child of theirs.
    ///
    /// - Throws: what would keep every load from being made.
    package func offer(
        for card: CardIdentifier,
        by payer: UserKey
    ) async throws(AccountLoadRefusal) -> AccountLoadOffer {
        let (account, _) = try await payment(by: payer)
        if account.expiry.isPast(at: now()) { throw .accountExpired }
        _ = try await isCardOfChild(card, of: payer)
        // Purse 0 is money.
        guard let purse = try await usable(card).purses.first else { throw .currencyNotHeld }
        let room = BalanceRoom(balance: purse.balance, balanceMax: purse.balanceMax)
        return AccountLoadOffer(
            card: card,
            balance: purse.balance,
            balanceMax: purse.balanceMax,
            minimum: settings.minimum,
            maximum: room.maximum,
            menu: settings.menu.filter { (settings.minimum...).contains($0) && $0 <= room.maximum },
            account: AccountOnFile(account)
        )
    }

    /// A load as far as it is known now; nothing is asked. What is not known yet a mail will tell.
    ///
    /// - Returns: nil where there is none, or where another user pays it.
    /// - Throws: also where it cannot be made sure now that the mail will come.
    package func load(
        _ transaction: TransactionIdentifier,
        by payer: UserKey
    ) async throws(AccountLoadRefusal) -> AccountLoadRecord? {
        guard let stored = try await read(transaction), stored.load.payer == payer else {
            return nil
        }
        return try await markedAsPending(stored).load
    }

    // MARK: For the operator

    /// The loads that wait for their end, oldest first.
    ///
    /// `limit`: capped at ``RecordLimits/pageMax``.
    /// Returns: each with nil where the stored load does not open: it was changed by somebody else.
    package func openLoads(
        after cursor: TransactionIdentifier? = nil,
        limit: Int
    ) async throws(UserFailure) -> [(transaction: TransactionIdentifier, load: AccountLoadRecord?)]
    {
        let page: [Record]
        do throws(StoreFailure) {
            page = try await users.records.store.listOpen(
                AccountLoadRecord.kind,
                after: cursor?.bytes,
                limit: limit
            )
        } catch {
            throw .store(error)
        }
        return await lines(of: page)
    }

    /// The loads behind one, ended or not, oldest first; as ``openLoads(after:limit:)`` otherwise.
    package func loads(
        after cursor: TransactionIdentifier?,
        limit: Int
    ) async throws(UserFailure) -> [(transaction: TransactionIdentifier, load: AccountLoadRecord?)]
    {
        let page: [Record]
        do throws(StoreFailure) {
            page = try await users.records.store.list(
                AccountLoadRecord.kind,
                after: cursor?.bytes,
                limit: limit,
                order: .ascending
            )
        } catch {
            throw .store(error)
        }
        return await lines(of: page)
    }

    private func lines(
        of page: [Record]
    ) async -> [(transaction: TransactionIdentifier, load: AccountLoadRecord?)] {
        var lines: [(TransactionIdentifier, AccountLoadRecord?)] = []
        for record in page {
            guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes)) else {
                preconditionFailure("The key of a load is its TRX.")
            }
            lines.append((transaction, try? await open(record).load))
        }
        return lines
    }

    /// Whether there is such a load.
    package func isKnown(
        _ transaction: TransactionIdentifier
    ) async throws(AccountLoadRefusal) -> Bool {
        try await read(transaction) != nil
    }

    /// Asks the gateway about one load now, as the operator wishes; the answer alone decides.
    ///
    /// - Returns: nil where there is no such load.
    package func ask(
        about transaction: TransactionIdentifier
    ) async throws(AccountLoadRefusal) -> AccountLoadRecord? {
        guard let stored = try await read(transaction) else { return nil }
        return await step(stored).stored.load
    }
}
