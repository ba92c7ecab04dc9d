// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Synchronization
import Wire

/// A sale that is sold, and that its security card has not counted within
/// ``PurchaseLimits/countTime``: the acquirer has no proof of it that it could be paid for.
package struct UncountedSale: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    package let securityCard: SecurityCardIdentifier
    package let terminal: String

    init(_ sale: SaleRecord) {
        transaction = sale.transaction
        securityCard = sale.command.securityCard
        terminal = sale.terminal
    }
}

/// Which sales wait to be counted, how long, and which of them for too long.
struct CountWaits {
    var waits = Waits<TransactionIdentifier>()
    var overdue: Set<TransactionIdentifier> = []
}

extension PaymentModule {
    /// Whether a sale waits for too long to be counted; as of the last round.
    package func isOverdue(_ transaction: TransactionIdentifier) -> Bool {
        countWaits.withLock { $0.overdue.contains(transaction) }
    }

    /// How many sales wait for too long to be counted; as of the last round.
    package var overdueCount: Int { countWaits.withLock { $0.overdue.count } }

    /// A round has left these sales uncounted: who waits for too long is told once.
    func note(uncounted sales: [SaleRecord]) async {
        var soldAt: [TransactionIdentifier: Instant] = [:]
        for sale in sales where !countWaits.withLock({ $0.waits.knows(sale.transaction) }) {
            soldAt[sale.transaction] = await moment(ofSale: sale)
        }
        let (now, uptime) = (now(), uptime())
        let new = countWaits.withLock { state in
            let late = sales.filter { sale in
                let age = state.waits.age(
                    of: sale.transaction,
                    begunAt: soldAt[sale.transaction] ?? now,
                    now: now,
                    uptime: uptime
                )
                return age > PurchaseLimits.countTime
            }
            state.waits.keep(only: Set(sales.map(\.transaction)))
            let new = late.filter { !state.overdue.contains($0.transaction) }
            state.overdue = Set(late.map(\.transaction))
            return new
        }
        for sale in new { alarm(UncountedSale(sale)) }
    }

    /// When a sale was sold, perhaps before a restart; that of the draw where it is not known.
    private func moment(ofSale sale: SaleRecord) async -> Instant {
        let rows = try? await store.history(
            SaleRecord.key(sale.transaction).bytes,
            after: 0,
            limit: RecordLimits.pageMax
        )
        let sold = rows?.lazy.compactMap { try? SaleStep($0.body) }.last { $0.kind == .sold }
        return sold?.moment ?? sale.drawnAt
    }
}
