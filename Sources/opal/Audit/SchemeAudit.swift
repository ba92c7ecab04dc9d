// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel
import Merchant
import OPALServer
import PaymentServer
import RecordsSQLite

/// Audits every party in a data folder, then what they say of each other: nothing delivered without
/// a sale, no sale without a debit, no debit without an end, nothing paid by a bank without a load,
/// no load without a credit, nothing charged to a funding account that is not on a card, no value
/// made or lost.
///
/// The databases are only read, so that it can run beside the servers. It goes from the shop to the
/// cards, against the way of the money: what is seen at one party has happened before at the next.
struct SchemeAudit {
    struct Report: Encodable {
        var findings: [String] = []
        /// What is right and worth to be known.
        var notes: [String] = []
        var cards = 0
        var historyRows: UInt64 = 0
        var sales = 0
        var sold = 0
        var pending = 0
        /// Closed batches of the payment server, and those of them that the clearing house has.
        var batches = 0
        var batchesAcknowledged = 0
        /// The clearing house's books, by currency.
        var books: [String: BooksLine] = [:]
        /// Debits of cards in readers.
        var inReaders = 0
        var orders = 0
        var delivered = 0
        /// Loads at the load server, and those that S3 proves.
        var loads = 0
        var loaded = 0
        /// S2 is out, and the card has not answered yet.
        var loadsPending = 0
        /// At the gateway: what was asked of funding accounts, and what is captured or will be.
        var authorizations = 0
        var captured = 0
        /// Advices and reversals that the network has not acknowledged, and approvals whose card
        /// has not answered.
        var authorizationsOpen = 0
        /// At the simulated funding network, by currency alone.
        var capturedMinorUnits: [String: UInt64] = [:]
        /// At the bank.
        var accounts = 0
        var loadedFromBanksMinorUnits: [String: UInt64] = [:]
        var inPoolsMinorUnits: [String: UInt64] = [:]
        var onAccountsMinorUnits: [String: UInt64] = [:]
        var loadedMinorUnits: [String: UInt64] = [:]
        var debitedMinorUnits: [String: UInt64] = [:]
        /// Sales that came back for payment and that S6 proves.
        var proved = 0
        var provedMinorUnits: [String: UInt64] = [:]
        var recoveredMinorUnits: [String: UInt64] = [:]
        /// What was swept from cards to their issuers' accounts of expired value, and what of it
        /// was given back.
        var sweptMinorUnits: [String: UInt64] = [:]
        var returnedMinorUnits: [String: UInt64] = [:]
        /// Points that expired on cards.
        var expiredMinorUnits: [String: UInt64] = [:]
        var onCardsMinorUnits: [String: UInt64] = [:]
        /// Cards of which others know more than the card database.
        var cardsBehind = CardsBehind()

        var isClean: Bool { findings.isEmpty }
    }

    let folder: DataFolder
    let passphrase: String?
    let progress: ProgressLine
    /// Further data folders with a host of terminals.
    var terminalFolders: [DataFolder] = []

    func run() async throws -> Report {
        var report = Report()
        let loyalty = try await loyaltyServer(&report)
        let shop = try await merchant(.shop, &report)
        let airline = try await merchant(.airline, &report)
        let acquirer = try await paymentServer(&report)
        try await concentrationPoint(acquirer, &report)
        let books = try await clearingHouse(acquirer, &report)
        let funding = try await fundingSide(&report)
        let network = try await network(&report)
        let gateway = try await gateway(&report)
        let cards = try await opalServer(&report)
        if let cards {
            try await float(cards, &report)
            let now = SystemClock.now()
            report.findings += SchemeAudit.compare(
                books?.chargeBacks,
                cards.report.disputes,
                now: now
            )
            report.findings += SchemeAudit.compareSweeps(
                books?.sweeps,
                cards.report.sweeps,
                now: now
            )
        }
        try await console(&report)
        for merchant in [shop, airline] {
            if let merchant { fill(&report, merchant.report) }
        }
        if let acquirer { fill(&report, acquirer.report) }
        if let cards { fill(&report, cards.report) }
        for (merchant, name) in [(shop, MerchantParty.shop), (airline, MerchantParty.airline)] {
            guard let merchant, let acquirer else { continue }
            try await compare(merchant, of: name, acquirer, cards, &report)
            compareRefunds(merchant, acquirer, &report)
        }
        if let loyalty { try await compare(loyalty, airline, cards, &report) }
        if let acquirer, let cards {
            try await compare(acquirer, cards, &report)
            try await compareRefunds(acquirer, cards, &report)
        }
        try await compare(funding, cards, &report)
        if let network, let gateway { try await compare(network, gateway, &report) }
        if let gateway, let cards { try await compare(gateway, cards, &report) }
        try await terminals(acquirer, &report)
        await shop?.side.store.close()
        await airline?.side.store.close()
        await loyalty?.side.store.close()
        await acquirer?.side.store.close()
        await cards?.side.store.close()
        await funding.close()
        await network?.side.store.close()
        await gateway?.side.store.close()
        progress.end()
        return report
    }

    private func fill(_ report: inout Report, _ orders: OrderAudit.Report) {
        report.orders += orders.orderCount
        report.delivered += orders.deliveredCount
    }

    private func fill(_ report: inout Report, _ sales: SaleAudit.Report) {
        report.sales = sales.saleCount
        report.sold = sales.sold.count
        report.batches = sales.batchCount
        report.batchesAcknowledged = sales.acknowledged.count
    }

    private func fill(_ report: inout Report, _ cards: CardAuditor.Report) {
        report.cards = cards.cardCount
        report.historyRows = cards.rowCount
        report.loadedMinorUnits = named(cards.loaded)
        report.debitedMinorUnits = named(cards.debited)
        report.recoveredMinorUnits = named(cards.recovered)
        report.sweptMinorUnits = named(cards.sweptSums)
        report.returnedMinorUnits = named(cards.returnedSums)
        report.expiredMinorUnits = named(cards.expired)
        report.onCardsMinorUnits = named(cards.onCards)
        for (unit, onCards) in cards.onCards {
            let came =
                (cards.loaded[unit] ?? 0) &+ (cards.recovered[unit] ?? 0)
                &+ (cards.returnedSums[unit] ?? 0)
            let gone =
                (cards.debited[unit] ?? 0) &+ (cards.expired[unit] ?? 0)
                &+ (cards.sweptSums[unit] ?? 0)
            if came != gone &+ onCards {
                report.findings.append(
                    "currency \(unit.currency.digits): loads + recoveries + given back − debits − "
                        + "swept − expired is not what is on the cards"
                )
            }
        }
    }

    func named(_ amounts: [Money: UInt64]) -> [String: UInt64] {
        Dictionary(
            amounts.map { ("\($0.key.currency.digits)/\($0.key.exponent.decimals)", $0.value) },
            uniquingKeysWith: &+
        )
    }
}
