// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

/// What one round over the open refunds did.
package struct RefundRound: Equatable, Sendable {
    package fileprivate(set) var refunded = 0
    package fileprivate(set) var refused = 0
    /// Refunds that still wait.
    package fileprivate(set) var stillOpen = 0
    /// Orders whose refunds could not be asked for, with the reason; they stay as they are.
    package fileprivate(set) var failed: [TransactionIdentifier: OrderFailure] = [:]
}

// Refunds: what the merchant gives back of what was paid.
extension MerchantModule {
    package var refunds: MerchantRefunds { MerchantRefunds(book) }

    /// Asks the payment server for the refunds that wait. To be called every few seconds or
    /// minutes; it ends early where the payment server is silent.
    ///
    /// - Throws: `.store` where the open refunds cannot be listed.
    @discardableResult
    package func settleRefunds(now: Instant) async throws(OrderFailure) -> RefundRound {
        var round = RefundRound()
        var cursor: [UInt8]?
        while true {
            let page: [Record]
            do throws(StoreFailure) {
                page = try await book.store.listOpen(
                    MerchantRecords.refund,
                    after: cursor,
                    limit: MerchantLimits.settlePage
                )
            } catch { throw .store(error) }
            for record in page {
                do throws(OrderFailure) {
                    try await settle(refunds: record, now: now, in: &round)
                } catch {
                    guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes))
                    else { preconditionFailure("The key of a refund is its TRX.") }
                    round.failed[transaction] = error
                    if case .paymentServerSilent = error { return round }
                }
            }
            guard page.count == MerchantLimits.settlePage, let last = page.last else {
                return round
            }
            cursor = last.key.bytes
        }
    }

    private func settle(
        refunds record: Record,
        now: Instant,
        in round: inout RefundRound
    ) async throws(OrderFailure) {
        let stored = try await refunds.open(record)
        let keyName = try await book.read(stored.transaction).order.proof.keyName
        for entry in stored.refunds.open {
            guard let order = stored.refunds.order(entry, of: stored.transaction) else { continue }
            let outcome = try await outcome(of: order, keyName)
            try await refunds.end(entry.number, of: stored.transaction, outcome, now: now)
            switch outcome {
            case .pending: round.stillOpen += 1
            case .refunded: round.refunded += 1
            case .refused: round.refused += 1
            }
        }
    }

    /// Asks for one refund.
    private func outcome(
        of order: RefundOrder,
        _ keyName: String
    ) async throws(OrderFailure) -> RefundOutcome {
        let question: RefundQuestion
        do throws(ModuleFailure) {
            question = try await sealing.question(order, keyName: keyName)
        } catch { throw .module(error) }
        let bytes: [UInt8]
        do throws(LinkFailure) {
            bytes = try await link.request(PartyMessage.refundQuestion(question).bytes)
        } catch { throw .paymentServerSilent(error) }
        switch try? PartyMessage(bytes) {
        case .refundAnswer(order.transaction, order.number, let outcome)?: return outcome
        case .refusal(order.transaction, let refusal)?: throw .paymentServerRefused(refusal)
        default: throw .answerUnreadable
        }
    }
}
