// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import SecurityModule
import Wire

// Refunds: taken from the merchant's account, given to the pool of the card's issuer, and credited
// to the card by the issuer (`docs/decisions/0030`).
extension ClearingHouse {
    // MARK: Asked for

    /// Answers a payment server that asks for a refund, or what became of it. What it asks for is
    /// durable before the answer; the books change in the next round.
    ///
    /// - Returns: `.unavailable` where the code is not the acquirer's: who cannot make one learns
    ///   nothing.
    func refund(
        _ order: RefundOrder,
        of acquirer: UInt32,
        _ code: [UInt8]
    ) async throws(ClearingFailure) -> CollectionMessage {
        do throws(ModuleFailure) {
            guard try await batches.isGenuine(order, of: acquirer, code: code) else {
                return .unavailable
            }
        } catch { throw .module(error) }
        let outcome = try await begin(order, of: acquirer)
        return .refundAnswer(order.transaction, number: order.number, outcome)
    }

    /// Puts a refund on record where its sale is cleared, once.
    ///
    /// - Returns: what became of it so far.
    func begin(
        _ order: RefundOrder,
        of acquirer: UInt32
    ) async throws(ClearingFailure) -> RefundOutcome {
        try await book.change { () async throws(ClearingFailure) in
            let key = RefundRecord.key(order.transaction, order.number)
            if let known = try await book.find(RefundRecord.self, key)?.value {
                return (known.outcome(for: order, of: acquirer), Transition(writes: []))
            }
            return try await open(RefundRecord(order, of: acquirer))
        }
    }

    /// A refund that comes for the first time. It becomes durable only where the sale is the
    /// merchant's: nobody takes the numbers of another one's sale.
    private func open(
        _ refund: RefundRecord
    ) async throws(ClearingFailure) -> (RefundOutcome, Transition) {
        var transition = Transition(writes: [])
        guard let (sale, cleared) = try await sale(refund.order.transaction) else {
            // Its batch has not come yet, or waits in suspense.
            return (.pending, transition)
        }
        if let reason = refund.refusal(for: sale) { return (.refused(reason), transition) }
        guard cleared.isCredited else {
            let suspended = try await suspended(at: cleared.place)
            let isGivenUp = suspended?.decision?.end == .rejected
            return (isGivenUp ? .refused(.neverCleared) : .pending, transition)
        }
        try await book.put(refund, over: 0, to: &transition)
        return (.pending, transition)
    }

    // MARK: Rounds

    /// What came of one round.
    package struct RefundReport: Equatable, Sendable {
        package fileprivate(set) var refunded = 0
        package fileprivate(set) var refused = 0
        /// Issuers that did not answer; their refunds wait.
        package fileprivate(set) var silent: Set<IssuerIdentifier> = []
        /// Records that do not open, in the words of the audit; their refunds wait.
        package fileprivate(set) var damaged: [String] = []
    }

    /// Posts what was asked for, and has issuers credit their cards. To be called every few seconds
    /// or minutes; where it is broken off, the next round goes on.
    ///
    /// - Parameter now: asked for the moment of each step.
    /// - Returns: what came of it.
    /// - Throws: `.store`, `.module`, `.busy`, `.amountTooLarge`.
    @discardableResult
    package func passRefunds(
        _ now: @Sendable () -> Instant
    ) async throws(ClearingFailure) -> RefundReport {
        var report = RefundReport()
        var cursor: [UInt8]?
        while true {
            let page = try await book.openRecords(RefundRecord.kind, after: cursor)
            for record in page {
                do throws(ClearingFailure) {
                    try await pass(
                        try await book.open(RefundRecord.self, record).value,
                        &report,
                        now
                    )
                } catch .issuerSilent(let issuer) {
                    report.silent.insert(issuer)
                } catch .damaged(let place) {
                    report.damaged.append(place)
                } catch .unknownSale {
                    report.damaged.append("the sale of refund \(Hex.text(record.key.bytes))")
                } catch .unknownBatch {
                    report.damaged.append("the batch of refund \(Hex.text(record.key.bytes))")
                } catch { throw error }
            }
            guard page.count == ClearingLimits.roundMax, let last = page.last else {
                return report
            }
            cursor = last.key.bytes
        }
    }

