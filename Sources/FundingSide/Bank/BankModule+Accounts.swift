// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

// Accounts, their postings and their statements.
extension BankModule {
    /// Opens an account for a customer. Durable before it is given.
    ///
    /// - Throws: `.accountExists`, `.ownerUnreadable`.
    @discardableResult
    package func openAccount(
        _ number: AccountNumber,
        owner: String,
        _ currency: Currency,
        _ exponent: Exponent,
        now: Instant
    ) async throws(BankFailure) -> Account {
        guard (1...Account.ownerBytesMax).contains(owner.utf8.count), ByteReader.isText(owner)
        else { throw .ownerUnreadable }
        let account = Account(
            number: number,
            kind: .customer(owner: owner),
            currency: currency,
            exponent: exponent,
            openedAt: now
        )
        return try await open([account], now: now)[0]
    }

    /// Opens the funds pool of an issuer in one currency; opening it again changes nothing.
    package func openPool(
        of issuer: IssuerIdentifier,
        _ currency: Currency,
        _ exponent: Exponent,
        now: Instant
    ) async throws(BankFailure) {
        let accounts = FundsPool.accounts(of: issuer, currency, exponent).map { number in
            Account(
                number: number,
                kind: .pool(issuer),
                currency: currency,
                exponent: exponent,
                openedAt: now
            )
        }
        do throws(BankFailure) {
            try await open(accounts, now: now)
        } catch .accountExists {}
    }

    @discardableResult
    private func open(
        _ accounts: [Account],
        now: Instant
    ) async throws(BankFailure) -> [Account] {
        try await book.change { () async throws(BankFailure) in
            var transition = Transition(writes: [])
            for account in accounts {
                if try await exists(account.number) { throw .accountExists }
                let entry = AccountEntry(.opened, at: now, after: account)
                try await book.add(account, over: 0, entry, to: &transition)
            }
            return (accounts, transition)
        }
    }

    /// Pays money in, from outside the bank: a posting from the bank's own account.
    ///
    /// - Throws: `.unknownAccount`, `.amountTooLarge`.
    @discardableResult
    package func deposit(
        _ minorUnits: UInt64,
        into number: AccountNumber,
        now: Instant
    ) async throws(BankFailure) -> Account {
        let transaction = TransactionIdentifier(at: now, random: random.pair())
        return try await book.change { () async throws(BankFailure) in
            let account = try await book.account(number)
            let cash = try await cash(account.value.currency, account.value.exponent, now: now)
            guard let credited = account.value.crediting(minorUnits),
                let debited = cash.value.debiting(minorUnits)
            else { throw .amountTooLarge }
            var transition = Transition(writes: [])
            let out = AccountEntry(
                .debited,
                at: now,
                amount: minorUnits,
                otherSide: number,
                transaction: transaction,
                after: debited
            )
            let into = AccountEntry(
                .credited,
                at: now,
                amount: minorUnits,
                otherSide: cash.value.number,
                transaction: transaction,
                after: credited
            )
            try await book.add(debited, over: cash.revision, out, to: &transition)
            try await book.add(credited, over: account.revision, into, to: &transition)
            return (credited, transition)
        }
    }

    /// The bank's own account; made with its first posting.
    private func cash(
        _ currency: Currency,
        _ exponent: Exponent,
        now: Instant
    ) async throws(BankFailure) -> BankBook.Entry<Account> {
        let number = AccountNumber.cash(currency, exponent)
        do throws(BankFailure) {
            return try await book.account(number)
        } catch .unknownAccount {
            let account = Account(
                number: number,
                kind: .cash,
                currency: currency,
                exponent: exponent,
                openedAt: now
            )
            return BankBook.Entry(value: account, revision: 0)
        }
    }

    private func exists(_ number: AccountNumber) async throws(BankFailure) -> Bool {
        do throws(BankFailure) {
            _ = try await book.account(number)
            return true
        } catch .unknownAccount {
            return false
        }
    }
}
