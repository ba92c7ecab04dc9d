// SPDX-License-Identifier: Apache-2.0

import Bank
import ClearingHouse
import Kernel
import LoadServer
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Wire

/// What is on record of one transaction at the parties of this process.
struct StoryRecords {
    let transaction: TransactionIdentifier
    var sale: SaleDetail?
    /// S3 again, by the security card.
    var isCardSignatureRight: Bool?
    var draw = DrawLookup.none
    var readerDebit: ReaderDebit?
    var load: LoadLine?
    var accountLoad: AccountLoadRecord?
    /// The rows of the card's history.
    var evidence: [CardEvidence] = []
    /// S6 again, by the issuer's module; nil where it is not here, or there is no S6.
    var issuerProof: SaleCheck?
    var orders: [(shop: String, order: OrderView?, journal: [JournalEntry])] = []
    var authorization:
        (
            line: AuthorizationLine, steps: [AuthorizationStep],
            signatures: AuthorizationSignatures?
        )?
    var holds: [(bank: String, hold: HoldView)] = []
    /// Whether the OPAL server has the card of the sale, and no debit of it for this transaction.
    var isDebitMissing = false
    /// At the clearing house.
    var cleared: ClearedStory?

    /// Whether the OPAL server is in this process.
    let hasCardSide: Bool

    var isEmpty: Bool {
        sale == nil && draw == .none && readerDebit == nil && load == nil && accountLoad == nil
            && orders.isEmpty && authorization == nil && holds.isEmpty && cleared == nil
    }

    /// Asks each party.
    ///
    /// - Throws: `.unavailable` where one does not answer.
    init(
        of transaction: TransactionIdentifier,
        at parts: ConsoleParts
    ) async throws(SiteFailure) {
        self.transaction = transaction
        hasCardSide = parts.cardSide != nil
        // Before the card, which is asked at the moments of refunds.
        if let clearing = parts.clearing { try await read(clearing) }
        do {
            if let payments = parts.payments { try await read(payments) }
            if let side = parts.cardSide { try await read(side) }
            if let desk = parts.loadDesk { try await read(desk) }
        } catch {
            throw .unavailable(error)
        }
        for shop in parts.shops { try await read(shop) }
        for bank in parts.banks { try await read(bank) }
    }

    private mutating func read(_ payments: ConsoleParts.Payments) async throws(StoreFailure) {
        sale = try await payments.module.sale(transaction)
        guard let record = sale?.line.sale else { return }
        isCardSignatureRight = await payments.module.isSignatureRight(of: record)
    }

    // MARK: The OPAL server

    private mutating func read(_ side: ConsoleParts.CardSide) async throws {
        draw = try await side.purchases.draw(of: transaction)
        if draw == .none { readerDebit = try await side.desk.readerDebit(of: transaction) }
        load = try await side.loads?.load(transaction)
        // One that does not open is for the audit; the store was read before.
        accountLoad = try? await side.accountLoads?.read(transaction)?.load
        guard isCovered(by: side) else {
            (draw, readerDebit, load, accountLoad) = (.none, nil, nil, nil)
            return
        }
        if let (card, moments) = cardMoments {
            do throws(StoreFailure) {
                evidence = try await side.desk.evidence(
                    of: transaction,
                    on: card,
                    at: moments
                )
            } catch .damaged {
                // A row that cannot be read; the audit names it, and the rest is told.
            }
        }
        guard let sale = collected else { return }
        if draw == .none, readerDebit == nil {
            // A card that does not open is for the audit.
            isDebitMissing = (try? await side.desk.describe(sale.card)) != nil
        }
        issuerProof = try? await side.sales?.check([sale]).first
    }

    /// Whether what was found is of the cards that are seen.
    private func isCovered(by side: ConsoleParts.CardSide) -> Bool {
        side.issuer == nil || side.covers(cardMoments?.0)
    }

    /// The card, and when something happened to it.
    private var cardMoments: (CardIdentifier, [Instant])? {
        if case .found(let draw) = draw {
            let refunds = cleared?.refunds.compactMap(\.takenAt) ?? []
            return (draw.card, [draw.debitedAt] + (draw.endedAt.map { [$0] } ?? []) + refunds)
        }
        if let load = load?.load {
            return (load.card, [load.requestedAt] + (load.endedAt.map { [$0] } ?? []))
        }
        if let load = accountLoad {
            return (load.card, [load.begunAt] + (load.decidedAt.map { [$0] } ?? []))
        }
        if let debit = readerDebit { return (debit.card, [debit.command.time.instant]) }
        return nil
    }

    /// The sale as it is collected: what S6 is over.
    private var collected: CollectedSale? {
        guard let sale = sale?.line.sale, let answer = sale.answer,
            sale.draw.type == .purchase, answer.completion == .done
        else { return nil }
        return CollectedSale(sale.draw, sale.command, answer)
    }

    // MARK: The others

    private mutating func read(_ clearing: ConsoleParts.Clearing) async throws(SiteFailure) {
        do throws(ClearingFailure) {
            let found = try await clearing.house.story(of: transaction)
            if let found, clearing.covers(found.sale) { cleared = found }
        } catch .damaged {
            // The audit names it; the others tell what they know.
            return
        } catch {
            throw .unavailable(error)
        }
    }

    private mutating func read(_ desk: LoadDesk) async throws(StoreFailure) {
        guard let line = try await desk.load(transaction) else { return }
        let steps = try await desk.journal(of: transaction)
        var signatures: AuthorizationSignatures?
        if let record = line.record { signatures = await desk.signatures(of: record) }
        authorization = (line, steps, signatures)
    }

    private mutating func read(_ shop: ConsoleParts.Shop) async throws(SiteFailure) {
        do throws(OrderFailure) {
            let order = try await shop.module.order(transaction)
            let journal = try await shop.module.journal(of: transaction)
            orders.append((shop.name, order, journal))
        } catch .unknownOrder {
            return
        } catch .damaged {
            orders.append((shop.name, nil, []))
        } catch {
            throw .unavailable(error)
        }
    }

    private mutating func read(_ bank: ConsoleParts.Bank) async throws(SiteFailure) {
        do throws(BankFailure) {
            holds.append((bank.name, try await bank.module.load(transaction)))
        } catch .unknownLoad {
            return
        } catch .damaged {
            // The audit names it; the others tell what they know.
            return
        } catch {
            throw .unavailable(error)
        }
    }
}
