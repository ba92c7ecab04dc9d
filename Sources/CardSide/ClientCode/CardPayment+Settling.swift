// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

// From the debit to its outcome: sold, put back, or never made.
extension CardPayment {
    /// The pauses between sending the Debit Response and sending it again.
    private static let responsePauses: [Duration] = [
        .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5),
    ]
    /// How often RECOVER VALUE is given to a card that says that it cannot now: in a card that
    /// others use, too, a change of theirs may have come in between.
    private static let recoveries = 5

    /// Brings a payment that was left open to its end. The card must be in the reader, unless its
    /// answer is known and the sale turns out to be sold.
    package func finish(_ payment: OpenPayment) async -> CardPaymentEnd {
        let session = await keys.session(payment.sessionKey, payment.terms.transaction)
        if let answer = payment.answer { return await settle(payment, answer, session) }
        return await findOut(payment, session)
    }

    /// Whether the card debited is not known: the card is asked.
    func findOut(_ payment: OpenPayment, _ session: any DrawSession) async -> CardPaymentEnd {
        do throws(ClientFailure) {
            guard try await client.card() == payment.card else {
                return .pending(payment.card, .otherCard(expected: payment.card))
            }
            guard let answer = try await client.previousDebit(payment.number) else {
                // The dialogue is over, so that it cannot debit any more.
                await tell(.conditionsNotSatisfied, of: payment, session)
                return end(payment, .notTaken(.notDebited))
            }
            return await settle(payment, answer, session)
        } catch {
            return .pending(payment.card, CardPaymentProblem(error))
        }
    }

    /// Sends the Debit Response until the payment server says what became of the sale (FIG. 11C,
    /// steps 622–634).
    func settle(
        _ payment: OpenPayment,
        _ answer: DebitAnswer,
        _ session: any DrawSession
    ) async -> CardPaymentEnd {
        let transaction = payment.terms.transaction
        let response = ResponseAPDU(data: answer.bytes, status: .done).bytes
        guard let sealed = try? await session.sealResponse(response) else {
            return .pending(payment.card, .resultNotGenuine)
        }
        let request = PartyMessage.debitResponse(transaction, sealed: sealed).bytes
        var problem = CardPaymentProblem.paymentServerSilent
        for attempt in 0...Self.responsePauses.count {
            if attempt > 0 { await pause(Self.responsePauses[attempt - 1]) }
            guard let reply = try? await link.request(request) else { continue }
            switch try? PartyMessage(reply) {
            case .debitResult(transaction, let forCard, let forMerchant):
                // What does not open did not come from the payment server.
                guard let result = try? await session.openResult(forCard) else {
                    problem = .resultNotGenuine
                    continue
                }
                return await end(payment, answer, result, forMerchant)
            case .refusal(_, let refusal): problem = .refused(refusal)
            default: problem = .resultNotGenuine
            }
        }
        return .pending(payment.card, problem)
    }

    private func end(
        _ payment: OpenPayment,
        _ answer: DebitAnswer,
        _ result: CardDebitResult,
        _ forMerchant: [UInt8]
    ) async -> CardPaymentEnd {
        switch result.outcome {
        case .sold:
            let amount = payment.terms.amount
            return .paid(
                CardReceipt(
                    card: payment.card,
                    terms: payment.terms,
                    balance: Money(
                        minorUnits: answer.balance,
                        currency: amount.currency,
                        exponent: amount.exponent
                    ),
                    resultForMerchant: forMerchant
                )
            )
        case .void: return await recover(payment, result)
        case .refused where answer.completion != .done:
            // The card declined, and the security card has seen the proof.
            return end(payment, .notTaken(.refused(Refusal(declined: answer.completion))))
        case .refused: return .pending(payment.card, .resultNotGenuine)
        }
    }

    /// Has the card put the value back, once, with the security card's proof (RECOVER VALUE).
    private func recover(
        _ payment: OpenPayment,
        _ result: CardDebitResult
    ) async -> CardPaymentEnd {
        let (card, amount) = (payment.card, payment.terms.amount)
        let command = RecoverValue(
            number: payment.number,
            securityCard: payment.command.securityCard,
            securityCardNumber: payment.command.securityCardNumber,
            transaction: payment.terms.transaction,
            minorUnits: amount.minorUnits,
            voidProof: result.voidProof
        )
        do throws(ClientFailure) {
            var status = StatusWord.conditionsNotSatisfied
            for attempt in 0..<Self.recoveries where status == .conditionsNotSatisfied {
                if attempt > 0 { await pause(.milliseconds(200)) }
                // Another card would say truly that it made no such debit.
                guard try await client.card() == card else {
                    return .pending(card, .otherCard(expected: card))
                }
                let response = try await client.transmit(.recover(command))
                status = response.status
                guard status == .done else { continue }
                let answer = try client.parse { () throws(WireFailure) in
                    try RecoverAnswer(response.data)
                }
                let balance = Money(
                    minorUnits: answer.balance,
                    currency: amount.currency,
                    exponent: amount.exponent
                )
                return end(payment, .putBack(card, balance: balance))
            }
            switch status {
            // It was put back before, and the terminal stopped before it forgot the payment.
            case .conditionsNotSatisfied: return end(payment, .putBack(card, balance: nil))
            // The number belongs to another transaction: the card made no debit for this one.
            case .noSuchSignature where payment.answer == nil:
                return end(payment, .notTaken(.notDebited))
            default: return .pending(card, .notPutBack(status))
            }
        } catch {
            return .pending(card, CardPaymentProblem(error))
        }
    }
}
