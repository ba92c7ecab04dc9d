// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
import OPALServer
import SecurityModule
import SessionKeys
import Wire

/// Somebody inside the OPAL server who draws honestly and debits no card: the answer that he gives
/// to DEBIT IEP is none of a card, and sealed like one. Where one trip is all, he gives it to who
/// compares: to the client terminal or to the merchant. An OPAL server that compares itself is
/// trusted to do so.
struct CheatingOPALServer {
    let world: World
    let story: Story
    let random: SeededRandom

    /// What he has after the draw.
    private struct Drawn {
        let draw: CardDraw
        let command: DebitIEP
        let expectation: [UInt8]
    }

    static func suits(_ policy: ComparisonPolicy) -> Bool { policy != .opalServer }

    /// Pays an order with an answer that is no card's.
    ///
    /// - Returns: what goes to the status URL; nil where nothing does.
    func pay(_ page: OrderPage, with card: Int) async -> StatusForm? {
        let name = story.name(page.terms.transaction)
        guard let drawn = await draw(page, card) else {
            story.add("a cheat draws in vain for \(name)")
            return nil
        }
        let answer = forgedAnswer(drawn)
        story.add("a cheat answers for a card that does not debit for \(name)")
        switch page.terms.policy {
        case .securityCard, .paymentServer: return await tell(answer, page)
        case .opalServer: return nil
        case .clientTerminal, .merchant:
            // The payment server learns of it from the cheat, or that there was no debit from the
            // honest part of the OPAL server.
            if random.isOne(in: 2) { _ = await tell(answer, page) }
            return await form(answer.signature, drawn, page)
        }
    }

    private func draw(_ page: OrderPage, _ card: Int) async -> Drawn? {
        let reader = PseudoReader(
            world.cards[card],
            emulator: Emulator(module: world.cardModule, store: world.opalStore, random: random),
            now: { [world] in world.fates.now(of: .opalServer) }
        )
        let now = world.fates.now(of: .opalServer)
        let session = session(page)
        guard let draw = try? await ClientCode(reader).draw(.purchase, page.terms, at: now),
            let sealed = try? await session.sealDraw(draw.bytes)
        else { return nil }
        let request = DrawRequest(terms: page.terms, proof: page.proof, sealedDraw: sealed)
        guard let reply = await ask(.drawRequest(request)) else { return nil }
        let (sealedCommand, expectation): ([UInt8], [UInt8])
        switch reply {
        case .debitCommand(_, let sealed): (sealedCommand, expectation) = (sealed, [])
        case .debitOffer(_, let sealed, let expected):
            (sealedCommand, expectation) = (sealed, expected)
        default: return nil
        }
        guard let bytes = try? await session.openCommand(sealedCommand),
            let command = try? DebitIEP(bytes)
        else { return nil }
        return Drawn(draw: draw, command: command, expectation: expectation)
    }

    /// The number and the balance of a card that has debited, or others; S3 made up, or S2 given
    /// back.
    private func forgedAnswer(_ drawn: Drawn) -> DebitAnswer {
        let initialized = drawn.draw.initializeAnswer
        let isReflected = random.isOne(in: 2)
        let answer = DebitAnswer(
            completion: .done,
            number: initialized.number,
            balance: initialized.balance.minorUnits - drawn.draw.amount.minorUnits,
            signature: isReflected ? drawn.command.signature : Signature(bits: random.integer()),
            issuerProof: Signature(bits: random.integer())
        )
        switch random.below(4) {
        case 0: return Forgery.number.applied(to: answer)
        case 1: return Forgery.balance.applied(to: answer)
        default: return answer
        }
    }

    /// Gives the answer to the payment server.
    private func tell(_ answer: DebitAnswer, _ page: OrderPage) async -> StatusForm? {
        let response = ResponseAPDU(data: answer.bytes, status: .done)
        guard let sealed = try? await session(page).sealResponse(response.bytes) else { return nil }
        let transaction = page.terms.transaction
        let reply = await ask(.debitResponse(transaction, sealed: sealed))
        if case .refusal(_, .cardSignatureWrong) = reply {
            story.note(.forgeryRefused(page.terms.policy))
        }
        guard case .debitResult(transaction, _, let forMerchant) = reply else { return nil }
        return StatusForm(result: forMerchant)
    }

    /// Gives it to the client terminal or to the merchant.
    private func form(
        _ signature: Signature,
        _ drawn: Drawn,
        _ page: OrderPage
    ) async -> StatusForm? {
        let handover: Handover =
            page.terms.policy == .merchant
            ? .expectation(drawn.expectation, signature)
            : .locked(drawn.expectation, signature, page.sessionKey)
        let receipt = PurchaseReceipt(
            terms: page.terms,
            card: drawn.draw.initializeAnswer.card,
            balance: 0,
            debitedAt: world.now,
            handover: handover
        )
        let form = await world.form(receipt)
        if form == nil { story.note(.forgeryRefused(page.terms.policy)) }
        return form
    }

    private func session(_ page: OrderPage) -> any DrawSession {
        DrawSealer().session(page.sessionKey, page.terms.transaction)
    }

    private func ask(_ message: PartyMessage) async -> PartyMessage? {
        guard let reply = try? await world.link.request(message.bytes) else { return nil }
        return try? PartyMessage(reply)
    }
}