    private func pass(
        _ refund: RefundRecord,
        _ report: inout RefundReport,
        _ now: @Sendable () -> Instant
    ) async throws(ClearingFailure) {
        var outcome = refund.outcome
        if refund.state == .asked {
            outcome = try await step(refund, now()) { step async throws(ClearingFailure) in
                try await step.post()
            }
        }
        if outcome == .pending {
            let answer = try await credit(refund.order)
            outcome = try await step(refund, now()) { step async throws(ClearingFailure) in
                try await step.end(answer)
            }
        }
        switch outcome {
        case .refunded: report.refunded += 1
        case .refused: report.refused += 1
        case .pending: break
        }
    }

    /// One transition of a refund, as it is now.
    private func step(
        _ refund: RefundRecord,
        _ now: Instant,
        _ take: (inout RefundStep) async throws(ClearingFailure) -> Void
    ) async throws(ClearingFailure) -> RefundOutcome {
        try await book.change { () async throws(ClearingFailure) in
            var step = try await RefundStep(self, refund, now: now)
            try await take(&step)
            return (step.refund.outcome, step.transition)
        }
    }

    /// Has the issuer credit the card.
    ///
    /// - Returns: what became of it, for good.
    /// - Throws: `.issuerSilent` where that is not known yet.
    private func credit(
        _ order: RefundOrder
    ) async throws(ClearingFailure) -> RefundOutcome {
        guard let (sale, cleared) = try await sale(order.transaction) else { throw .unknownSale }
        let issuer = sale.card.issuer
        guard let link = issuers(issuer) else { throw .issuerSilent(issuer) }
        let request = IssuerMessage.credit(
            sale.bytes(at: cleared.place),
            number: order.number,
            order.amount
        )
        switch await reply(of: link, to: request) {
        case .credited(order.transaction, order.number): return .refunded
        case .refused(order.transaction, order.number, let reason): return .refused(reason)
        default: throw .issuerSilent(issuer)
        }
    }

    // MARK: Reading

    /// Refunds in the order of their sales and numbers.
    ///
    /// - Parameters:
    ///   - order: the last one of the page before; nil for the first page.
    ///   - limit: capped at ``RecordLimits/pageMax``.
    /// - Returns: the refunds; none behind the last one.
    /// - Throws: `.damaged` where one does not open; `.store`, `.module`.
    package func refunds(
        after order: RefundOrder?,
        limit: Int
    ) async throws(ClearingFailure) -> [RefundRecord] {
        let key = order.map { RefundRecord.key($0.transaction, $0.number) }
        return try await book.list(RefundRecord.self, after: key, limit: limit)
    }

    /// The refunds of one sale.
    package func refunds(
        of transaction: TransactionIdentifier
    ) async throws(ClearingFailure) -> [RefundRecord] {
        let page = try await book.list(
            RefundRecord.self,
            after: transaction.bytes + [0],
            limit: Int(RefundOrder.chargeBackNumbers.upperBound)
        )
        return page.filter { $0.order.transaction == transaction }
    }
}

extension RefundRecord {
    /// What is answered to a request with the name of this refund.
    fileprivate func outcome(for order: RefundOrder, of acquirer: UInt32) -> RefundOutcome {
        guard order.merchant == self.order.merchant, acquirer == self.acquirer else {
            return .refused(.otherMerchant)
        }
        return order == self.order ? outcome : .refused(.differs)
    }

    /// Why this is no refund of a sale, whatever was refunded before; nil where it is one.
    func refusal(for sale: CollectedSale) -> RefundRefusal? {
        guard sale.merchant == order.merchant, sale.securityCard.acquirer == acquirer else {
            return .otherMerchant
        }
        if sale.amount.currency.isProgramme { return .notMoney }
        return order.amount.isComparable(to: sale.amount) ? nil : .otherCurrency
    }
}
