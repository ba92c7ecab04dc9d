// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records

/// What is on file of issuers and merchants, each read once for one step: a step is decided by one
/// state of the files.
final class PartyFiles {
    let terms: ClearingTerms
    private let book: ClearingBook
    private var issuers: [IssuerIdentifier: ClearedIssuer?] = [:]
    private var allIssuers: [ClearedIssuer]?
    private var merchants: [MerchantIdentifier: ClearedMerchant?] = [:]

    init(_ book: ClearingBook, _ terms: ClearingTerms) {
        self.book = book
        self.terms = terms
    }

    /// - Returns: nil where there is none.
    func issuer(
        _ issuer: IssuerIdentifier
    ) async throws(ClearingFailure) -> ClearedIssuer? {
        if let known = issuers[issuer] { return known }
        let found = try await book.find(ClearedIssuer.self, ClearedIssuer.key(issuer))?.value
        issuers[issuer] = .some(found)
        return found
    }

    /// The issuers that are one institution with a payee.
    func issuers(paidAs payee: Payee) async throws(ClearingFailure) -> [IssuerIdentifier] {
        let all: [ClearedIssuer]
        if let known = allIssuers {
            all = known
        } else {
            all = try await book.list(
                ClearedIssuer.self,
                after: nil,
                limit: RecordLimits.pageMax
            )
            allIssuers = all
        }
        return all.filter { $0.payee == payee }.map(\.identifier)
    }

    /// The merchant that is paid for a sale, or why nobody is.
    func merchant(
        of sale: CollectedSale
    ) async throws(ClearingFailure) -> (ClearedMerchant?, SuspenseReason) {
        let found: ClearedMerchant?
        if let known = merchants[sale.merchant] {
            found = known
        } else {
            found = try await book.find(ClearedMerchant.self, sale.merchant.bytes)?.value
            merchants[sale.merchant] = .some(found)
        }
        // A merchant of another acquirer: no security card of this one may sell for it.
        guard let found, found.acquirer == sale.securityCard.acquirer else {
            return (nil, .unknownMerchant)
        }
        guard found.account(in: sale.amount.currency) != nil,
            terms.unit(of: sale.amount.currency) != nil
        else { return (nil, .noAccount) }
        return (found, .noAccount)
    }
}
