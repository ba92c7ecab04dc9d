// SPDX-License-Identifier: Apache-2.0

package import Batches
package import ClearingHouse
package import Kernel
import Merchant
import PaymentServer
import Records
import SecurityModule
import Wire

/// What the parties of a ``World`` have stored of batches, the books, refunds and payouts, opened.
package struct ClearingLedger: Sendable {
    /// A sale of a batch with what became of it.
    package struct Line: Sendable {
        package let sale: CollectedSale
        package let place: BatchPlace
        package let outcome: CreditOutcome
        /// Where it was set aside.
        package let suspended: SuspendedSale?

        /// Whether its merchant has the money.
        package var isCleared: Bool {
            outcome == .cleared || suspended?.decision?.end == .released
        }

        /// Whether its amount waits in suspense.
        package var isInSuspense: Bool { suspended?.isPosted == true && suspended?.decision == nil }
    }

    /// How a payout stands in an account's history.
    struct PayoutRow: Sendable {
        let account: LedgerAccount
        let balance: ExactAmount
    }

    /// Nil where nobody clears.
    private(set) var host: ClearingHost?
    package private(set) var batches: [BatchName: BatchRecord] = [:]
    package private(set) var lines: [BatchPlace: Line] = [:]
    package private(set) var accounts: [LedgerAccount: ExactAmount] = [:]
    private(set) var payoutRows: [PayoutRow] = []
    package private(set) var payouts: [Payout] = []
    package private(set) var refunds: [RefundRecord] = []
    /// Batches at the payment server that are closed by their security cards.
    package private(set) var closed: [BatchRecord] = []
    /// Refunds at the payment server, and at the shops.
    package private(set) var refundsAtServer: [TransactionIdentifier: SaleRefunds] = [:]
    package private(set) var refundsAtShops: [TransactionIdentifier: SaleRefunds] = [:]

    private var lastRows: [LedgerAccount: UInt64] = [:]

    /// More than there are in any run.
    private static let pageMax = RecordLimits.pageMax

    /// Reads what has changed since the last time.
    ///
    /// - Returns: what could not be opened.
    mutating func read(
        _ world: World,
        of parties: Set<Party>
    ) async throws(StoreFailure) -> [Violation] {
        guard let clearing = world.clearing else { return [] }
        host = clearing.house
        if parties.contains(.paymentServer) { try await readPayments(world) }
        for party in parties {
            guard case .shop(let index) = party else { continue }
            try await readRefunds(world.shops[index])
        }
        guard parties.contains(.clearingHouse) else { return [] }
        do throws(ClearingFailure) {
            let house = clearing.house.reader
            try await readBatches(house)
            try await readAccounts(house)
            try await readPayouts(house)
            refunds = try await house.refunds(after: nil, limit: Self.pageMax)
            return []
        } catch {
            return [.damaged("the clearing house: \(error)")]
        }
    }

    /// What the clearing house finds by itself.
    static func audit(_ world: World) async throws(StoreFailure) -> [Violation] {
        guard let clearing = world.clearing else { return [] }
        return try await clearing.house.audit.run {}.findings.map { .damaged("\($0)") }
    }

    // MARK: At the clearing house

    private mutating func readBatches(_ house: ClearingHouse) async throws(ClearingFailure) {
        for view in try await house.batches(after: nil, limit: Self.pageMax) {
            let name = view.batch.name
            batches[name] = view.batch
            guard let next = view.crediting?.next else { continue }
            var index: UInt32 = 1
            while index < next {
                let place = BatchPlace(name, index)
                index += 1
                if let known = lines[place], known.suspended?.decision != nil || known.isCleared {
                    continue
                }
                guard
                    let sale = try await house.sales(of: name, from: place.index, limit: 1).first
                else { continue }
                lines[place] = Line(
                    sale: sale.sale,
                    place: place,
                    outcome: sale.outcome,
                    suspended: sale.outcome.isSuspended
                        ? try await house.suspended(at: place) : nil
                )
            }
        }
    }

    private mutating func readAccounts(_ house: ClearingHouse) async throws(ClearingFailure) {
        for record in try await house.accounts(after: nil, limit: Self.pageMax) {
            accounts[record.account] = record.balance
            while true {
                let last = lastRows[record.account] ?? 0
                let rows = try await house.rows(
                    of: record.account,
                    after: last,
                    limit: Self.pageMax
                )
                guard let newest = rows.last else { break }
                lastRows[record.account] = newest.number
                for row in rows where row.entry.amount.isNegative {
                    guard case .payout = row.entry.cause else { continue }
                    payoutRows.append(
                        PayoutRow(account: record.account, balance: row.entry.balance)
                    )
                }
            }
        }
    }

    private mutating func readPayouts(_ house: ClearingHouse) async throws(ClearingFailure) {
        payouts = []
        for run in try await house.runs(before: nil, limit: Self.pageMax) {
            payouts += try await house.payouts(of: run.day, limit: Self.pageMax)
        }
    }

    // MARK: At payment server and shops

    private mutating func readPayments(_ world: World) async throws(StoreFailure) {
        let (store, seals) = (world.paymentStore.inner, world.paymentSeals)
        closed = []
        for record in try await Ledger.all(BatchRecord.kind, in: store) {
            closed.append(try await BatchRecord.open(record, sealedBy: seals).batch)
        }
        for record in try await Ledger.all(RefundRecords.kind, in: store) {
            let (transaction, refunds) = try await RefundRecords.open(record, sealedBy: seals)
            refundsAtServer[transaction] = refunds
        }
    }

    private mutating func readRefunds(_ shop: Shop) async throws(StoreFailure) {
        let book = MerchantRefunds(store: shop.store.inner, sealing: shop.records)
        for record in try await Ledger.all(MerchantRecords.refund, in: shop.store.inner) {
            guard let transaction = TransactionIdentifier(Hex.text(record.key.bytes)) else {
                continue
            }
            refundsAtShops[transaction] = try? await book.refunds(of: transaction)
        }
    }

    // MARK: At the end

    /// Whether nothing waits but what somebody has to decide.
    var isQuiet: Bool {
        payouts.allSatisfy { $0.state != .instructed }
            && refunds.allSatisfy { $0.outcome.isFinal }
            && batches.values.allSatisfy { $0.state != .waiting }
            && lines.values.allSatisfy { !$0.isInSuspense }
    }

    var sights: Set<Sight> {
        var sights: Set<Sight> = []
        let falseBatches = host?.falseBatches ?? []
        for line in lines.values {
            if line.isCleared { sights.insert(line.suspended == nil ? .cleared : .suspended) }
            if falseBatches.contains(line.place.batch) { sights.insert(.falseSaleSetAside) }
        }
        for refund in refunds {
            guard case .refunded = refund.outcome else {
                sights.insert(.refundRefused)
                continue
            }
            let paid = lines.values.first { $0.sale.transaction == refund.order.transaction }
            sights.insert(.refunded(isWhole: paid?.sale.amount == refund.order.amount))
        }
        for payout in payouts {
            if payout.state == .paid { sights.insert(.paidOut) }
            if payout.state == .returned { sights.insert(.payoutReturned) }
        }
        return sights
    }
}
