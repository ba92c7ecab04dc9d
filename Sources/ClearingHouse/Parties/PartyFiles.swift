// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records

/// The issuers that are on file, in the order of their BIN.
struct IssuerRecords {
    fileprivate(set) var open: [ClearedIssuer] = []
    /// Whose record does not open, and what it is called.
    fileprivate(set) var closed: [(issuer: IssuerIdentifier, place: String)] = []
}

extension ClearingBook {
    func allIssuers() async throws(ClearingFailure) -> IssuerRecords {
        var all = IssuerRecords()
        var last: [UInt8]?
        while true {
            let page = try await records(
                ClearedIssuer.kind,
                after: last,
                limit: RecordLimits.pageMax
            )
            for record in page { try await add(record, to: &all) }
            guard page.count == RecordLimits.pageMax else { return all }
            last = page.last?.key.bytes
        }
    }

    private func add(
        _ record: Record,
        to all: inout IssuerRecords
    ) async throws(ClearingFailure) {
        do throws(ClearingFailure) {
            all.open.append(try await open(ClearedIssuer.self, record).value)
        } catch .damaged(let place) {
            guard let issuer = ClearedIssuer.identifier(key: record.key.bytes) else {
                throw .damaged(place)
            }
            all.closed.append((issuer, place))
        } catch { throw error }
    }
}

/// What is on file of issuers and merchants, each read once for one step: a step is decided by one
/// state of the files.
final class PartyFiles {
    let terms: ClearingTerms
    private let book: ClearingBook
    private var issuers: [IssuerIdentifier: ClearedIssuer?] = [:]
    private var allIssuers: IssuerRecords?
    private var merchants: [MerchantIdentifier: ClearedMerchant?] = [:]
    private var fees: [LedgerAccount: FeeSchedule] = [:]

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

    /// All issuers, and those whose records do not open.
    func everyIssuer() async throws(ClearingFailure) -> IssuerRecords {
        if let known = allIssuers { return known }
        let all = try await book.allIssuers()
        allIssuers = all
        return all
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

    /// What a merchant pays on the day, by the scheme's clock, on which something was done: a sale
    /// made (DTHR), a batch closed. When it is cleared does not matter.
    func fee(
        of merchant: ClearedMerchant,
        in currency: Currency,
        at moment: Instant
    ) -> FeeRule {
        let account = LedgerAccount(.merchant(merchant.identifier), currency)
        let schedule: FeeSchedule
        if let known = fees[account] {
            schedule = known
        } else {
            schedule = merchant.feeSchedule(in: currency, terms)
            fees[account] = schedule
        }
        return schedule.rule(on: terms.clock.day(of: moment)) ?? .none
    }
}
