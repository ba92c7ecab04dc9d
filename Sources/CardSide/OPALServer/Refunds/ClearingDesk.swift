// SPDX-License-Identifier: Apache-2.0

import Wire

/// What the issuer answers clearing houses: proofs of sales, and credits for refunds
/// (`docs/messages/clearing.md`). Each part knows for itself whom it answers.
package struct ClearingDesk: LinkService {
    private let proofs: SaleProofs
    private let refunds: RefundDesk

    package init(proofs: SaleProofs, refunds: RefundDesk) {
        self.proofs = proofs
        self.refunds = refunds
    }

    package func answer(_ request: [UInt8], from peer: String) async -> [UInt8] {
        if case .credit? = try? IssuerMessage(request) {
            return await refunds.answer(request, from: peer)
        }
        return await proofs.answer(request, from: peer)
    }
}
