// SPDX-License-Identifier: Apache-2.0

package import Kernel

// What became of a purchase, for pages that show it again.
extension Purchases {
    /// A purchase that debited a card.
    package struct Debited: Sendable {
        package let card: CardIdentifier
        /// What was paid; an order page with the same transaction may say something else.
        package let terms: OrderTerms
        package let outcome: PurchaseOutcome
        package let debitedAt: Instant
    }

    /// What became of a transaction as far as it is known now; nothing is asked and nothing is
    /// changed.
    ///
    /// - Returns: nil where no card was debited for it.
    package func outcome(
        of transaction: TransactionIdentifier
    ) async throws(Refusal) -> Debited? {
        guard let stored = try await read(transaction) else { return nil }
        return Debited(
            card: stored.draw.card,
            terms: stored.draw.terms,
            outcome: stored.outcome,
            debitedAt: stored.draw.debitedAt
        )
    }
}
