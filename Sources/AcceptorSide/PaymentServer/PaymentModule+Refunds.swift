// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records
package import SecurityModule
package import Wire

// Refunds: what a merchant asks for goes to the clearing house (`docs/decisions/0030`).
extension PaymentModule {
    /// The refunds of one sale as last committed.
    private struct StoredRefunds {
        var refunds: SaleRefunds
        let revision: UInt64
    }

    // MARK: The merchant's question

    /// Takes a refund in, or says what became of it. It is durable before the answer.
    func refundQuestion(_ question: RefundQuestion) async throws(Refusal) -> [UInt8] {
        do throws(ModuleFailure) {
            try await keys.check(question)
        } catch {
            throw error == .keyUnknown ? .unknownMerchant : .orderForged
        }
        let order = question.order
        let outcome = try await refund(order)
        return PartyMessage.refundAnswer(order.transaction, number: order.number, outcome).bytes
    }

    private func refund(_ order: RefundOrder) async throws(Refusal) -> RefundOutcome {
        let transaction = order.transaction
        for _ in 0..<PaymentModule.refundAttemptsMax {
            let found = try await storing { () async throws(StoreFailure) in
                try await refunds(of: transaction)
            }
            guard let sold = try await read(transaction)?.sale else {
                return .refused(.unknownSale)
            }
            switch sold.state {
            case .sold: break
            case .drawn: throw .busy
            case .refused, .void: return .refused(.unknownSale)
            }
            let command = sold.command
            var next = found?.refunds ?? SaleRefunds(of: command.amount, to: command.merchant)
            let reason = next.refusal(of: order)
            if reason == nil, let known = next.entry(order.number) { return known.outcome }
            switch reason {
            case nil: next.add(order, at: now())
            // Nothing may be granted by a late copy, once another refund has come to nothing.
            case .aboveSale?: next.add(order, .refused(.aboveSale), at: now())
            case let reason?: return .refused(reason)
            }
            let isKept = try await storing { () async throws(StoreFailure) in
                try await keep(next, of: transaction, over: found?.revision ?? 0)
            }
            if isKept { return reason.map { .refused($0) } ?? .pending }
        }
        throw .busy
    }

    // MARK: Rounds

    /// What came of one round.
    package struct RefundRound: Equatable, Sendable {
        package fileprivate(set) var refunded = 0
        package fileprivate(set) var refused = 0
        /// Refunds that still wait for the clearing house.
        package fileprivate(set) var open = 0
        /// Records that do not open; their refunds wait.
        package fileprivate(set) var damaged: [String] = []
    }

    /// Asks the clearing house for the refunds that wait. To be called every few seconds or
    /// minutes; it ends early where nobody answers.
    ///
    /// - Parameters:
    ///   - link: to the concentration point, or to the clearing house.
    ///   - signing: the acquirer's key of refunds.
    /// - Returns: what came of it.
    /// - Throws: `StoreFailure`; the next round goes on.
    @discardableResult
    package func sendRefunds(
        over link: any Link,
        signedBy signing: any RefundSigning
    ) async throws(StoreFailure) -> RefundRound {
        var round = RefundRound()
        var cursor: [UInt8]?
        while true {
            let page = try await store.listOpen(
                RefundRecords.kind,
                after: cursor,
                limit: RecordLimits.pageMax
            )
            for record in page {
                do throws(StoreFailure) {
                    guard try await send(record, over: link, signing, &round) else { return round }
                } catch .damaged(let place) { round.damaged.append(place) } catch { throw error }
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { return round }
            cursor = last.key.bytes
        }
    }

    /// - Returns: false where the link does not answer.
    private func send(
        _ record: Record,
        over link: any Link,
        _ signing: any RefundSigning,
        _ round: inout RefundRound
    ) async throws(StoreFailure) -> Bool {
        let (transaction, refunds) = try await RefundRecords.open(record, sealedBy: seals)
        for entry in refunds.open {
            guard let order = refunds.order(entry, of: transaction),
                let code = try? await signing.sign(order)
            else { continue }
            let question = CollectionMessage.refund(
                order,
                acquirer: signing.acquirer,
                code: code
            )
            guard let bytes = try? await link.request(question.bytes) else { return false }
            guard
                case .refundAnswer(transaction, entry.number, let outcome) =
                    try? CollectionMessage(bytes), outcome.isFinal
            else {
                round.open += 1
                continue
            }
            try await end(entry.number, of: transaction, outcome)
            if outcome == .refunded { round.refunded += 1 } else { round.refused += 1 }
        }
        return true
    }

    private func end(
        _ number: UInt8,
        of transaction: TransactionIdentifier,
        _ outcome: RefundOutcome
    ) async throws(StoreFailure) {
        for _ in 0..<PaymentModule.refundAttemptsMax {
            guard var stored = try await refunds(of: transaction) else { return }
            stored.refunds.end(number, outcome, at: now())
            if try await keep(stored.refunds, of: transaction, over: stored.revision) { return }
        }
    }

    // MARK: Records

    /// Changes of the same refunds by others, before who asks has to come again.
    private static let refundAttemptsMax = 8

    private func refunds(
        of transaction: TransactionIdentifier
    ) async throws(StoreFailure) -> StoredRefunds? {
        guard let record = try await store.read(RefundRecords.key(transaction)) else { return nil }
        let refunds = try await RefundRecords.open(record, sealedBy: seals).refunds
        return StoredRefunds(refunds: refunds, revision: record.revision)
    }

    /// - Returns: whether it is durable; else somebody else was first.
    private func keep(
        _ refunds: SaleRefunds,
        of transaction: TransactionIdentifier,
        over revision: UInt64
    ) async throws(StoreFailure) -> Bool {
        let write: RecordWrite
        do throws(ModuleFailure) {
            write = try await RefundRecords.write(
                refunds,
                of: transaction,
                over: revision,
                sealedBy: seals
            )
        } catch { throw .unavailable("refunds cannot be sealed: \(error)") }
        return try await store.commit(Transition(writes: [write])) == .committed
    }

    private func storing<Value>(
        _ part: () async throws(StoreFailure) -> Value
    ) async throws(Refusal) -> Value {
        do throws(StoreFailure) {
            return try await part()
        } catch { throw .storeUnavailable }
    }
}
