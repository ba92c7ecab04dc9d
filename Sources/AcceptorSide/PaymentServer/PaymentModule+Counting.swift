// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

// Sales that were sold before the security card has counted them (FIGS. 6–8): it gives out S2 and
// the expected S3 together, its terminal goes to the next sale, and somebody else compares.
extension PaymentModule {
    /// Sales that one security card counts in one commit.
    private static let countedTogetherMax = TerminalRequest.countMax

    /// Brings security cards the sales that they have not counted yet. To be called at start-up and
    /// then every few seconds. A sale stays open until it is counted; where that takes too long,
    /// the alarm is told.
    ///
    /// - Returns: how many were counted.
    @discardableResult
    package func countSales() async -> Int {
        var (total, cursor): (Int, [UInt8]?) = (0, nil)
        var uncounted: [SaleRecord] = []
        while true {
            guard
                let page = try? await store.listOpen(
                    SaleRecord.kind,
                    after: cursor,
                    limit: RecordLimits.pageMax
                )
            else { return total }
            var waiting: [SecurityCardIdentifier: [Stored]] = [:]
            for record in page {
                guard let stored = try? await open(record), stored.sale.state == .sold else {
                    continue
                }
                waiting[stored.sale.command.securityCard, default: []].append(stored)
            }
            for (securityCard, sales) in waiting.sorted(by: { $0.key.bits < $1.key.bits }) {
                let counted = await count(sales, by: securityCard)
                total += counted.count
                uncounted += sales.map(\.sale).filter { !counted.contains($0.transaction) }
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { break }
            cursor = last.key.bytes
        }
        await note(uncounted: uncounted)
        return total
    }

    /// - Returns: which were counted; none where the terminal serves a sale now. It is kept for
    ///   this only where many wait, before the security card has no number left.
    private func count(
        _ sales: [Stored],
        by securityCard: SecurityCardIdentifier
    ) async -> Set<TransactionIdentifier> {
        guard !terminals.isAway(securityCard) else { return [] }
        let areMany = sales.count >= PaymentModule.countedTogetherMax
        guard let terminal = try? await leased(securityCard, keepsIt: areMany) else { return [] }
        defer { release(terminal, after: sales) }
        var (all, rest): (Set<TransactionIdentifier>, _) = ([], sales[...])
        while !rest.isEmpty {
            let batch = Array(rest.prefix(PaymentModule.countedTogetherMax))
            rest = rest.dropFirst(batch.count)
            guard let counted = try? await count(batch, at: terminal) else { continue }
            all.formUnion(counted)
        }
        return all
    }

    private func count(
        _ batch: [Stored],
        at terminal: Terminal
    ) async throws(Refusal) -> [TransactionIdentifier] {
        let sales = batch.compactMap { stored in
            stored.sale.answer.map { answer in
                ComparedSale(
                    draw: stored.sale.draw,
                    command: stored.sale.command,
                    answer: answer
                )
            }
        }
        precondition(sales.count == batch.count, "What is sold has an answer.")
        let result: SecurityCardCount
        do throws(ModuleFailure) {
            result = try await terminal.count(sales)
        } catch {
            throw .storeUnavailable
        }
        let moment = now()
        let write = await terminal.write(result.memory)
        var transition = Transition(writes: write.map { [$0] } ?? [])
        var counted: [TransactionIdentifier] = []
        for (index, stored) in batch.enumerated() where result.isCounted[index] {
            var sale = stored.sale
            sale.isClosedBySecurityCard = true
            try await append(
                &sale,
                revision: stored.revision,
                reply: stored.reply,
                steps: [SaleStep(.counted, at: moment)],
                to: &transition
            )
            if let place = result.places[index] {
                try await collect(sale, at: place, into: &transition)
            }
            counted.append(sale.transaction)
        }
        if !counted.isEmpty { try await commit(transition, (terminal, result.memory)) }
        return counted
    }
}
