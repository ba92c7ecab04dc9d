// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

extension MerchantModule {
    /// Asks the payment server what became of an order whose result never came, because the browser
    /// was closed in between. An order that has ended by a result is not asked for; one that was
    /// given up is, because a sale counts more.
    ///
    /// The payment server's answer either ends the order, by the same way that a result takes, or
    /// leaves it open: the sale still waits for something, or the transaction has not come yet. An
    /// order that the payment server does not know is given up as unpaid after the longest time in
    /// which it could come, by a clock that only goes forward; or as soon as two wall clocks agree
    /// that it is too late: that of the payment server, which says so, and the merchant's.
    ///
    /// - Throws: `.paymentServerSilent`, `.paymentServerRefused`, `.answerUnreadable` and what
    ///   ``receive(_:signature:of:now:)`` throws; the order then stays as it is.
    package func ask(
        _ transaction: TransactionIdentifier,
        now: Instant
    ) async throws(OrderFailure) -> OrderView {
        let order = try await book.read(transaction).order
        guard order.state == .open || order.isGivenUp else { return OrderView(order) }
        switch try await answer(to: order) {
        case .saleAnswer(transaction, let state, let sealed):
            if state.isOpen { return OrderView(order) }
            return try await receive(sealed, of: transaction, now: now).order
        case .refusal(transaction, let word) where word == .orderUnknown || word == .orderTooOld:
            #if PLANTED_BUGS
                if PlantedBug.isPlanted(.unknownMeansUnpaid) {
                    return try await giveUp(transaction, now: now)
                }
            #endif
            if order.isGivenUp { return OrderView(order) }
            let areAgreed = word == .orderTooOld && order.terms.isOver(at: now)
            return areAgreed || isOver(order, at: now)
                ? try await giveUp(transaction, now: now) : OrderView(order)
        case .refusal(transaction, let refusal):
            throw .paymentServerRefused(refusal)
        default:
            throw .answerUnreadable
        }
    }

    /// Whether no payment server within the agreed clock skew takes a draw for it any more.
    private func isOver(_ order: Order, at now: Instant) -> Bool {
        let whole = PurchaseLimits.orderTime + PurchaseLimits.clockSkew
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.orderAgedByWallClock) {
                return now.since(order.terms.madeAt) > whole
            }
        #endif
        return ages.age(of: order.transaction, now: now) > whole
    }

    private func answer(to order: Order) async throws(OrderFailure) -> PartyMessage {
        let question: SaleQuestion
        do throws(ModuleFailure) {
            question = try await sealing.question(order.terms, keyName: order.proof.keyName)
        } catch { throw .module(error) }
        let bytes: [UInt8]
        do throws(LinkFailure) {
            bytes = try await link.request(PartyMessage.saleQuestion(question).bytes)
        } catch { throw .paymentServerSilent(error) }
        do throws(WireFailure) {
            return try PartyMessage(bytes)
        } catch { throw .answerUnreadable }
    }

    private func giveUp(
        _ transaction: TransactionIdentifier,
        now: Instant
    ) async throws(OrderFailure) -> OrderView {
        let view = try await book.change(transaction, at: now) { entry throws(OrderFailure) in
            guard let next = entry.order.givenUp() else {
                return .answer(OrderView(entry.order))
            }
            return OrderBook.Decision(
                steps: [OrderBook.Step(next: next, revision: entry.revision, event: .givenUp)],
                answer: OrderView(next)
            )
        }
        ages.forget(transaction)
        return view
    }
}

/// What one round over the open orders did.
package struct SettleRound: Equatable, Sendable {
    /// Orders that ended as paid or as unpaid.
    package var ended: [OrderView] = []
    /// Questions that left an order open.
    package var stillOpen = 0
    /// Orders that could not be settled, with the reason; they stay as they are.
    package var failed: [TransactionIdentifier: OrderFailure] = [:]
    /// Where the next round begins; nil after the last open order.
    package var next: TransactionIdentifier?
}

extension MerchantModule {
    /// Asks for all open orders older than ``MerchantLimits/askAfter``, oldest first: after a
    /// restart and from time to time.
    ///
    /// A round looks at ``MerchantLimits/settleRoundMax`` orders at the most and ends early where
    /// the payment server is silent; where it ended is where the next one begins.
    ///
    /// - Parameters:
    ///   - now: the time of the round.
    ///   - cursor: ``SettleRound/next`` of the round before; nil to begin with the oldest.
    /// - Returns: what the round did, and where the next begins.
    /// - Throws: `.store` where the open orders cannot be listed.
    package func settleOpen(
        now: Instant,
        after cursor: TransactionIdentifier? = nil
    ) async throws(OrderFailure) -> SettleRound {
        var round = SettleRound(next: cursor)
        var silences = 0
        var looked: Set<TransactionIdentifier> = []
        while looked.count < MerchantLimits.settleRoundMax {
            let page = try await openRecords(after: round.next)
            for record in page {
                guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes)) else {
                    preconditionFailure("The key of an order is its TRX.")
                }
                round.next = transaction
                looked.insert(transaction)
                if let isSilent = await settle(record, transaction, now: now, in: &round) {
                    silences = isSilent ? silences + 1 : 0
                }
                if silences == MerchantLimits.silencesMax { return round }
            }
            if page.count < MerchantLimits.settlePage {
                round.next = nil
                if cursor == nil { ages.keep(only: looked) }
                break
            }
        }
        return round
    }

    /// - Returns: whether the payment server was silent; nil where it was not asked.
    private func settle(
        _ record: Record,
        _ transaction: TransactionIdentifier,
        now: Instant,
        in round: inout SettleRound
    ) async -> Bool? {
        do throws(OrderFailure) {
            let order = try await book.open(record).order
            // Whichever clock says so first: to ask is never wrong.
            let age = max(ages.age(of: transaction, now: now), now.since(order.terms.madeAt))
            if age < MerchantLimits.askAfter { return nil }
            let view = try await ask(transaction, now: now)
            if view.state == .open { round.stillOpen += 1 } else { round.ended.append(view) }
            return false
        } catch {
            round.failed[transaction] = error
            switch error {
            case .paymentServerSilent: return true
            case .damaged, .store, .module: return nil
            default: return false
            }
        }
    }

    private func openRecords(
        after cursor: TransactionIdentifier?
    ) async throws(OrderFailure) -> [Record] {
        do throws(StoreFailure) {
            return try await book.store.listOpen(
                MerchantRecords.order,
                after: cursor?.bytes,
                limit: MerchantLimits.settlePage
            )
        } catch { throw .store(error) }
    }
}
