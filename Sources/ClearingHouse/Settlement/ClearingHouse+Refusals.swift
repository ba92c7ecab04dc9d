// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records

// Payouts that the bank refuses without booking them: no statement says so.
extension ClearingHouse {
    /// Gives a payout that the bank has refused back to its account, from which the next run pays
    /// it. Where the bank books it all the same, the line of its statement waits for somebody
    /// (``UnmatchedLine/Reason/refusedBefore``).
    ///
    /// - Parameters:
    ///   - name: the payout.
    ///   - reason: what the bank says; cut to what is kept.
    ///   - who: the operator, for the record.
    ///   - now: the moment.
    /// - Returns: the payout; as it was given back first, where that was done before.
    /// - Throws: `.unknownPayout`; `.payoutPaid` where a statement has shown it.
    @discardableResult
    package func giveBack(
        _ name: Payout.Name,
        because reason: String,
        by who: String,
        now: Instant
    ) async throws(ClearingFailure) -> Payout {
        try await book.change { () async throws(ClearingFailure) in
            guard let entry = try await book.find(Payout.self, name.bytes) else {
                throw .unknownPayout
            }
            var payout = entry.value
            var transition = Transition(writes: [])
            guard try payout.isToGiveBack() else { return (payout, transition) }
            payout.state = .refused
            payout.refusal = Payout.Refusal(
                at: now,
                by: who,
                reason: BankStatementLine.kept(reason)
            )
            var posting = Posting(book, now: now)
            try await posting.move(
                payout.amount,
                from: LedgerAccount(.inTransit, payout.account.currency),
                to: payout.account,
                .refused(name),
                in: &transition
            )
            try await book.put(payout, over: entry.revision, to: &transition)
            try await posting.write(to: &transition)
            return (payout, transition)
        }
    }

    /// Whether ``giveBack(_:because:by:now:)`` would give a payout back now: for who writes the act
    /// down before it is done.
    ///
    /// - Parameter name: the payout.
    /// - Returns: false where that was done before.
    /// - Throws: `.unknownPayout`; `.payoutPaid` where a statement has shown it.
    package func isToGiveBack(_ name: Payout.Name) async throws(ClearingFailure) -> Bool {
        guard let payout = try await payout(name) else { throw .unknownPayout }
        return try payout.isToGiveBack()
    }
}

extension Payout {
    /// - Returns: false where it was given back before.
    /// - Throws: `.payoutPaid` where a statement has shown it.
    fileprivate func isToGiveBack() throws(ClearingFailure) -> Bool {
        switch state {
        case .refused: return false
        case .paid, .returned: throw .payoutPaid
        case .instructed: return true
        }
    }
}
