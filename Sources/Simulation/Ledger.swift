// SPDX-License-Identifier: Apache-2.0

import CardEmulator
package import Kernel
package import Merchant
package import OPALServer
package import PaymentServer
import Records
package import SecurityModule
package import TerminalHost
package import Wire

/// All that the parties of a ``World`` have stored, opened: what the invariants are checked on.
package struct Ledger: Sendable {
    /// One card with its history.
    package struct CardEntry: Sendable {
        package let card: CardIdentifier
        package var rows: [CardHistoryEntry] = []
        package var audit: CardAudit
        package var description: CardDescription?
        /// The audit of the rows alone, and up to which one.
        fileprivate var rowAudit = CardAudit()
        fileprivate var lastRow: UInt64 = 0
        /// Of the record that was opened; nil where it is to be opened again.
        fileprivate var revision: UInt64?

        fileprivate init(card: CardIdentifier, audit: CardAudit) {
            self.card = card
            self.audit = audit
        }
    }

    package struct OrderEntry: Sendable {
        package let order: OrderView
        package let merchant: MerchantIdentifier
        package let deliveries: Int
    }

    package private(set) var cards: [CardEntry] = []
    package private(set) var draws: [TransactionIdentifier: DrawRecord] = [:]
    /// Debits of cards in a reader, which have no draw.
    package private(set) var readerDebits: [TransactionIdentifier: ReaderDebit] = [:]
    /// Mails about payments that were pending.
    package private(set) var mails: [SettlementMail] = []
    /// Receipts of loads through a bank.
    package private(set) var receipts: [ReceiptMail] = []
    /// Debits whose card answered something else than its own.
    package private(set) var forged: [TransactionIdentifier: Forgery] = [:]
    package private(set) var sales: [TransactionIdentifier: SaleRecord] = [:]
    package private(set) var securityCards: [SecurityCardDescription] = []
    /// What the security cards on other hosts say of each number.
    package private(set) var exchanges: [TerminalAudit.Entry] = []
    package private(set) var orders: [TransactionIdentifier: OrderEntry] = [:]
    /// Loads through a bank, at all parties.
    package private(set) var loads = LoadLedger()
    /// Loads from accounts on file, at all parties.
    package private(set) var funding = FundingLedger()
    /// Programmes and their points, at all parties.
    package private(set) var points = PointsLedger()
    /// Batches and what became of them, at all parties.
    package private(set) var clearing = ClearingLedger()
    /// Mails about loads from accounts on file.
    package private(set) var accountMails: [AccountMail] = []
    /// Whether each card has a holder, who gets mails.
    private(set) var hasCardholders = false
    /// Records that the OPAL server could not read at some time.
    private(set) var unread: Set<RecordKey> = []
    /// What could not be read.
    package private(set) var violations: [Violation] = []

    /// What was opened before, with the revision: most records have not changed since.
    private var openedDraws = Opened<DrawRecord>()
    private var openedReaderDebits = Opened<ReaderDebit>()
    private var openedMails = Opened<ToldMail>()
    private var openedSales = Opened<SaleRecord>()
    private var openedMemories = Opened<SecurityCardDescription>()
    private var openedExchanges = Opened<TerminalAudit.Entry>()
    private var openedMemoriesElsewhere = Opened<SecurityCardDescription>()
    private var openedOrders = Opened<OrderEntry>()

    package init(_ world: World) async {
        await read(world, of: Set(world.parties))
        for host in world.hosts {
            do throws(StoreFailure) {
                violations += try await host.audit.run().findings.map { .damaged("\($0)") }
            } catch {
                violations.append(.unreadable("\(error)"))
            }
        }
        do throws(StoreFailure) {
            violations += try await LoadLedger.audit(world)
            violations += try await FundingLedger.audit(world)
            violations += try await PointsLedger.audit(world)
            violations += try await ClearingLedger.audit(world)
        } catch {
            violations.append(.unreadable("\(error)"))
        }
    }

    init() {}

    /// Reads what has changed since the last time, in the databases of some parties. Rows and
    /// records that were read are trusted: who changes a database by hand makes a new ledger.
    mutating func read(_ world: World, of parties: Set<Party>) async {
        violations = []
        forged = world.forger.forged
        hasCardholders = world.hasCardholders
        unread = world.opalStore.unread
        do throws(StoreFailure) {
            for party in parties {
                switch party {
                case .opalServer:
                    try await readCards(world)
                    try await readDraws(world)
                    try await readReaders(world)
                    try await readMails(world)
                case .paymentServer: try await readSales(world)
                case .terminal(let index): try await readExchanges(world.hosts[index])
                case .shop(let index): try await readOrders(world, index)
                case .concentrator, .clientTerminal, .bank, .loadServer, .gateway, .network,
                    .loyaltyServer, .concentrationPoint, .clearingHouse:
                    break
                }
            }
            violations += try await loads.read(world, of: parties)
            violations += try await funding.read(world, of: parties)
            violations += try await points.read(world, of: parties)
            violations += try await clearing.read(world, of: parties)
        } catch {
            violations.append(.unreadable("\(error)"))
        }
        securityCards = openedMemories.values + openedMemoriesElsewhere.values
        exchanges = openedExchanges.values
        orders = openedOrders.byTransaction
    }

    private mutating func readCards(_ world: World) async throws(StoreFailure) {
        let known = Dictionary(uniqueKeysWithValues: cards.map { ($0.card, $0) })
        cards = []
        for card in world.cards {
            var entry = known[card] ?? CardEntry(card: card, audit: CardAudit())
            while true {
                let rows = try await world.opalStore.inner.history(
                    card.bytes,
                    after: entry.lastRow,
                    limit: RecordLimits.pageMax
                )
                guard let newest = rows.last else { break }
                entry.lastRow = newest.number
                entry.revision = nil
                entry.rows += rows.compactMap { try? CardHistoryEntry($0.body) }
                entry.rowAudit = await world.cardModule.audit(
                    rows.map { ChainedRow(number: $0.number, hash: $0.hash, body: $0.body) },
                    of: card,
                    entry.rowAudit
                )
            }
            let record = try await world.opalStore.inner.read(Emulator.key(card))
            if let record, record.revision != entry.revision {
                let sealed = SealedCard(card: card, revision: record.revision, body: record.body)
                entry.revision = record.revision
                entry.audit = await world.cardModule.conclude(entry.rowAudit, on: sealed)
                entry.description = try? await world.cardModule.describe(sealed)
            }
            cards.append(entry)
        }
    }

    private mutating func readDraws(_ world: World) async throws(StoreFailure) {
        let records = try await Ledger.all(DrawRecord.kind, in: world.opalStore.inner)
        openedDraws.keep(records)
        for record in records where !openedDraws.has(record) {
            do throws(StoreFailure) {
                guard let draw = try await world.purchases.debited(record)?.draw else { continue }
                openedDraws.add(draw, record, draw.terms.transaction)
            } catch {
                violations.append(.damaged("\(error)"))
            }
        }
        draws = openedDraws.byTransaction
    }

    private mutating func readReaders(_ world: World) async throws(StoreFailure) {
        guard world.clientTerminal != nil else { return }
        for record in try await Ledger.all(ReaderDebit.kind, in: world.opalStore.inner)
        where !openedReaderDebits.has(record) {
            if let bytes = await world.openedByOPALServer(record),
                let debit = try? ReaderDebit(bytes)
            {
                openedReaderDebits.add(debit, record, debit.command.transaction)
            } else {
                violations.append(.damaged("the debit of a card in a reader"))
            }
        }
        readerDebits = openedReaderDebits.byTransaction
    }

    private mutating func readMails(_ world: World) async throws(StoreFailure) {
        guard world.hasCardholders else { return }
        for record in try await Ledger.all(UserRecordKinds.mail, in: world.opalStore.inner)
        where !openedMails.has(record) {
            if let bytes = await world.openedByOPALServer(record),
                let mail = try? MailMessage(bytes)
            {
                openedMails.add(ToldMail(mail), record, .unknown)
            } else {
                violations.append(.damaged("a mail"))
            }
        }
        mails = openedMails.values.compactMap(\.settlement)
        receipts = openedMails.values.compactMap(\.receipt)
        accountMails = openedMails.values.compactMap(\.account)
    }

    private mutating func readSales(_ world: World) async throws(StoreFailure) {
        let records = try await Ledger.all(SaleRecord.kind, in: world.paymentStore.inner)
        openedSales.keep(records)
        for record in records where !openedSales.has(record) {
            do throws(StoreFailure) {
                let sale = try await world.payments.open(record).sale
                openedSales.add(sale, record, sale.transaction)
            } catch {
                violations.append(.damaged("\(error)"))
            }
        }
        sales = openedSales.byTransaction
        let memories = try await Ledger.all(Terminal.memoryKind, in: world.paymentStore.inner)
        openedMemories.keep(memories)
        for record in memories where !openedMemories.has(record) {
            let identifier = SecurityCardIdentifier(
                bits: record.key.bytes.reduce(0) { $0 << 8 | UInt64($1) }
            )
            let memory = SealedSecurityCard(
                identifier: identifier,
                revision: record.revision,
                body: record.body
            )
            if let description = try? await world.securityCard(identifier).describe(memory) {
                openedMemories.add(description, record, .unknown)
            } else {
                violations.append(.damaged("security card \(identifier.text)"))
            }
        }
    }

    private mutating func readExchanges(_ host: RemoteHost) async throws(StoreFailure) {
        let store = host.store.inner
        for record in try await Ledger.all(ExchangeRecord.kind, in: store)
        where !openedExchanges.has(record) {
            guard let exchange = await host.open(record) else {
                violations.append(.damaged("\(host.name), exchange \(Hex.text(record.key.bytes))"))
                continue
            }
            openedExchanges.add(
                TerminalAudit.Entry(
                    securityCard: exchange.command.securityCard,
                    number: exchange.command.securityCardNumber,
                    transaction: exchange.command.transaction,
                    state: exchange.state
                ),
                record,
                exchange.command.transaction
            )
        }
        let memory = try await store.read(host.memoryKey)
        if let memory, openedMemoriesElsewhere.has(memory) { return }
        if let memory, let description = await host.describe(memory) {
            openedMemoriesElsewhere.add(description, memory, .unknown)
        } else {
            violations.append(.damaged("security card \(host.securityCard.text)"))
        }
    }

    private mutating func readOrders(_ world: World, _ index: Int) async throws(StoreFailure) {
        let module = world.merchant(index)
        let store = world.shops[index].store.inner
        for record in try await Ledger.all(MerchantRecords.order, in: store)
        where !openedOrders.has(record) {
            let rows = try await store.history(
                record.key.bytes,
                after: 0,
                limit: RecordLimits.pageMax
            )
            do {
                let order = try await module.open(record)
                let deliveries = try rows.count {
                    try JournalEntry($0.body).event == .delivered
                }
                openedOrders.add(
                    OrderEntry(
                        order: order,
                        merchant: module.profile.merchant,
                        deliveries: deliveries
                    ),
                    record,
                    order.transaction
                )
            } catch {
                violations.append(.damaged("order \(Hex.text(record.key.bytes))"))
            }
        }
    }

    static func all(
        _ kind: RecordKind,
        in store: any RecordStore
    ) async throws(StoreFailure) -> [Record] {
        var records: [Record] = []
        while true {
            let page = try await store.list(
                kind,
                after: records.last?.key.bytes,
                limit: RecordLimits.pageMax,
                order: .ascending
            )
            if page.isEmpty { return records }
            records += page
        }
    }
}
