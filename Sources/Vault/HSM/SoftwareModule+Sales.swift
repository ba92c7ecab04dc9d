// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Keys
package import SecurityModule
import Wire

// Sales that come back for payment.
extension SoftwareModule: SaleChecking {
    package func check(
        _ sales: [CollectedSale]
    ) async throws(ModuleFailure) -> [SaleCheck] {
        // A batch often has many sales of one card, and deriving KCI costs more than S6.
        var proofKeys: [ProofKeyName: CMACKey] = [:]
        var checks: [SaleCheck] = []
        checks.reserveCapacity(sales.count)
        for sale in sales {
            let name = ProofKeyName(card: sale.card, version: sale.keyVersion)
            guard let key = proofKeys[name] ?? proofKey(name) else {
                checks.append(.keyUnknown)
                continue
            }
            proofKeys[name] = key
            let signature = sale.scope.issuerProof(
                expiry: sale.cardExpiry,
                balance: sale.balance,
                key: key
            )
            checks.append(signature == sale.issuerProof ? .right : .wrong)
        }
        return checks
    }

    private struct ProofKeyName: Hashable {
        let card: CardIdentifier
        let version: UInt8
    }

    private func proofKey(_ name: ProofKeyName) -> CMACKey? {
        (try? keys(of: name.card, version: name.version))?.proofKey(name.card)
    }
}

extension CollectedSale {
    /// What S6 is over, but for DEXP and BAL. S2 is not covered, and not collected.
    fileprivate var scope: PurchaseScope {
        PurchaseScope(
            type: .purchase,
            card: card,
            number: number,
            command: DebitIEP(
                securityCard: securityCard,
                securityCardNumber: securityCardNumber,
                transaction: transaction,
                merchant: merchant,
                time: time,
                amount: amount,
                signature: .none
            )
        )
    }
}
