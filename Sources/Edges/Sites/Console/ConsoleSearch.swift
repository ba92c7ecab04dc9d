// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Hummingbird
import Kernel
import Merchant
import OPALServer
import PaymentServer
import Records
import Wire

/// The console's one field for everything: a card by its number, its last digits or its reference,
/// a person, a transaction, a sale by security card and number, an order by its number. What is
/// searched for may be a card number, so that it is posted and not shown again.
struct ConsoleSearch: Sendable {
    let site: ConsoleSite

    init(_ site: ConsoleSite) {
        self.site = site
    }

    /// What fits.
    private struct Hits {
        var cards: [CardIdentifier] = []
        var transactions: [(transaction: TransactionIdentifier, what: String, amount: Money?)] = []
        /// What was not looked through, where there was more than is looked through at once.
        var limit: String?

        var isEmpty: Bool { cards.isEmpty && transactions.isEmpty }
    }

    // MARK: Pages

    func ask(_ visit: ConsoleSite.Visit) -> Response {
        site.response("console/search", [:], visit, current: "/search")
    }

    func find(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let text = String(visit.form.text("text").prefix(ConsoleLimits.searchCharactersMax))
        let hits = try await hits(for: text)
        let isAlone = hits.cards.count + hits.transactions.count == 1 && hits.limit == nil
        if isAlone, let hit = hits.transactions.first {
            return SiteShell.seeOther("/transactions/\(hit.transaction.text)")
        }
        if isAlone, let card = hits.cards.first {
            return SiteShell.seeOther(try await href(card))
        }
        var values: [String: Any] = ["searched": true]
        if !hits.cards.isEmpty {
            var rows: [[String: Any]] = []
            for card in hits.cards {
                rows.append(["number": card.masked, "href": try await href(card)])
            }
            values["cards"] = ["rows": rows]
        }
        if !hits.transactions.isEmpty {
            values["transactions"] = ["rows": hits.transactions.map { row($0, visit.reader) }]
        }
        if hits.isEmpty { values["none"] = true }
        if let limit = hits.limit { values["limit"] = limit }
        return site.response("console/search", values, visit, current: "/search")
    }

    private func row(
        _ hit: (transaction: TransactionIdentifier, what: String, amount: Money?),
        _ reader: Reader
    ) -> [String: Any] {
        [
            "transaction": hit.transaction.text, "href": "/transactions/\(hit.transaction.text)",
            "what": hit.what, "time": Shape.time(ofKey: hit.transaction.bytes, reader),
            "amount": hit.amount.map { reader.amount($0) } ?? "not read",
        ]
    }

    private func href(_ card: CardIdentifier) async throws(SiteFailure) -> String {
        guard let side = site.parts.cardSide else { throw .notFound }
        return "/cards/\(try await CardReference(side.seals).text(card))"
    }

    // MARK: What is meant

    private func hits(for text: String) async throws(SiteFailure) -> Hits {
        let words = text.split { $0 == " " || $0 == "/" || $0 == "," }.map(String.init)
        let joined = words.joined()
        if let transaction = TransactionIdentifier(joined) {
            let records = try await StoryRecords(of: transaction, at: site.parts)
            return Hits(
                transactions: records.isEmpty ? [] : [(transaction, "Transaction", nil)]
            )
        }
        if words.count == 2, let card = Self.securityCard(words[0]),
            let number = UInt32(words[1])
        {
            return try await sale(drawnBy: card, as: number)
        }
        var hits = Hits()
        if let side = site.parts.cardSide {
            hits.cards = try await cards(text, joined, side).filter { side.covers($0) }
        }
        if hits.cards.isEmpty, Self.isDigits(joined, 4), let side = site.parts.cardSide {
            hits = try await cards(endingIn: joined, side)
        }
        if hits.isEmpty, let number = Self.orderNumber(joined) {
            hits = try await orders(ending: number)
        }
        return hits
    }

    /// IDPSAM as the pages show it, 16 hexadecimal digits.
    private static func securityCard(_ text: String) -> SecurityCardIdentifier? {
        guard text.utf8.count == 16, let bits = UInt64(text, radix: 16) else { return nil }
        return SecurityCardIdentifier(bits: bits)
    }

