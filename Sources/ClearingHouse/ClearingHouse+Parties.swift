// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records

// Who takes part, and on what terms. Who may change it is the matter of who composes this.
extension ClearingHouse {
    /// What holds for the scheme.
    ///
    /// - Throws: `.noTerms`.
    package func terms() async throws(ClearingFailure) -> ClearingTerms {
        guard let entry = try await book.find(ClearingTerms.self, ClearingTerms.key) else {
            throw .noTerms
        }
        return entry.value
    }

    /// Sets the terms as a whole. Who changes those of a running scheme prepares a change, which
    /// leaves the fees of days that have passed as they were.
    ///
    /// - Throws: `.currencyFixed` where the minor unit of a currency would change, or a currency
    ///   would go.
    package func set(_ terms: ClearingTerms) async throws(ClearingFailure) {
        try await book.change { () async throws(ClearingFailure) in
            let entry = try await book.find(ClearingTerms.self, ClearingTerms.key)
            for unit in entry?.value.units ?? []
            where terms.unit(of: unit.currency)?.exponent != unit.exponent {
                throw .currencyFixed(unit.currency)
            }
            return ((), try await write(terms, over: entry))
        }
    }

    package func issuer(
        _ issuer: IssuerIdentifier
    ) async throws(ClearingFailure) -> ClearedIssuer? {
        try await book.find(ClearedIssuer.self, ClearedIssuer.key(issuer))?.value
    }

    /// Adds an issuer, or changes it. Key versions that end are told to payment servers.
    ///
    /// - Throws: `.unknownCurrency` for a pool in a currency that the terms do not have.
    package func set(_ issuer: ClearedIssuer) async throws(ClearingFailure) {
        let terms = try await terms()
        for currency in issuer.pools where terms.unit(of: currency) == nil {
            throw .unknownCurrency(currency)
        }
        try await book.change { () async throws(ClearingFailure) in
            let entry = try await book.find(ClearedIssuer.self, issuer.key)
            var transition = try await write(issuer, over: entry)
            let ended = issuer.endedVersions.filter {
                entry?.value.endedVersions.contains($0) != true
            }
            let updates = ended.map {
                SchemeUpdate.keyVersionEnds(
                    issuer.identifier,
                    version: $0.version,
                    lastDay: $0.lastDay
                )
            }
            try await tell(updates, in: &transition)
            return ((), transition)
        }
    }

    package func acquirer(
        _ acquirer: UInt32
    ) async throws(ClearingFailure) -> ClearedAcquirer? {
        try await book.find(ClearedAcquirer.self, ClearedAcquirer.key(acquirer))?.value
    }

    /// Adds an acquirer, or changes it.
    package func set(_ acquirer: ClearedAcquirer) async throws(ClearingFailure) {
        try await book.change { () async throws(ClearingFailure) in
            let entry = try await book.find(ClearedAcquirer.self, acquirer.key)
            return ((), try await write(acquirer, over: entry))
        }
    }

    package func merchant(
        _ merchant: MerchantIdentifier
    ) async throws(ClearingFailure) -> ClearedMerchant? {
        try await book.find(ClearedMerchant.self, merchant.bytes)?.value
    }

    /// Adds a merchant, or changes it; the fees of an account that is on file stay as they are,
    /// whatever is given here. Whether it is cleared for is told to payment servers.
    ///
    /// - Throws: `.unknownAcquirer`; `.otherAcquirer` where the merchant is that of another one;
    ///   `.unknownCurrency` for an account in a currency that the terms do not have.
    package func set(_ merchant: ClearedMerchant) async throws(ClearingFailure) {
        let terms = try await terms()
        for account in merchant.accounts where terms.unit(of: account.currency) == nil {
            throw .unknownCurrency(account.currency)
        }
        guard try await acquirer(merchant.acquirer) != nil else { throw .unknownAcquirer }
        try await book.change { () async throws(ClearingFailure) in
            let entry = try await book.find(ClearedMerchant.self, merchant.key)
            if let known = entry?.value.acquirer, known != merchant.acquirer {
                throw .otherAcquirer(known)
            }
            var merchant = merchant
            merchant.accounts = merchant.accounts.map { account in
                let known = entry?.value.account(in: account.currency)
                return known.map { account.with($0.fees) } ?? account
            }
            var transition = try await write(merchant, over: entry)
            if (entry?.value.isCleared ?? true) != merchant.isCleared {
                let update = SchemeUpdate.merchant(
                    merchant.identifier,
                    isOpen: merchant.isCleared
                )
                try await tell([update], in: &transition)
            }
            return ((), transition)
        }
    }

    /// Merchants in the order of their identifiers.
    ///
    /// `merchant`: the last one of the page before; nil for the first page.
    /// `limit`: capped at ``RecordLimits/pageMax``.
    package func merchants(
        after merchant: MerchantIdentifier?,
        limit: Int
    ) async throws(ClearingFailure) -> [ClearedMerchant] {
        try await book.list(ClearedMerchant.self, after: merchant?.bytes, limit: limit)
    }

    package func issuers(limit: Int) async throws(ClearingFailure) -> [ClearedIssuer] {
        try await book.list(ClearedIssuer.self, after: nil, limit: limit)
    }

    package func acquirers(limit: Int) async throws(ClearingFailure) -> [ClearedAcquirer] {
        try await book.list(ClearedAcquirer.self, after: nil, limit: limit)
    }

    /// Who has an account, by name.
    ///
    /// - Returns: nil for the clearing house's own accounts, and for who is not on file, or whose
    ///   record does not open.
    package func ownerName(
        of account: LedgerAccount
    ) async throws(ClearingFailure) -> String? {
        do throws(ClearingFailure) {
            switch account.owner {
            case .merchant(let merchant): return try await self.merchant(merchant)?.name
            case .acquirer(let acquirer): return try await self.acquirer(acquirer)?.name
            case .pool(let issuer), .expired(let issuer):
                return try await self.issuer(issuer)?.name
            case .bank, .suspense, .inTransit: return nil
            }
        } catch .damaged { return nil } catch { throw error }
    }

    /// The write of a record's next state; none where nothing changes.
    private func write<Value: ClearingRecord>(
        _ value: Value,
        over entry: ClearingBook.Entry<Value>?
    ) async throws(ClearingFailure) -> Transition {
        var transition = Transition(writes: [])
        if entry?.value != value {
            try await book.put(value, over: entry?.revision ?? 0, to: &transition)
        }
        return transition
    }
}
