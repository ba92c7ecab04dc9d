// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule

// Charge-backs: refunds that this issuer has decided itself (`docs/decisions/0034`). They end their
// dispute in the transition that credits the card, or that refuses it for good.
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
    func writes(
        ending stored: DisputeDesk.Stored,
        _ order: RefundOrder,
        _ outcome: RefundOutcome,
        at moment: Instant
    ) async throws(FloatFailure) -> [RecordWrite] {
        var dispute = stored.record.dispute
        guard dispute.end(order.number, outcome, at: moment) else { return [] }
        let write = try await attempt { () async throws(UserFailure) in
            try await records.put(dispute, over: stored.revision)
        }
        let told = try await asking { () async throws(ModuleFailure) in
            try await mails.writes(for: dispute, at: moment)
        }
        return [write] + told
    }
}
