// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import OPALServer

// Disputes: what the issuer has decided for a holder is a refund at the clearing house.
extension SchemeAudit {
    /// `chargeBacks`: what issuers began, as the clearing house had it before the issuer was
    ///     audited; nil where it is not in this folder.
    static func compare(
        _ chargeBacks: [RefundRecord]?,
        _ disputes: [TransactionIdentifier: Dispute],
        now: Instant
    ) -> [String] {
        var findings: [String] = []
        for (transaction, dispute) in disputes {
            guard case .decided = dispute.state, let decision = dispute.decision,
                decision.decidedAt.adding(DisputeLimits.postingTime) < now
            else { continue }
            findings.append(
                "dispute of sale \(transaction.text): was decided for the holder, and no refund "
                    + "has come onto the card"
            )
        }
        for refund in chargeBacks ?? [] {
            let place =
                "charge-back \(refund.order.number) of sale "
                + refund.order.transaction.text
            guard let dispute = disputes[refund.order.transaction],
                dispute.hasDecided(refund.order)
            else {
                findings.append("\(place): no dispute has decided it")
                continue
            }
            let isOnCard = dispute.state == dispute.state.chargeBack.map { .refunded($0) }
            if refund.outcome == .refunded, !isOnCard {
                findings.append("\(place): the issuer does not say that it is on the card")
            }
            if case .refused = refund.outcome, isOnCard, dispute.order == refund.order {
                findings.append("\(place): was refused, and is on a card")
            }
        }
        return findings
    }
}

extension ClearingAudit.Report {
    /// Refunds that issuers have begun.
    var chargeBacks: [RefundRecord] {
        refunds.values.joined().filter(\.order.isChargeBack)
    }
}

extension Dispute {
    /// Whether it was one of the charge-backs of this dispute. Of those before the last one the
    /// number alone is known.
    fileprivate func hasDecided(_ refund: RefundOrder) -> Bool {
        guard refund.merchant == sale.merchant,
            refund.number < RefundOrder.chargeBackNumbers.lowerBound + chargeBacks
        else { return false }
        guard let order, order.number == refund.number else { return true }
        return order == refund
    }
}
