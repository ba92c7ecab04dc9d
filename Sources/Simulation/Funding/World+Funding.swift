// SPDX-License-Identifier: Apache-2.0

import Gateway
package import Kernel
package import OPALServer
import Records

// What a person does who loads a card from an account on file.
extension World {
    /// A request to load a card, as the page of a confirmation has it.
    ///
    /// `code`: the CVV2 that was typed, if any.
    package func accountLoad(
        _ minorUnits: UInt64,
        by payer: Payer,
        onto card: Int,
        _ purpose: AccountLoadPurpose,
        code: CardVerificationValue? = nil
    ) -> AccountLoadRequest {
        guard let funding else { preconditionFailure("Who has an account has a gateway.") }
        return funding.loads.request(
            TransactionIdentifier(at: fates.now(of: .opalServer), random: random.pair()),
            by: payer.key,
            onto: cards[card],
            of: Money(minorUnits: minorUnits, currency: .euro, exponent: .cents),
            purpose: purpose,
            verificationValue: code
        )
    }

    /// Confirms a load.
    ///
    /// - Returns: nil where no answer comes, because the OPAL server is down or crashes meanwhile.
    package func load(_ request: AccountLoadRequest) async -> AccountLoadOutcome? {
        let life = fates.life(.opalServer)
        guard let funding, !life.isOver else { return nil }
        let outcome = await funding.loads.begin(request)
        return life.isOver ? nil : outcome
    }

    /// One round of everything that the parties of a load from an account do by themselves.
    package func tidyFunds() async {
        guard let host = gateway else { return }
        await host.deliverLate()
        if !host.gateway.isSignedOn { await host.gateway.keepSignedOn() }
        await host.gateway.forwardOpen()
        await funding?.loads.settleOpen(olderThan: .zero)
    }

    /// Whether no load from an account waits for its end, at nobody.
    var areFundsQuiet: Bool {
        get async {
            guard let gateway else { return true }
            guard gateway.link.isIdle, gateway.networkLink.isIdle else { return false }
            do throws(StoreFailure) {
                for (kind, store) in [
                    (AccountLoadRecord.kind, opalStore), (AuthorizationRecord.kind, gateway.store),
                ] where try await !store.inner.listOpen(kind, after: nil, limit: 1).isEmpty {
                    return false
                }
                return true
            } catch {
                return false
            }
        }
    }
}
