// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import SecurityModule
package import Wire

/// Client module 224 at a client terminal with a card in its reader (FIG. 2, the second mode of the
/// system): it speaks with the payment server itself, as the OPAL server does for a virtual card.
///
/// Before DEBIT IEP goes to the card, the payment is remembered; from then on it ends as sold, as
/// put back, or as never debited, however often the terminal is started again.
package struct CardPayment: Sendable {
    /// Asks the person, who is shown the card and its balance before.
    package typealias Consent = @Sendable (InitializePurchaseAnswer) async -> Bool

    let client: ClientCode
    let link: any Link
    let keys: any DrawSealing
    let memory: any PaymentMemory
    let now: @Sendable () -> Instant
    let pause: @Sendable (Duration) async -> Void

    /// A draw request is sent so often, where the link fails, before the person is told.
    private static let draws = 2

    /// `link`: to the payment server, which the person trusts.
    /// `pause`: waits before something is tried again.
    package init(
        channel: any CardChannel,
        link: any Link,
        keys: any DrawSealing,
        memory: any PaymentMemory,
        now: @escaping @Sendable () -> Instant,
        pause: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
    ) {
        client = ClientCode(channel)
        self.link = link
        self.keys = keys
        self.memory = memory
        self.now = now
        self.pause = pause
    }

    /// Pays an order with the card in the reader.
    ///
    /// `paymentServer`: the address behind `link`, to be remembered.
    /// `order`: the address of the order's page, to be remembered.
    package func pay(
        _ page: OrderPage,
        paymentServer: String,
        order: String,
        consent: Consent
    ) async -> CardPaymentEnd {
        let session = await keys.session(page.sessionKey, page.terms.transaction)
        let payment: OpenPayment
        do throws(CardPaymentProblem) {
            let draw = try await agreedDraw(page.terms, consent)
            let answer = draw.initializeAnswer
            payment = OpenPayment(
                card: answer.card,
                number: answer.number,
                page: page,
                paymentServer: paymentServer,
                order: order,
                command: try await command(draw, page, session)
            )
            do throws(PaymentMemoryFailure) {
                try memory.keep(payment)
            } catch {
                await tell(.conditionsNotSatisfied, of: payment, session)
                throw .notRemembered(error)
            }
        } catch {
            return .notTaken(error)
        }
        return await debit(payment, session)
    }

    // MARK: Before the debit

    /// Has the card initialized, asks the person, and has it initialized again: the person may have
    /// taken their time, and R is used once.
    private func agreedDraw(
        _ terms: OrderTerms,
        _ consent: Consent
    ) async throws(CardPaymentProblem) -> CardDraw {
        // A card in a reader answers one terminal at a time, and so pays no two halves.
        guard terms.policy.suitsCardInReader, terms.otherHalf == nil, terms.isSound else {
            throw .refused(.policyNotSupported)
        }
        let shown = try await draw(terms).initializeAnswer
        guard await consent(shown) else { throw .notAgreed }
        let draw = try await draw(terms)
        // Not what the person agreed to.
        guard draw.initializeAnswer.card == shown.card else {
            throw .otherCard(expected: shown.card)
        }
        return draw
    }

    private func draw(_ terms: OrderTerms) async throws(CardPaymentProblem) -> CardDraw {
        if terms.isStale(at: now()) { throw .refused(.orderTooOld) }
        do throws(ClientFailure) {
            return try await client.draw(terms.type, terms, at: now())
        } catch {
            throw CardPaymentProblem(error)
        }
    }

    /// Sends the draw request and opens DEBIT IEP (FIG. 15, steps 810–816).
    private func command(
        _ draw: CardDraw,
        _ page: OrderPage,
        _ session: any DrawSession
    ) async throws(CardPaymentProblem) -> DebitIEP {
        guard let sealed = try? await session.sealDraw(draw.bytes) else {
            throw .refused(.malformed)
        }
        let request = PartyMessage.drawRequest(
            DrawRequest(terms: page.terms, proof: page.proof, sealedDraw: sealed)
        ).bytes
        for _ in 0..<Self.draws {
            let reply: [UInt8]
            do throws(LinkFailure) {
                reply = try await link.request(request)
            } catch .busy {
                throw .refused(.busy)
            } catch {
                continue
            }
            switch try? PartyMessage(reply) {
            case .debitCommand(page.terms.transaction, let sealed):
                guard let bytes = try? await session.openCommand(sealed),
                    let command = try? DebitIEP(bytes)
                else { throw .resultNotGenuine }
                return command
            case .refusal(_, let refusal): throw .refused(refusal)
            default: throw .resultNotGenuine
            }
        }
        throw .paymentServerSilent
    }

    // MARK: The debit

    private func debit(_ payment: OpenPayment, _ session: any DrawSession) async -> CardPaymentEnd {
        let answer: DebitAnswer
        do throws(ClientFailure) {
            answer = try await client.debit(payment.command, payment.terms)
        } catch .refused(let refusal) {
            // The card answered that it did nothing.
            let status: StatusWord =
                refusal == .securityCardSignatureWrong ? .signatureWrong : .conditionsNotSatisfied
            await tell(status, of: payment, session)
            return end(payment, .notTaken(.refused(refusal)))
        } catch {
            return await findOut(payment, session)
        }
        guard answer.completion == .done else {
            let response = ResponseAPDU(data: answer.bytes, status: .done)
            await tell(response, of: payment, session)
            return end(payment, .notTaken(.refused(Refusal(declined: answer.completion))))
        }
        var debited = payment
        debited.answer = answer
        // Where it cannot be written down, the card is asked for it again after a crash.
        try? memory.keep(debited)
        return await settle(debited, answer, session)
    }

    /// Tells the payment server that the card did not debit, so that its terminal is free at once.
    /// Nothing depends on it: otherwise the sale is given up when its time is over.
    func tell(
        _ status: StatusWord,
        of payment: OpenPayment,
        _ session: any DrawSession
    ) async {
        await tell(ResponseAPDU(status: status), of: payment, session)
    }

    private func tell(
        _ response: ResponseAPDU,
        of payment: OpenPayment,
        _ session: any DrawSession
    ) async {
        guard let sealed = try? await session.sealResponse(response.bytes) else { return }
        let message = PartyMessage.debitResponse(payment.terms.transaction, sealed: sealed)
        _ = try? await link.request(message.bytes)
    }

    /// The value is where it belongs: nothing is left to be remembered. Where that cannot be
    /// written down, the same end is found again the next time.
    func end(_ payment: OpenPayment, _ end: CardPaymentEnd) -> CardPaymentEnd {
        try? memory.forget(payment.terms.transaction)
        return end
    }
}
