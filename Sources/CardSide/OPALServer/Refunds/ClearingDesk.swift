// SPDX-License-Identifier: Apache-2.0

import Wire

/// What the issuer answers clearing houses: proofs of sales, credits for refunds, and which cards
/// were blocked (`docs/messages/clearing.md`). Each part knows for itself whom it answers.
package struct ClearingDesk: LinkService {
    private let proofs: SaleProofs
    private let refunds: RefundDesk
    private let blocking: BlockingList?

    package init(proofs: SaleProofs, refunds: RefundDesk, blocking: BlockingList? = nil) {
        self.proofs = proofs
        self.refunds = refunds
        self.blocking = blocking
    }

    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        if case .credit? = try? IssuerMessage(request) {
            return await refunds.answer(request, from: peer)
        }
        if let blocking, case .updatesQuestion? = try? CollectionMessage(request) {
            return await blocking.answer(request, from: peer)
        }
        return await proofs.answer(request, from: peer)
    }
}
