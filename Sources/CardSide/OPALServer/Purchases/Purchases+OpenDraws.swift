// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Synchronization
import Wire

// Draws that wait for their outcome.
extension Purchases {
    /// Payment servers that are asked at the same time.
    private static let serversAtOnce = 8
    /// Draws that one payment server is asked about at the same time.
    private static let drawsAtOnce = 16

    /// Asks again about every draw that is open. To be called at start-up and then every few
    /// seconds.
    ///
    /// Payment servers are asked side by side, each about a few draws at a time. One that does not
    /// answer is left alone until the next round, so that it delays the others by one time-out at
    /// the most.
    ///
    /// - Parameter age: how long ago the debit must be, so that purchases under way are left alone;
    ///   where one trip is all, the payment server is told at once.
    /// - Returns: how many reached their outcome.
    @discardableResult
    package func settleOpenDraws(olderThan age: Duration) async -> Int {
        var (count, cursor): (Int, [UInt8]?) = (0, nil)
        var (silent, seen): (Set<String>, Set<TransactionIdentifier>) = ([], [])
        while true {
            guard
                let page = try? await store.listOpen(
                    DrawRecord.kind,
                    after: cursor,
                    limit: RecordLimits.pageMax
                )
            else { return count }
            var draws: [String: [Stored]] = [:]
            for record in page {
                guard let stored = try? await open(record) else { continue }
                seen.insert(stored.draw.terms.transaction)
                let server = stored.draw.paymentServer
                let isDue =
                    waits.age(of: stored.draw, self) >= age
                    || stored.draw.terms.policy.isOneTrip
                guard isDue, !silent.contains(server) else { continue }
                draws[server, default: []].append(stored)
            }
            for round in await settle(draws) {
                count += round.settled
                if round.isSilent { silent.insert(round.server) }
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else { break }
            cursor = last.key.bytes
        }
        waits.keep(only: seen)
        return count
    }

    /// What came of asking one payment server.
    private struct Round: Sendable {
        let server: String
        var settled = 0
        var isSilent = false
    }

    /// Asks several payment servers side by side.
    private func settle(_ draws: [String: [Stored]]) async -> [Round] {
        var waiting = draws.sorted { $0.key < $1.key }[...]
        return await withTaskGroup(of: Round.self) { group in
            for _ in 0..<Purchases.serversAtOnce {
                guard let next = waiting.popFirst() else { break }
                group.addTask { await settle(next.value, at: next.key) }
            }
            var rounds: [Round] = []
            for await round in group {
                rounds.append(round)
                guard let next = waiting.popFirst() else { continue }
                group.addTask { await settle(next.value, at: next.key) }
            }
            return rounds
        }
    }

    private func settle(_ draws: [Stored], at server: String) async -> Round {
        var round = Round(server: server)
        guard let link = directory.link(to: server) else { return round }
        var waiting = draws[...]
        return await withTaskGroup(of: Bool?.self) { group in
            for _ in 0..<Purchases.drawsAtOnce {
                guard let next = waiting.popFirst() else { break }
                group.addTask { await isSettled(next, link) }
            }
            for await isSettled in group {
                guard let isSettled else {
                    round.isSilent = true
                    continue
                }
                if isSettled { round.settled += 1 }
                guard !round.isSilent, let next = waiting.popFirst() else { continue }
                group.addTask { await self.isSettled(next, link) }
            }
            return round
        }
    }

    /// - Returns: whether the draw has ended; nil where the payment server is silent.
    private func isSettled(_ stored: Stored, _ link: any Link) async -> Bool? {
        guard let reply = try? await link.request(stored.reply) else { return nil }
        return await !settled(stored, answered: reply, wasPending: true).draw.state.isOpen
    }

    /// Asks about one draw now, as the operator wishes; the answer alone decides.
    ///
    /// - Returns: nil where no card was debited for this transaction.
    package func ask(
        about transaction: TransactionIdentifier
    ) async throws(Refusal) -> PurchaseOutcome? {
        guard let stored = try await read(transaction) else { return nil }
        guard stored.draw.state.isOpen else { return stored.outcome }
        guard let link = directory.link(to: stored.draw.paymentServer) else {
            throw .unknownPaymentServer
        }
        return await settle(stored, link, wasPending: true)
    }
}

/// How long open transactions have waited, from one round to the next.
final class OpenWaits: Sendable {
    private let waits = Mutex(Waits<TransactionIdentifier>())

    func age(of draw: DrawRecord, _ purchases: Purchases) -> Duration {
        age(
            of: draw.terms.transaction,
            begunAt: draw.debitedAt,
            now: purchases.now(),
            uptime: purchases.uptime?()
        )
    }

    /// `uptime`: nil where nobody sets the wall clock.
    func age(
        of transaction: TransactionIdentifier,
        begunAt: Instant,
        now: Instant,
        uptime: Uptime?
    ) -> Duration {
        waits.withLock {
            $0.age(of: transaction, begunAt: begunAt, now: now, uptime: uptime ?? Uptime(now))
        }
    }

    func keep(only transactions: Set<TransactionIdentifier>) {
        waits.withLock { $0.keep(only: transactions) }
    }
}
