// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records

/// Whether a sale may move money: what its issuer says, and whether transaction and number are its
/// own. What the issuer says counts before what was here before.
struct SaleChecks {
    private let book: ClearingBook
    private let files: PartyFiles
    private let header: BatchHeader
    /// Whether transactions are looked up; else they are taken for new, and the store knows better.
    private let looksUp: Bool
    private var transactions: Set<TransactionIdentifier> = []
    private var numbers: [CountedNumbers.Block: ClearingBook.Entry<CountedNumbers>] = [:]

    init(_ book: ClearingBook, _ files: PartyFiles, _ header: BatchHeader, looksUp: Bool) {
        self.book = book
        self.files = files
        self.header = header
        self.looksUp = looksUp
    }

    /// Why a sale moves no money; nil where it does, and then transaction and number are taken.
    ///
    /// `isClaimed`: whether they are the sale's already.
    mutating func refusal(
        of claim: CreditStep.Claim,
        isClaimed: Bool = false
    ) async throws(ClearingFailure) -> SuspenseReason? {
        let sale = claim.sale
        guard let issuer = try await files.issuer(sale.card.issuer), let proof = claim.proof else {
            return .unknownIssuer
        }
        guard proof == .proved else { return .issuer(proof) }
        if issuer.hasEnded(sale.keyVersion, at: sale.time) { return .keyVersionEnded }
        let latest = header.closedAt.adding(ClearingLimits.clockTolerance)
        if sale.time.instant > latest { return .timeWrong }
        if isClaimed { return nil }
        if transactions.contains(sale.transaction) { return .alreadyCleared }
        if looksUp, try await isOnRecord(sale) { return .alreadyCleared }
        let currency = sale.amount.currency
        guard currency.isProgramme || issuer.pools.contains(currency) else { return .noPool }
        guard try await take(sale) else {
            return try await isOnRecord(sale) ? .alreadyCleared : .securityCardNumberUsedTwice
        }
        transactions.insert(sale.transaction)
        return nil
    }

    /// Adds the writes of the numbers that were taken, in the order of their keys.
    func write(to transition: inout Transition) async throws(ClearingFailure) {
        let changed = numbers.values.sorted {
            $0.value.key.lexicographicallyPrecedes($1.value.key)
        }
        for entry in changed {
            try await book.put(entry.value, over: entry.revision, to: &transition)
        }
    }

    /// Whether the transaction has moved money before.
    private func isOnRecord(_ sale: CollectedSale) async throws(ClearingFailure) -> Bool {
        try await book.find(ClearedSale.self, ClearedSale.key(sale.transaction)) != nil
    }

    /// Takes the security card's number of a sale.
    ///
    /// - Returns: false where another sale has it.
    private mutating func take(_ sale: CollectedSale) async throws(ClearingFailure) -> Bool {
        let block = CountedNumbers.Block(of: sale)
        var entry: ClearingBook.Entry<CountedNumbers>
        if let known = numbers[block] {
            entry = known
        } else if let found = try await book.find(CountedNumbers.self, block.bytes) {
            entry = found
        } else {
            entry = ClearingBook.Entry(value: CountedNumbers(block), revision: 0)
        }
        guard entry.value.take(sale.securityCardNumber) else { return false }
        numbers[block] = entry
        return true
    }
}
