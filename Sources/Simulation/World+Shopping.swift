// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Kernel
package import Merchant
package import OPALServer
import PaymentServer
import Records
import SecurityModule
package import Wire

// What a person with a browser does.
extension World {
    /// Orders an article.
    package func order(
        _ article: Int = 0,
        at shop: Int = 0
    ) async throws(OrderFailure) -> MerchantModule.Ticket {
        try await merchant(shop).order(shops[shop].articles[article], now: now)
    }

    /// The order page, as the browser shows it.
    package func page(
        _ ticket: MerchantModule.Ticket,
        at shop: Int = 0
    ) async throws(OrderFailure) -> OrderPage {
        try await merchant(shop).page(
            of: ticket.transaction,
            receiptKey: ticket.receiptKey,
            now: now
        )
    }

    /// Consents at the OPAL server.
    package func pay(_ page: OrderPage, with card: Int = 0) async -> PurchaseOutcome {
        await purchases.pay(page, with: cards[card])
    }

    /// Brings the sealed result to the status URL and fetches the goods.
    package func fetch(
        _ result: [UInt8],
        _ ticket: MerchantModule.Ticket,
        at shop: Int = 0
    ) async throws(OrderFailure) -> MerchantModule.Delivery {
        _ = try await merchant(shop).receive(result, of: ticket.transaction, now: now)
        return try await deliver(ticket, at: shop)
    }

    package func deliver(
        _ ticket: MerchantModule.Ticket,
        at shop: Int = 0
    ) async throws(OrderFailure) -> MerchantModule.Delivery {
        try await merchant(shop).deliver(
            ticket.transaction,
            receiptKey: ticket.receiptKey,
            now: now
        )
    }

    /// The balance of a card's first purse.
    package func balance(_ card: Int = 0) async throws(WorldFailure) -> UInt64 {
        do throws(EmulatorFailure) {
            guard let card = try await desk.describe(cards[card]) else { throw .conflict }
            return card.purses[0].balance.minorUnits
        } catch {
            throw .card(error)
        }
    }

    // MARK: What the parties do from time to time

    /// One round of everything that the parties do by themselves every few seconds.
    package func tidy() async {
        await link.deliverLate()
        for shop in shops { await shop.link.deliverLate() }
        for host in hosts { await host.link.deliverLate() }
        if !hosts.isEmpty { await payments.refreshTerminals() }
        await payments.giveUpLateSales()
        await payments.countSales()
        await purchases.settleOpenDraws(olderThan: .zero)
        for merchant in merchants { _ = try? await merchant.settleOpen(now: now) }
    }

    /// Lets time pass, without faults, until nothing is open.
    ///
    /// - Returns: whether all came to an end within `rounds`.
    package func settleAll(rounds: Int = 6) async -> Bool {
        clearFaults()
        for host in hosts { host.start() }
        for round in 0..<rounds {
            // The first rounds give sales up; the last ones are behind the time of an order.
            clock.advance(by: round < 2 ? PurchaseLimits.saleTime + .seconds(1) : .seconds(1000))
            await tidy()
            if await isQuiet {
                // What a terminal drew in vain is given up when no sale holds the terminal.
                if !hosts.isEmpty { await payments.refreshTerminals() }
                return true
            }
        }
        return false
    }

    /// Whether no party waits for anything.
    package var isQuiet: Bool {
        get async {
            do {
                var open = try await opalStore.listOpen(DrawRecord.kind, after: nil, limit: 1)
                open += try await paymentStore.listOpen(SaleRecord.kind, after: nil, limit: 1)
                for shop in shops {
                    open += try await shop.store.listOpen(
                        MerchantRecords.order,
                        after: nil,
                        limit: 1
                    )
                }
                return open.isEmpty
            } catch {
                return false
            }
        }
    }
}
