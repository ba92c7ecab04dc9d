// SPDX-License-Identifier: Apache-2.0

package import Kernel
import SecurityModule

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

    /// Compares S3 in the place of a client terminal that cannot (FIG. 7, variation).
    ///
    /// - Returns: the outcome with Debit Result M; pending where S3 is not the expected one, so
    ///   that the payment server's word is waited for.
    package func compared(_ outcome: PurchaseOutcome) async -> PurchaseOutcome {
        guard case .paid(let receipt) = outcome,
            case .locked(let locked, let signature, let key) = receipt.handover
        else { return outcome }
        let session = await keys.session(key, receipt.terms.transaction)
        guard let result = try? await session.unlock(locked, with: signature) else {
            return .pending(receipt.with(nil))
        }
        return .paid(receipt.with(.result(result)))
    }
}
