// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

// A merchant's question by transaction id: what became of this sale?
extension PaymentModule {
    func saleQuestion(_ question: SaleQuestion) async throws(Refusal) -> [UInt8] {
        do throws(ModuleFailure) {
            try await keys.check(question)
        } catch {
            throw error == .keyUnknown ? .unknownMerchant : .orderForged
        }
        let transaction = question.terms.transaction
        guard let stored = try await read(transaction) else {
            // By the clock that admits draws, and longer than it may be set back.
            let isOver = question.terms.isOver(at: now())
            throw isOver ? .orderTooOld : .orderUnknown
        }
        guard stored.sale.request.terms == question.terms else { throw .orderUnknown }
        var forMerchant: [UInt8] = []
        if case .debitResult(_, _, let result) = try? PartyMessage(stored.reply) {
            forMerchant = result
        }
        return PartyMessage.saleAnswer(
            transaction,
            stored.sale.state,
            forMerchant: forMerchant
        ).bytes
    }
}

extension PartyMessage {
    /// TRX of the message.
    var transaction: TransactionIdentifier {
        switch self {
        case .drawRequest(let request): request.terms.transaction
        case .debitCommand(let transaction, _), .debitResponse(let transaction, _),
            .debitResult(let transaction, _, _), .saleAnswer(let transaction, _, _),
            .debitOffer(let transaction, _, _), .notDebited(let transaction),
            .otherHalfRefused(let transaction), .refundAnswer(let transaction, _, _),
            .refusal(let transaction, _):
            transaction
        case .openSalesQuestion, .openSales: .unknown
        case .saleQuestion(let question): question.terms.transaction
        case .refundQuestion(let question): question.order.transaction
        }
    }
}
