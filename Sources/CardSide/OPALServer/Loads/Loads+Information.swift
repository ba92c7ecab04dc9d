// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
package import Kernel
import SecurityModule
package import Wire

// A card's information for a bank (FIG. 18A, step 872).
extension Loads {
    /// Has the load server seal a card's balance, maximum and currency for the bank. The person has
    /// consented.
    ///
    /// The card proves them with the S1 of a request for no value; nothing is written, and the same
    /// page may come again.
    ///
    /// - Returns: what the browser brings to the bank, in compact form.
    package func information(
        for page: CardInquiryPage,
        of card: CardIdentifier
    ) async -> Result<[UInt8], LoadRefusal> {
        let inquiry = page.inquiry
        do throws(LoadRefusal) {
            guard let link = directory.link(to: inquiry.loadServer) else {
                throw .unknownLoadServer
            }
            if inquiry.isStale(at: now()) { throw .loadTooOld }
            let load = try await answer(of: card, to: inquiry)
            let session = await keys.session(page.sessionKey, inquiry.transaction)
            guard let sealed = try? await session.sealCard(load.bytes) else {
                throw .storeUnavailable
            }
            let question = CardQuestion(inquiry: inquiry, proof: page.proof, sealed: sealed)
            guard
                case .cardInformation(inquiry.transaction, let forBank) =
                    try await ask(link, .cardQuestion(question))
            else { throw .malformed }
            return .success(forBank)
        } catch {
            return .failure(error)
        }
    }

    private func answer(
        of card: CardIdentifier,
        to inquiry: CardInquiry
    ) async throws(LoadRefusal) -> CardLoad {
        let reader = PseudoReader(card, emulator: emulator, now: now)
        do throws(LoadFailure) {
            return try await ClientCode(reader).information(for: inquiry)
        } catch {
            throw await refusal(of: error, reader)
        }
    }
}
