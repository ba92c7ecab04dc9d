// SPDX-License-Identifier: Apache-2.0

package import Kernel
import SecurityModule
import Wire

extension MerchantModule {
    /// What a result brought.
    package struct Reception: Equatable, Sendable {
        package let order: OrderView
        /// For the way to the receipt: a browser that comes from another site brings no cookie, and
        /// who holds the sealed result has come from the payment.
        package let receiptKey: ReceiptKey
    }

    /// Takes a Debit Result M (FIG. 11C, step 638; FIG. 15B, step 824): opens it, compares
    /// transaction, merchant, amount, currency and exponent with the order, and ends the order as
    /// paid or as unpaid. One that was given up before, because the payment server did not know it,
    /// ends by the result all the same; one that a result has ended stays as it is. The same result
    /// again changes nothing and is answered alike; a result that is not this order's changes
    /// nothing at all.
    ///
    /// - Parameters:
    ///   - compact: the JWE in compact form, ASCII.
    ///   - signature: the card's S3, where the merchant compares it (FIG. 8); then `compact` is
    ///     what the payment server expects.
    ///   - transaction: the order that it is said to be for.
    ///   - now: the time for the journal.
    /// - Returns: the order as it is afterwards.
    /// - Throws: `.resultForged`, `.resultMismatch`, `.resultContradicts`.
    package func receive(
        _ compact: [UInt8],
        signature: Signature? = nil,
        of transaction: TransactionIdentifier,
        now: Instant
    ) async throws(OrderFailure) -> Reception {
        // The terms never change, so that one look at the result serves every attempt.
        let order = try await book.read(transaction).order
        let settlement = try await settlement(compact, signature, of: order)
        let reception = try await book.change(transaction, at: now) { entry throws(OrderFailure) in
            let order = entry.order
            if order.settlement == settlement {
                return .answer(Reception(order: OrderView(order), receiptKey: order.receiptKey))
            }
            guard let next = order.settled(settlement) else { throw .resultContradicts }
            return OrderBook.Decision(
                steps: [
                    OrderBook.Step(
                        next: next,
                        revision: entry.revision,
                        event: .settled(settlement.outcome, sealed: compact)
                    )
                ],
                answer: Reception(order: OrderView(next), receiptKey: next.receiptKey)
            )
        }
        ages.forget(transaction)
        return reception
    }

    private func settlement(
        _ compact: [UInt8],
        _ signature: Signature?,
        of order: Order
    ) async throws(OrderFailure) -> Settlement {
        guard compact.count <= PartyMessage.sealedBytesMax else { throw .resultForged }
        let result: MerchantDebitResult
        do throws(ModuleFailure) {
            result = try await open(compact, signature, of: order)
        } catch .sealBroken {
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.deliveryBeforeCheck), let fake = Settlement(fakeOf: order)
                {
                    return fake
                }
            #endif
            throw .resultForged
        } catch { throw .module(error) }
        guard result.transaction == order.transaction, result.merchant == order.terms.merchant,
            result.amount == order.terms.amount, result.otherHalf == order.terms.otherHalf,
            let settlement = Settlement(result)
        else { throw .resultMismatch }
        return settlement
    }

    private func open(
        _ compact: [UInt8],
        _ signature: Signature?,
        of order: Order
    ) async throws(ModuleFailure) -> MerchantDebitResult {
        let (terms, keyName) = (order.terms, order.proof.keyName)
        guard let signature, terms.policy == .merchant else {
            return try await sealing.openResult(compact, of: terms, keyName: keyName)
        }
        // The comparison of FIG. 14, step 754.
        let expected = try await sealing.openExpectation(compact, of: terms, keyName: keyName)
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.notComparedByMerchant) { return expected.result }
        #endif
        guard signature == expected.signature else { throw .sealBroken }
        return expected.result
    }
}

#if PLANTED_BUGS
    extension Settlement {
        /// What a merchant believes who does not open the result.
        fileprivate init?(fakeOf order: Order) {
            self.init(
                MerchantDebitResult(
                    transaction: order.transaction,
                    merchant: order.terms.merchant,
                    amount: order.terms.amount,
                    outcome: .sold,
                    reason: nil,
                    cardPseudonym: String(repeating: "0", count: 32),
                    securityCard: SecurityCardIdentifier(bits: 0),
                    securityCardNumber: 0,
                    time: CardTime(order.terms.madeAt),
                    otherHalf: order.terms.otherHalf
                )
            )
        }
    }
#endif
