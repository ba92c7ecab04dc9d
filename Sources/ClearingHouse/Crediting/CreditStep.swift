// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// One transition over sales of a batch that stand next to each other: what is taken from pools and
/// given to merchants and their acquirers, what is set aside, and the position in the batch. A sale
/// pays the fee of the day on which it was made, however late it comes.
struct CreditStep {
    /// A sale with where it was counted, and what its issuer says; nil where the issuer is not
    /// known here.
    struct Claim {
        let sale: CollectedSale
        let place: BatchPlace
        let proof: SaleProof?
    }

    /// What one account gets for its sales of this step.
    private struct Sum {
        var sales: AccountRow.Sales
        /// With a sign: below zero where it is taken.
        var amount: ExactAmount
        let isSuspense: Bool
    }

    private let book: ClearingBook
    private let files: PartyFiles
    private let header: BatchHeader
    private let now: Instant
    private var checks: SaleChecks
    private var posting: Posting
    private var writes = Transition(writes: [])
    private var sums: [LedgerAccount: Sum] = [:]
    /// What moves money, and the account that it is credited to.
    private var claimed: [(claim: Claim, account: LedgerAccount)] = []
    private var fees: [LedgerAccount: BatchFee] = [:]
    /// Whose fee for the batch was looked at.
    private var charged: Set<LedgerAccount> = []
    private var outcomes: [CreditOutcome] = []

    init(
        _ book: ClearingBook,
        _ files: PartyFiles,
        _ header: BatchHeader,
        looksUp: Bool,
        now: Instant
    ) {
        self.book = book
        self.files = files
        self.header = header
        checks = SaleChecks(book, files, header, looksUp: looksUp)
        self.now = now
        posting = Posting(book, now: now)
        writes.writes.reserveCapacity(CollectionMessage.partMax + 16)
    }

    // MARK: One sale

    mutating func take(_ claim: Claim) async throws(ClearingFailure) {
        let sale = claim.sale
        if let reason = try await checks.refusal(of: claim) {
            return try await setAside(claim, reason, isPosted: false)
        }
        if sale.amount.currency.isProgramme { return outcomes.append(.points) }
        let (merchant, reason) = try await files.merchant(of: sale)
        guard let merchant else {
            try add(claim, fee: .zero, to: sale.suspense, isSuspense: true)
            return try await setAside(claim, reason, isPosted: true)
        }
        let rule = files.fee(of: merchant, in: sale.amount.currency, at: sale.time.instant)
        let fee = rule.fee(of: sale.amount)
        try add(claim, fee: fee, to: sale.merchantAccount, isSuspense: false)
        try await charge(merchant, sale.merchantAccount)
        outcomes.append(.cleared)
    }

    private mutating func setAside(
        _ claim: Claim,
        _ reason: SuspenseReason,
        isPosted: Bool
    ) async throws(ClearingFailure) {
        let suspended = SuspendedSale(
            claim.sale,
            at: claim.place,
            reason,
            isPosted: isPosted,
            since: now
        )
        try await book.put(suspended, over: 0, to: &writes)
        outcomes.append(.suspended(reason))
    }

    // MARK: Sums

    private mutating func add(
        _ claim: Claim,
        fee: ExactAmount,
        to account: LedgerAccount,
        isSuspense: Bool
    ) throws(ClearingFailure) {
        let (sale, gross) = (claim.sale, ExactAmount(claim.sale.amount))
        guard let net = gross.adding(-fee) else { throw .amountTooLarge }
        try add(claim, -gross, gross: gross, fee: .zero, to: sale.pool)
        try add(claim, net, gross: gross, fee: fee, to: account, isSuspense: isSuspense)
        try add(claim, fee, gross: fee, fee: .zero, to: sale.acquirerAccount)
        claimed.append((claim, account))
    }

    private mutating func add(
        _ claim: Claim,
        _ amount: ExactAmount,
        gross: ExactAmount,
        fee: ExactAmount,
        to account: LedgerAccount,
        isSuspense: Bool = false
    ) throws(ClearingFailure) {
        var sum =
            sums[account]
            ?? Sum(
                sales: AccountRow.Sales(
                    batch: header.name,
                    first: claim.place.index,
                    last: claim.place.index,
                    count: 0,
                    gross: .zero,
                    fees: .zero
                ),
                amount: .zero,
                isSuspense: isSuspense
            )
        guard let amount = sum.amount.adding(amount), let gross = sum.sales.gross.adding(gross),
            let fees = sum.sales.fees.adding(fee)
        else { throw .amountTooLarge }
        sum.amount = amount
        (sum.sales.gross, sum.sales.fees) = (gross, fees)
        sum.sales.last = claim.place.index
        sum.sales.count += 1
        sums[account] = sum
    }

    /// Takes the fee for the batch, once for each merchant and currency: that of the day on which
    /// the batch was closed.
    private mutating func charge(
        _ merchant: ClearedMerchant,
        _ account: LedgerAccount
    ) async throws(ClearingFailure) {
        guard charged.insert(account).inserted else { return }
        let fee = files.fee(of: merchant, in: account.currency, at: header.closedAt).perBatch
        let key = BatchFee.key(header.name, merchant.identifier, account.currency)
        guard fee != .zero, try await book.find(BatchFee.self, key) == nil else { return }
        fees[account] = BatchFee(
            batch: header.name,
            merchant: merchant.identifier,
            currency: account.currency,
            fee: fee
        )
    }

    // MARK: The transition

    /// `crediting`: the position before, and its revision.
    /// `first`: where the first sale of the step stands.
    /// Returns the position afterwards, and all that becomes durable with it.
    mutating func transition(
        _ crediting: ClearingBook.Entry<Crediting>,
        from first: BatchPlace
    ) async throws(ClearingFailure) -> (Crediting, Transition) {
        try await post()
        for (claim, account) in claimed {
            let sale = ClearedSale(
                claim.sale.transaction,
                at: claim.place,
                row: posting.salesRow(of: account),
                isCredited: sums[account]?.isSuspense == false
            )
            try await book.put(sale, over: 0, to: &writes)
        }
        try await checks.write(to: &writes)
        for (_, fee) in fees { try await book.put(fee, over: 0, to: &writes) }
        let part = PartOutcomes(first: first, outcomes: outcomes)
        try await book.put(part, over: 0, to: &writes)
        let suspended = UInt32(outcomes.count(where: \.isSuspended))
        var next = crediting.value
        next.pass(UInt32(outcomes.count), suspended: suspended, at: now)
        try await book.put(next, over: crediting.revision, to: &writes)
        try await posting.write(to: &writes)
        return (next, writes)
    }

    /// One entry for each currency, then the fees for the batch.
    private mutating func post() async throws(ClearingFailure) {
        let accounts = sums.keys.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for currency in Set(accounts.map(\.currency)).sorted(by: { $0.bcd < $1.bcd }) {
            let legs = accounts.filter { $0.currency == currency }.compactMap { account in
                sums[account].map { sum in
                    Posting.Leg(
                        account: account,
                        amount: sum.amount,
                        cause: sum.isSuspense ? .suspended(sum.sales) : .sales(sum.sales)
                    )
                }
            }
            try await posting.post(legs, to: &writes)
        }
        let paying = fees.sorted { $0.key.key.lexicographicallyPrecedes($1.key.key) }
        for (account, fee) in paying {
            let acquirer = LedgerAccount(
                .acquirer(header.name.securityCard.acquirer),
                account.currency
            )
            try await posting.move(
                fee.fee,
                from: account,
                to: acquirer,
                .batchFee(header.name),
                in: &writes
            )
        }
    }
}
