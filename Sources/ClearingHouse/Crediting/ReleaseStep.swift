// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records

/// One transition that clears a sale which was set aside. It pays the fee of the day on which it
/// was made, and none for its batch.
struct ReleaseStep {
    private let book: ClearingBook
    private let files: PartyFiles
    private let header: BatchHeader
    private let now: Instant

    init(_ book: ClearingBook, _ files: PartyFiles, _ header: BatchHeader, now: Instant) {
        self.book = book
        self.files = files
        self.header = header
        self.now = now
    }

    /// `isPosted`: whether its amount stands in suspense, and its transaction is its own.
    /// Throws `.stillSuspended`.
    func release(
        _ claim: CreditStep.Claim,
        isPosted: Bool
    ) async throws(ClearingFailure) -> Transition {
        let sale = claim.sale
        var transition = Transition(writes: [])
        var checks = SaleChecks(book, files, header, looksUp: true)
        if let reason = try await checks.refusal(of: claim, isClaimed: isPosted) {
            throw .stillSuspended(reason)
        }
        // Points move no money.
        if sale.amount.currency.isProgramme { return try await taken(checks, transition) }
        let (merchant, reason) = try await files.merchant(of: sale)
        guard let merchant else { throw .stillSuspended(reason) }
        let gross = ExactAmount(sale.amount)
        let rule = files.fee(of: merchant, in: sale.amount.currency, at: sale.time.instant)
        let fee = rule.fee(of: sale.amount)
        guard let net = gross.adding(-fee) else { throw .amountTooLarge }
        var posting = Posting(book, now: now)
        let cause = AccountRow.Cause.released(claim.place)
        let source = isPosted ? sale.suspense : sale.pool
        try await posting.post(
            [
                Posting.Leg(account: source, amount: -gross, cause: cause),
                Posting.Leg(account: sale.merchantAccount, amount: net, cause: cause),
                Posting.Leg(account: sale.acquirerAccount, amount: fee, cause: cause),
            ],
            to: &transition
        )
        let row = try await posting.account(sale.merchantAccount).lastRow
        let known = try await book.find(ClearedSale.self, ClearedSale.key(sale.transaction))
        var cleared =
            known?.value
            ?? ClearedSale(sale.transaction, at: claim.place, row: row, isCredited: true)
        (cleared.row, cleared.isCredited) = (row, true)
        try await book.put(cleared, over: known?.revision ?? 0, to: &transition)
        try await posting.write(to: &transition)
        return try await taken(checks, transition)
    }

    private func taken(
        _ checks: SaleChecks,
        _ transition: Transition
    ) async throws(ClearingFailure) -> Transition {
        var transition = transition
        try await checks.write(to: &transition)
        return transition
    }
}
