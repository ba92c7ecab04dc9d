// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

// How a sale ends: the debit results, for the card and for the merchant alone.
extension PaymentModule {
    /// Ends a sale: makes both results, and everything durable at once.
    ///
    /// `memory`: of the security card, where it has closed the number.
    /// `place`: where the security card has collected the sale.
    /// `change`: what else the sale gets. It stays as it was where the commit fails: no SV is left
    ///     in a sale that may still be sold.
    func end(
        _ held: inout Held,
        after event: SaleEvent,
        reason: Refusal? = nil,
        data: [UInt8],
        memory: SealedSecurityCard? = nil,
        place: BatchPlace? = nil,
        _ change: (inout SaleRecord) -> Void
    ) async throws(Refusal) -> [UInt8] {
        guard let state = held.sale.state.next(after: event), let outcome = state.outcome else {
            preconditionFailure("A held sale is drawn.")
        }
        let kind: SaleStep.Kind =
            switch outcome {
            case .sold: .sold
            case .refused: .refused
            case .void: .void
            }
        let moment = now()
        var sale = held.sale
        change(&sale)
        sale.state = state
        sale.isClosedBySecurityCard = memory != nil
        let reply = try await reply(sale, outcome, reason, moment, held.session)
        try await commit(
            &sale,
            revision: held.revision,
            reply: reply,
            steps: [SaleStep(kind, at: moment, data)],
            collectedAt: place,
            memory.flatMap { memory in held.terminal.map { ($0, memory) } }
        )
        held.sale = sale
        held.revision += 1
        return reply
    }

    func reply(
        _ sale: SaleRecord,
        _ outcome: SaleOutcome,
        _ reason: Refusal?,
        _ moment: Instant,
        _ session: any SaleSession
    ) async throws(Refusal) -> [UInt8] {
        let (terms, command) = (sale.request.terms, sale.command)
        // What was promised with S2 is said again in the same words.
        let moment = terms.policy.isOneTrip && outcome == .sold ? sale.drawnAt : moment
        do throws(ModuleFailure) {
            let forCard = try await session.sealResult(
                CardDebitResult(
                    outcome: outcome,
                    reason: reason,
                    time: CardTime(moment),
                    securityCard: command.securityCard,
                    securityCardNumber: command.securityCardNumber,
                    voidProof: outcome == .void ? sale.voidProof : .none
                )
            )
            let forMerchant = try await session.sealResult(
                try await merchantResult(sale, outcome, reason, moment, session)
            )
            return PartyMessage.debitResult(
                terms.transaction,
                forCard: forCard,
                forMerchant: forMerchant
            ).bytes
        } catch {
            throw .storeUnavailable
        }
    }

    func merchantResult(
        _ sale: SaleRecord,
        _ outcome: SaleOutcome,
        _ reason: Refusal?,
        _ moment: Instant,
        _ session: any SaleSession
    ) async throws(ModuleFailure) -> MerchantDebitResult {
        let (terms, command) = (sale.request.terms, sale.command)
        return MerchantDebitResult(
            transaction: terms.transaction,
            merchant: terms.merchant,
            amount: terms.amount,
            outcome: outcome,
            reason: reason,
            cardPseudonym: try await session.pseudonym(of: sale.draw.initializeAnswer.card),
            securityCard: command.securityCard,
            securityCardNumber: command.securityCardNumber,
            time: CardTime(moment),
            memberships: terms.type == .authentication ? sale.draw.memberships : [],
            otherHalf: terms.otherHalf
        )
    }
}