    private static func isDigits(_ text: String, _ count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// The end of a TRX: 12 hexadecimal digits.
    private static func orderNumber(_ text: String) -> UInt64? {
        text.utf8.count == 12 ? UInt64(text, radix: 16) : nil
    }

    // MARK: Cards

    /// A card by its whole number, its reference, or the identifier of who holds it.
    private func cards(
        _ text: String,
        _ joined: String,
        _ side: ConsoleParts.CardSide
    ) async throws(SiteFailure) -> [CardIdentifier] {
        do throws(SiteFailure) {
            return [try await CardReference(side.seals).card(joined)]
        } catch .notFound {} catch { throw error }
        do {
            if let card = CardIdentifier(joined) {
                let isKnown = try await side.store.records.read(Emulator.key(card)) != nil
                return isKnown ? [card] : []
            }
            let profile = try await side.users.profile(ofIdentifier: text)
            return profile?.card.map { [$0] } ?? []
        } catch {
            throw .unavailable(error)
        }
    }

    /// Cards are stored by their whole numbers, so that they are gone through, up to a limit.
    private func cards(
        endingIn digits: String,
        _ side: ConsoleParts.CardSide
    ) async throws(SiteFailure) -> Hits {
        var hits = Hits()
        var (cursor, looked): (CardIdentifier?, Int) = (nil, 0)
        do throws(StoreFailure) {
            while true {
                let page = try await side.desk.cards(after: cursor, limit: RecordLimits.pageMax)
                hits.cards += page.filter { side.covers($0) && $0.digits.hasSuffix(digits) }
                looked += page.count
                cursor = page.last
                guard page.count == RecordLimits.pageMax else { return hits }
                if looked >= ConsoleLimits.searchedCardsMax
                    || hits.cards.count >= ConsoleLimits.hitsMax
                {
                    hits.cards = Array(hits.cards.prefix(ConsoleLimits.hitsMax))
                    hits.limit = """
                        \(looked) cards were looked through, and there are more: the whole number \
                        finds each.
                        """
                    return hits
                }
            }
        } catch {
            throw .unavailable(error)
        }
    }

    // MARK: Sales and orders

    private func sale(
        drawnBy card: SecurityCardIdentifier,
        as number: UInt32
    ) async throws(SiteFailure) -> Hits {
        guard site.parts.payments != nil else { return Hits() }
        do throws(OperatorFailure) {
            if let transaction = try await site.operators.figures.transaction(
                drawnBy: card,
                as: number
            ) {
                return Hits(transactions: [(transaction, "Sale", nil)])
            }
        } catch {
            throw .unavailable(error)
        }
        // It may have come since figures were counted last.
        return try await newestSales { line in
            line.sale?.command.securityCard == card
                && line.sale?.command.securityCardNumber == number
        }
    }

    /// Of the payment server and of the merchants.
    private func orders(ending number: UInt64) async throws(SiteFailure) -> Hits {
        func fits(_ transaction: TransactionIdentifier) -> Bool {
            transaction.bytes.suffix(6).reduce(0) { $0 << 8 | UInt64($1) } == number
        }
        for shop in site.parts.shops {
            var (cursor, looked): (TransactionIdentifier?, Int) = (nil, 0)
            while looked < ConsoleLimits.searchedSalesMax {
                let page: [OrderLine]
                do throws(OrderFailure) {
                    page = try await shop.module.orders(
                        before: cursor,
                        limit: ConsoleLimits.searchedSalesMax
                    )
                } catch { throw .unavailable(error) }
                if let line = page.first(where: { fits($0.transaction) }) {
                    let what = "Order at \(shop.name)"
                    return Hits(transactions: [(line.transaction, what, line.order?.amount)])
                }
                guard let last = page.last else { break }
                (cursor, looked) = (last.transaction, looked + page.count)
            }
        }
        return try await newestSales { fits($0.transaction) }
    }

    /// The newest sales up to a limit, until one fits.
    private func newestSales(
        _ fits: (SaleLine) -> Bool
    ) async throws(SiteFailure) -> Hits {
        guard let payments = site.parts.payments else { return Hits() }
        var (cursor, looked): (TransactionIdentifier?, Int) = (nil, 0)
        do throws(StoreFailure) {
            while looked < ConsoleLimits.searchedSalesMax {
                let page = try await payments.module.sales(
                    before: cursor,
                    limit: RecordLimits.pageMax
                )
                if let line = page.first(where: fits) {
                    let amount = line.sale?.request.terms.amount
                    return Hits(transactions: [(line.transaction, "Sale", amount)])
                }
                guard let last = page.last else { return Hits() }
                (cursor, looked) = (last.transaction, looked + page.count)
            }
        } catch {
            throw .unavailable(error)
        }
        return Hits(limit: "The newest \(looked) sales were looked through, and none fits.")
    }
}
