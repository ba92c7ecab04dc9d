// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

// Suspense: sales that were not cleared when they came.
extension ClearingHouse {
    /// Sales that wait for somebody, in the order of their batches.
    ///
    /// `place`: the last one of the page before; nil for the first page.
    package func suspended(
        after place: BatchPlace? = nil,
        limit: Int
    ) async throws(ClearingFailure) -> [SuspendedSale] {
        try await book.listOpen(SuspendedSale.self, after: place?.bytes, limit: limit)
    }

    /// - Returns: nil for a sale that never was set aside.
    package func suspended(
        at place: BatchPlace
    ) async throws(ClearingFailure) -> SuspendedSale? {
        try await book.find(SuspendedSale.self, place.bytes)?.value
    }

    /// Clears a sale that was set aside, where what kept it from being cleared is gone: the issuer
    /// is asked anew, merchant and pool are looked up anew.
    ///
    /// `who`: the operator, for the record.
    /// Throws `.notSuspended`, `.suspenseEnded`; `.stillSuspended` with the reason;
    ///   `.issuerSilent`.
    package func release(
        _ place: BatchPlace,
        by who: String,
        now: Instant
    ) async throws(ClearingFailure) {
        let terms = try await terms()
        try await book.change { () async throws(ClearingFailure) in
            let entry = try await suspense(place)
            let transition = try await released(entry.value, at: place, terms, now: now)
            let decision = SuspendedSale.Decision(end: .released, at: now, by: who)
            return ((), try await end(entry, decision, transition))
        }
    }

    /// Looks whether ``release(_:by:now:)`` would clear a sale, and changes nothing.
    ///
    /// - Throws: what that would.
    package func checkRelease(_ place: BatchPlace, now: Instant) async throws(ClearingFailure) {
        let suspended = try await suspense(place).value
        _ = try await released(suspended, at: place, try await terms(), now: now)
    }

    private func released(
        _ suspended: SuspendedSale,
        at place: BatchPlace,
        _ terms: ClearingTerms,
        now: Instant
    ) async throws(ClearingFailure) -> Transition {
        let files = PartyFiles(book, terms)
        let bytes = suspended.sale.bytes(at: place)
        let proofs = try await proofs(of: [suspended.sale], [bytes], files)
        guard let batch = try await header(of: place.batch) else { throw .unknownBatch }
        return try await ReleaseStep(book, files, batch, now: now).release(
            CreditStep.Claim(sale: suspended.sale, place: place, proof: proofs[0]),
            isPosted: suspended.isPosted
        )
    }

    /// Gives a sale up: it is not paid, and what stands in suspense for it goes back to its issuer.
    ///
    /// - Throws: `.notSuspended`, `.suspenseEnded`.
    package func reject(
        _ place: BatchPlace,
        by who: String,
        now: Instant
    ) async throws(ClearingFailure) {
        try await book.change { () async throws(ClearingFailure) in
            let entry = try await suspense(place)
            let (sale, gross) = (entry.value.sale, ExactAmount(entry.value.sale.amount))
            var transition = Transition(writes: [])
            if entry.value.isPosted {
                var posting = Posting(book, now: now)
                try await posting.move(
                    gross,
                    from: sale.suspense,
                    to: sale.pool,
                    .rejected(place),
                    in: &transition
                )
                try await posting.write(to: &transition)
            }
            let decision = SuspendedSale.Decision(end: .rejected, at: now, by: who)
            return ((), try await end(entry, decision, transition))
        }
    }

    /// Looks whether ``reject(_:by:now:)`` would give a sale up, and changes nothing.
    ///
    /// - Throws: what that would.
    package func checkReject(_ place: BatchPlace) async throws(ClearingFailure) {
        _ = try await suspense(place)
    }

    private func suspense(
        _ place: BatchPlace
    ) async throws(ClearingFailure) -> ClearingBook.Entry<SuspendedSale> {
        guard let entry = try await book.find(SuspendedSale.self, place.bytes) else {
            throw .notSuspended
        }
        guard entry.value.decision == nil else { throw .suspenseEnded }
        return entry
    }

    private func end(
        _ entry: ClearingBook.Entry<SuspendedSale>,
        _ decision: SuspendedSale.Decision,
        _ transition: Transition
    ) async throws(ClearingFailure) -> Transition {
        var (suspended, transition) = (entry.value, transition)
        suspended.decision = decision
        try await book.put(suspended, over: entry.revision, to: &transition)
        return transition
    }
}

extension CollectedSale {
    /// The pool that its card's issuer has.
    var pool: LedgerAccount { LedgerAccount(.pool(card.issuer), amount.currency) }
    var suspense: LedgerAccount { LedgerAccount(.suspense(securityCard.acquirer), amount.currency) }
    var acquirerAccount: LedgerAccount {
        LedgerAccount(.acquirer(securityCard.acquirer), amount.currency)
    }
    var merchantAccount: LedgerAccount { LedgerAccount(.merchant(merchant), amount.currency) }
}
