// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import SecurityModule
import Wire

/// The refunds of orders, as the merchant keeps them: ``SaleRefunds`` bytes, sealed, by TRX of the
/// order; open while one waits for its outcome. What is begun here is sent by the merchant's server
/// (``MerchantModule/settleRefunds(now:)``), also where somebody else has begun it.
package struct MerchantRefunds: Sendable {
    /// Refunds with the revision that their next state follows from.
    struct Stored: Sendable {
        let transaction: TransactionIdentifier
        var refunds: SaleRefunds
        let revision: UInt64
    }

    private let book: OrderBook

    /// - Parameters:
    ///   - store: opened with ``MerchantRecords/schema``.
    ///   - sealing: seals the records in the store.
    package init(store: any RecordStore, sealing: any RecordSealing) {
        self.init(OrderBook(store: store, sealing: sealing))
    }

    init(_ book: OrderBook) {
        self.book = book
    }

    /// Begins a refund of a paid order. While one of the order waits for its outcome no other one
    /// is begun, so that asking twice gives back once.
    ///
    /// - Parameters:
    ///   - transaction: of the order.
    ///   - minorUnits: how much; nil for all that is not given back yet.
    ///   - now: the moment for the record.
    /// - Returns: the refund, which is durable; the one that waits, where it is of the same amount.
    /// - Throws: `.unknownOrder`, `.notPaid`; `.refundPending` where one of another amount waits;
    ///   `.refundRefused` with why this order cannot be refunded; `.refundsUsedUp`.
    package func begin(
        _ transaction: TransactionIdentifier,
        minorUnits: UInt64? = nil,
        now: Instant
    ) async throws(OrderFailure) -> SaleRefunds.Entry {
        for _ in 0..<MerchantLimits.attemptsMax {
            let order = try await book.read(transaction).order
            guard order.state == .paid || order.state == .delivered else {
                throw .notPaid(order.state)
            }
            let found = try await stored(transaction)
            var refunds =
                found?.refunds
                ?? SaleRefunds(of: order.terms.amount, to: order.terms.merchant)
            if let waiting = refunds.open.first {
                guard minorUnits == nil || minorUnits == waiting.minorUnits else {
                    throw .refundPending
                }
                return waiting
            }
            guard let number = refunds.nextNumber else { throw .refundsUsedUp }
            let amount = Money(
                minorUnits: minorUnits ?? refunds.rest,
                currency: refunds.paid.currency,
                exponent: refunds.paid.exponent
            )
            guard
                let order = RefundOrder(
                    transaction: transaction,
                    merchant: refunds.merchant,
                    number: number,
                    amount: amount
                )
            else { throw .refundRefused(.aboveSale) }
            if let reason = refunds.refusal(of: order) { throw .refundRefused(reason) }
            refunds.add(order, at: now)
            if try await keep(refunds, of: transaction, over: found?.revision ?? 0),
                let entry = refunds.entry(number)
            {
                return entry
            }
        }
        throw .busy
    }

    /// The refunds of an order.
    ///
    /// - Returns: nil where there never was one.
    package func refunds(
        of transaction: TransactionIdentifier
    ) async throws(OrderFailure) -> SaleRefunds? {
        try await stored(transaction)?.refunds
    }

    /// Notes what became of a refund.
    func end(
        _ number: UInt8,
        of transaction: TransactionIdentifier,
        _ outcome: RefundOutcome,
        now: Instant
    ) async throws(OrderFailure) {
        for _ in 0..<MerchantLimits.attemptsMax {
            guard outcome.isFinal, var next = try await stored(transaction) else { return }
            next.refunds.end(number, outcome, at: now)
            if try await keep(next.refunds, of: transaction, over: next.revision) { return }
        }
        throw .busy
    }

    // MARK: Records

    private func stored(
        _ transaction: TransactionIdentifier
    ) async throws(OrderFailure) -> Stored? {
        let record: Record?
        do throws(StoreFailure) {
            record = try await book.store.read(
                RecordKey(MerchantRecords.refund, transaction.bytes)
            )
        } catch { throw .store(error) }
        guard let record else { return nil }
        return try await open(record)
    }

    /// - Throws: `.damaged` where it was changed by somebody else.
    func open(_ record: Record) async throws(OrderFailure) -> Stored {
        let bytes: [UInt8]
        do throws(ModuleFailure) {
            bytes = try await book.sealing.open(
                record.body,
                name: record.sealName,
                revision: record.revision
            )
        } catch .sealBroken { throw .damaged } catch { throw .module(error) }
        guard let refunds = try? SaleRefunds(bytes), refunds.isOpen == record.isOpen,
            let transaction = TransactionIdentifier(Hex.text(record.key.bytes))
        else { throw .damaged }
        return Stored(transaction: transaction, refunds: refunds, revision: record.revision)
    }

    /// - Returns: whether it is durable; else somebody else was first.
    private func keep(
        _ refunds: SaleRefunds,
        of transaction: TransactionIdentifier,
        over revision: UInt64
    ) async throws(OrderFailure) -> Bool {
        let key = RecordKey(MerchantRecords.refund, transaction.bytes)
        let isOpen = refunds.isOpen
        let body: [UInt8]
        do throws(ModuleFailure) {
            body = try await book.sealing.seal(
                refunds.bytes,
                name: key.sealName(isOpen: isOpen),
                revision: revision + 1
            )
        } catch { throw .module(error) }
        do throws(StoreFailure) {
            let write = RecordWrite.put(
                key,
                expectedRevision: revision,
                body: body,
                isOpen: isOpen
            )
            return try await book.store.commit(Transition(writes: [write])) == .committed
        } catch { throw .store(error) }
    }
}
