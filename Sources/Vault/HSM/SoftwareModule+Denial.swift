// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Keys
package import SecurityModule
package import Wire

// What a card says of a load that did not take place, where its counter alone does not say it.
extension SoftwareModule {
    package func deny(
        _ load: CardLoad,
        on sealed: SealedCard,
        evidence: CardHistoryEntry?
    ) async throws(ModuleFailure) -> Signature? {
        let card = try open(sealed).card
        guard load.answer.card == card.identifier else { throw .sealBroken }
        let keys = try keys(of: card.identifier, version: load.answer.loadKeyVersion).loading
        // Only of what this card has signed.
        let denial = try keys.denial(of: load)
        if card.lastNumber < load.answer.number {
            // Its number may still be used. A card that can say so with its counter does that; one
            // that is blocked is not asked to be loaded, not even with nothing.
            return card.isBlocked ? denial : nil
        }
        guard let evidence, evidence.movement?.number == load.answer.number else {
            throw .unavailable("the row of a consumed number is missing")
        }
        switch evidence.event {
        case .debit(let debit):
            let keys = try self.keys(of: card.identifier, version: debit.purchaseKeyVersion)
            guard DebitCheck(debit, of: card.identifier, keys).isProven else {
                throw .sealBroken
            }
        case .load(let request, let initialized, _, let answer):
            guard initialized.card == card.identifier else { throw .sealBroken }
            try self.keys(of: card.identifier, version: initialized.loadKeyVersion).loading
                .verify(answer, of: request, initialized)
            // The whole request: another bank, or the OPAL server itself, may have loaded with the
            // same TRX, and this load has not taken place then.
            if request == load.request { return nil }
        case .recovery, .moved, .setting, .expired, .swept:
            // They consume no number.
            throw .sealBroken
        }
        return denial
    }
}
