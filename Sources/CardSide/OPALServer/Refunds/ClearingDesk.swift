// SPDX-License-Identifier: Apache-2.0

import Wire

/// What the issuer answers clearing houses: proofs of sales, credits for refunds, disputes, which
/// value was swept, and which cards were blocked (`docs/messages/clearing.md`). Each part knows for
/// itself whom it answers.
package struct ClearingDesk: LinkService {
    private let proofs: SaleProofs
    private let refunds: RefundDesk
    private let disputes: DisputeDesk?
    private let blocking: BlockingList?
    private let sweeps: SweepBook?

    package init(
        proofs: SaleProofs,
        refunds: RefundDesk,
        disputes: DisputeDesk? = nil,
        blocking: BlockingList? = nil,
        sweeps: SweepBook? = nil
    ) {
        self.proofs = proofs
        self.refunds = refunds
        self.disputes = disputes
        self.blocking = blocking
        self.sweeps = sweeps
    }

    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        switch try? IssuerMessage(request) {
        case .credit?: return await refunds.answer(request, from: peer)
        case .disputesQuestion?, .disputeReport?:
            guard let disputes else { break }
            return await disputes.answer(request, from: peer)
        case .sweepsQuestion?:
            guard let sweeps else { break }
            return await sweeps.answer(request, from: peer)
        default: break
        }
        if let blocking, case .updatesQuestion? = try? CollectionMessage(request) {
            return await blocking.answer(request, from: peer)
        }
        return await proofs.answer(request, from: peer)
    }
}
