// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import SecurityModule
import Wire

// Sales that a payment server drew for this OPAL server and of which it heard no more, because of a
// crash in between: it cannot give them up by itself where one trip is all (FIGS. 7 and 8).
extension Purchases {
    /// Asks each payment server which sales still wait for this OPAL server, and says of each what
    /// became of it. To be called every few seconds.
    ///
    /// - Returns: how many ended.
    @discardableResult
    package func settleUnheard() async -> Int {
        var count = 0
        for name in directory.names {
            guard let link = directory.link(to: name),
                case .openSales(let waiting) = try? await ask(link, .openSalesQuestion)
            else { continue }
            for transaction in waiting where await settleUnheard(transaction, at: name, link) {
                count += 1
            }
        }
        return count
    }

    /// - Returns: whether it has ended.
    private func settleUnheard(
        _ transaction: TransactionIdentifier,
        at server: String,
        _ link: any Link
    ) async -> Bool {
        do throws(Refusal) {
            if let stored = try await read(transaction) {
                // Another server's sale is none of this one's business.
                guard stored.draw.state.isOpen, stored.draw.paymentServer == server,
                    stored.draw.terms.policy.isOneTrip
                else { return false }
                guard let reply = try? await link.request(stored.reply) else { return false }
                return await !settled(stored, answered: reply, wasPending: true).draw.state.isOpen
            }
            // A debit that is still under way finds this and does not happen; where it was first,
            // this is not stored.
            guard try await refuse(transaction) else { return false }
        } catch .orderGivenUp {
            // It was refused before, and the payment server has not heard of it.
        } catch {
            return false
        }
        guard case .debitResult = try? await ask(link, .notDebited(transaction)) else {
            return false
        }
        return true
    }

    /// Makes it durable that this transaction will never be debited.
    ///
    /// - Returns: whether it is; else it was debited just now.
    func refuse(_ transaction: TransactionIdentifier) async throws(Refusal) -> Bool {
        let key = DrawRecord.key(transaction)
        do {
            let body = try await seals.seal(
                DrawRecord.neverDebited,
                name: key.sealName(),
                revision: 1
            )
            let write = RecordWrite.put(key, expectedRevision: 0, body: body)
            return try await store.commit(Transition(writes: [write])) == .committed
        } catch {
            throw .storeUnavailable
        }
    }
}
