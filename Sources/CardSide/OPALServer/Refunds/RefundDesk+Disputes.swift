// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule

// Charge-backs: refunds that this issuer has decided itself (`docs/decisions/0034`). They end their
// dispute in the transition that credits the card, or that refuses it for good. A merchant's refund
// that leaves nothing of a sale ends its dispute likewise.
extension RefundDesk {
    /// The dispute that has decided a charge-back.
    ///
    /// - Returns: nil where this very charge-back is not on its way.
    func decided(_ order: RefundOrder) async throws(FloatFailure) -> DisputeDesk.Stored? {
        let stored = try await attempt { () async throws(UserFailure) in
            try await records.dispute(of: order.transaction)
        }
        guard let stored, case .decided = stored.record.dispute.state,
            stored.record.dispute.order == order
        else { return nil }
        return stored
    }

    /// The writes that end the dispute, and tell its holder where it is on the card.
    ///
    /// `refunds`: of the sale, with this one.
    func writes(
        ending stored: DisputeDesk.Stored,
        _ order: RefundOrder,
        _ outcome: RefundOutcome,
        _ refunds: SaleRefunds,
        at moment: Instant
    ) async throws(FloatFailure) -> [RecordWrite] {
        var dispute = stored.record.dispute
        guard dispute.end(order.number, outcome, rest: refunds.rest, at: moment) else { return [] }
        return try await writes(of: dispute, over: stored.revision, refunds, at: moment)
    }

    /// The writes that end a dispute of which a merchant's refund leaves nothing, and tell its
    /// holder so; none where nobody disputes the sale. A dispute that does not open keeps nobody's
    /// money back: the audit names it.
    func writes(
        endingWithout refunds: SaleRefunds,
        _ order: RefundOrder,
        at moment: Instant
    ) async throws(FloatFailure) -> [RecordWrite] {
        guard refunds.rest == 0 else { return [] }
        let stored = try await attempt { () async throws(UserFailure) in
            do throws(UserFailure) {
                return try await records.dispute(of: order.transaction)
            } catch .module(.sealBroken), .damaged { return nil } catch { throw error }
        }
        guard let stored else { return [] }
        var dispute = stored.record.dispute
        guard dispute.endWithout(refunds.rest, at: moment) else { return [] }
        return try await writes(of: dispute, over: stored.revision, refunds, at: moment)
    }

    private func writes(
        of dispute: Dispute,
        over revision: UInt64,
        _ refunds: SaleRefunds,
        at moment: Instant
    ) async throws(FloatFailure) -> [RecordWrite] {
        let write = try await attempt { () async throws(UserFailure) in
            try await records.put(dispute, over: revision)
        }
        let told = try await asking { () async throws(ModuleFailure) in
            try await mails.writes(
                for: dispute,
                givenByMerchant: refunds.givenByMerchant,
                at: moment
            )
        }
        return [write] + told
    }
}
