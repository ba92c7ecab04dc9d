// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Kernel
package import Merchant
package import OPALServer
import PaymentServer
import Records
import SecurityModule
import SessionKeys
import TerminalHost
package import Wire

/// What a browser posts to the merchant's status URL.
package struct StatusForm: Equatable, Sendable {
    package var result: [UInt8]
    /// S3 of the card, where the merchant compares.
    package var signature: Signature?

    package init(result: [UInt8], signature: Signature? = nil) {
        self.result = result
        self.signature = signature
    }
}

// What a person with a browser does.
extension World {
    /// Orders an article.
    package func order(
        _ article: Int = 0,
        at shop: Int = 0
    ) async throws(OrderFailure) -> MerchantModule.Ticket {
        try await merchant(shop).order(shops[shop].articles[article], now: now(of: shop))
    }

    private func now(of shop: Int) -> Instant { fates.now(of: .shop(shop)) }

    /// The order page, as the browser shows it.
    package func page(
        _ ticket: MerchantModule.Ticket,
        at shop: Int = 0
    ) async throws(OrderFailure) -> OrderPage {
        try await merchant(shop).page(
            of: ticket.transaction,
            receiptKey: ticket.receiptKey,
            now: now(of: shop)
        )
    }

    /// Consents at the OPAL server.
    package func pay(_ page: OrderPage, with card: Int = 0) async -> PurchaseOutcome {
        await purchases.pay(page, with: cards[card])
    }

    /// Consents at the OPAL server.
    ///
    /// - Returns: nil where no answer comes, because the OPAL server is down or crashes meanwhile.
    package func visit(_ page: OrderPage, with card: Int = 0) async -> PurchaseOutcome? {
        let life = fates.life(.opalServer)
        if life.isOver { return nil }
        let outcome = await pay(page, with: card)
        return life.isOver ? nil : outcome
    }

    /// What the browser posts to the status URL; it compares S3 where this is left to it.
    package func form(_ receipt: PurchaseReceipt) async -> StatusForm? {
        switch receipt.handover {
        case .result(let result): return StatusForm(result: result)
        case .expectation(let expectation, let signature):
            return StatusForm(result: expectation, signature: signature)
        case .locked(let locked, let signature, let key):
            let session = DrawSealer().session(key, receipt.terms.transaction)
            let result = try? await session.unlock(locked, with: signature)
            return result.map { StatusForm(result: $0) }
        case nil: return nil
        }
    }

    /// Brings what was paid to the status URL and fetches the goods.
    package func fetch(
        _ form: StatusForm,
        _ ticket: MerchantModule.Ticket,
        at shop: Int = 0
    ) async throws(OrderFailure) -> MerchantModule.Delivery {
        _ = try await merchant(shop).receive(
            form.result,
            signature: form.signature,
            of: ticket.transaction,
            now: now(of: shop)
        )
        return try await deliver(ticket, at: shop)
    }

    /// Brings the sealed result to the status URL and fetches the goods.
    package func fetch(
        _ result: [UInt8],
        _ ticket: MerchantModule.Ticket,
        at shop: Int = 0
    ) async throws(OrderFailure) -> MerchantModule.Delivery {
        try await fetch(StatusForm(result: result), ticket, at: shop)
    }

    package func deliver(
        _ ticket: MerchantModule.Ticket,
        at shop: Int = 0
    ) async throws(OrderFailure) -> MerchantModule.Delivery {
        try await merchant(shop).deliver(
            ticket.transaction,
            receiptKey: ticket.receiptKey,
            now: now(of: shop)
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
        await concentrator?.link.deliverLate()
        if !hosts.isEmpty { await payments.refreshTerminals() }
        await payments.giveUpLateSales()
        await payments.countSales()
        await purchases.settleOpenDraws(olderThan: .zero)
        await purchases.settleUnheard()
        for merchant in merchants { _ = try? await merchant.settleOpen(now: now) }
        await tidyLoads()
        await tidyFunds()
        await tidyPoints()
    }

    /// Lets time pass, without faults, until nothing is open.
    ///
    /// - Returns: whether all came to an end within `rounds`.
    package func settleAll(rounds: Int = 6) async -> Bool {
        clearFaults()
        for host in hosts { host.start() }
        concentrator?.start()
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
            guard await isMoneyQuiet, await areHoldsQuiet, await areFundsQuiet, await arePointsQuiet
            else { return false }
            for shop in shops {
                let open = try? await shop.store.listOpen(
                    MerchantRecords.order,
                    after: nil,
                    limit: 1
                )
                if open?.isEmpty != true { return false }
            }
            return true
        }
    }

    /// Whether no debit and no sale waits for its end.
    var isMoneyQuiet: Bool {
        get async {
            guard clientTerminal?.open.isEmpty != false, await areTerminalsQuiet,
                await areLoadsQuiet
            else { return false }
            do {
                var open = try await opalStore.listOpen(DrawRecord.kind, after: nil, limit: 1)
                open += try await paymentStore.listOpen(SaleRecord.kind, after: nil, limit: 1)
                return open.isEmpty
            } catch {
                return false
            }
        }
    }

    /// Whether no number is open at a terminal on another host, and no message to it is on its way:
    /// one that comes late may open another number.
    private var areTerminalsQuiet: Bool {
        get async {
            for host in hosts {
                let open = try? await host.store.inner.listOpen(
                    ExchangeRecord.kind,
                    after: nil,
                    limit: 1
                )
                if open?.isEmpty != true || !host.link.isIdle { return false }
            }
            return concentrator?.link.isIdle != false
        }
    }
}
