// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

// Sales where one trip is all (FIGS. 7 and 8): the goods may be out before the card's answer comes,
// so that no time-out gives them up. The OPAL server asks what still waits for it, and says of each
// what became of it: the card's answer, or that no card was debited.
extension PaymentModule {
    /// The sales that an OPAL server drew, and that wait for its word for longer than
    /// ``PurchaseLimits/saleTime``.
    func openSales(of peer: String) async throws(Refusal) -> [UInt8] {
        var (waiting, cursor): ([TransactionIdentifier], [UInt8]?) = ([], nil)
        while true {
            let page: [Record]
            do throws(StoreFailure) {
                page = try await store.listOpen(
                    SaleRecord.kind,
                    after: cursor,
                    limit: RecordLimits.pageMax
                )
            } catch {
                throw .storeUnavailable
            }
            for record in page {
                guard let sale = try? await open(record).sale, sale.waits(for: peer), isLate(sale)
                else { continue }
                waiting.append(sale.transaction)
                if waiting.count == PartyMessage.openSalesMax {
                    return PartyMessage.openSales(waiting).bytes
                }
            }
            guard page.count == RecordLimits.pageMax, let last = page.last else {
                return PartyMessage.openSales(waiting).bytes
            }
            cursor = last.key.bytes
        }
    }

    /// Gives a sale up because who drew it says that no card was debited, and none will be.
    ///
    /// - Returns: the Debit Result; that of a sale that has ended is repeated.
    func notDebited(
        _ transaction: TransactionIdentifier,
        by peer: String
    ) async throws(Refusal) -> [UInt8] {
        guard let stored = try await read(transaction), stored.sale.peer == peer,
            stored.sale.request.terms.policy.isOneTrip
        else { throw .orderUnknown }
        let isResultOut = stored.isResultOut
        note(stored.sale.request.terms.policy) { $0.message(isResultOut: isResultOut) }
        guard stored.sale.state.isOpen else { return stored.reply }
        guard var held = try await take(transaction) else { throw .busy }
        do throws(Refusal) {
            let reply = try await giveUp(&held)
            release(held)
            return reply
        } catch {
            return try await keep(held, after: error)
        }
    }
}

extension SaleRecord {
    /// Whether it ends only with the word of this OPAL server.
    func waits(for peer: String) -> Bool {
        state.isOpen && request.terms.policy.isOneTrip && self.peer == peer
    }
}
