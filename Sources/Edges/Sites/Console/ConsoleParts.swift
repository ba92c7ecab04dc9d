// SPDX-License-Identifier: Apache-2.0

package import Bank
package import ClearingHouse
package import Kernel
package import LoadServer
package import LoyaltyServer
package import Merchant
package import OPALServer
package import PaymentServer
package import Records
package import SecurityModule

/// What the console can look into: the parties that run in this process. Those that do not are
/// left out, and so are their pages.
package struct ConsoleParts: Sendable {
    /// The OPAL server.
    package struct CardSide: Sendable {
        package let desk: CardDesk
        package let users: UserDirectory
        package let outbox: MailOutbox
        package let purchases: Purchases
        /// From banks.
        package let loads: Loads?
        /// From accounts on file; nil where there is no gateway to them.
        package let accountLoads: AccountLoads?
        package let store: Store
        /// Makes the references that stand in addresses instead of card numbers.
        package let seals: any RecordSealing
        /// Who the mails come from, as the person sees it.
        package let mailFrom: String
        /// Checks S6 for the page of a transaction; nil where the issuer's module is not here.
        package let sales: (any SaleChecking)?
        /// What purchases were refused for; nil where nobody counts.
        package let refusals: RefusalCounter?
        /// Adds up what cardholders hold; nil where the issuer's books are not here.
        package let float: FloatReporter?
        /// What holders dispute; nil where nobody decides.
        package let disputes: DisputeDesk?
        /// The BIN whose cards alone are seen; nil for all.
        var issuer: IssuerIdentifier?

        package init(
            desk: CardDesk,
            users: UserDirectory,
            outbox: MailOutbox,
            purchases: Purchases,
            loads: Loads? = nil,
            accountLoads: AccountLoads? = nil,
            store: Store,
            seals: any RecordSealing,
            mailFrom: String,
            sales: (any SaleChecking)? = nil,
            refusals: RefusalCounter? = nil,
            float: FloatReporter? = nil,
            disputes: DisputeDesk? = nil
        ) {
            self.desk = desk
            self.users = users
            self.outbox = outbox
            self.purchases = purchases
            self.loads = loads
            self.accountLoads = accountLoads
            self.store = store
            self.seals = seals
            self.mailFrom = mailFrom
            self.sales = sales
            self.refusals = refusals
            self.float = float
            self.disputes = disputes
        }
    }

    /// The payment server.
    package struct Payments: Sendable {
        package let module: PaymentModule
        package let store: Store
        /// Whose payment server it is, as the clearing house knows it.
        package let acquirer: UInt32

        package init(module: PaymentModule, store: Store, acquirer: UInt32) {
            self.module = module
            self.store = store
            self.acquirer = acquirer
        }
    }

    /// A merchant server.
    package struct Shop: Sendable {
        package let name: String
        package let module: MerchantModule
        package let store: Store

        package init(name: String, module: MerchantModule, store: Store) {
            self.name = name
            self.module = module
            self.store = store
        }
    }

    /// A loyalty server.
    package struct Loyalty: Sendable {
        package let module: LoyaltyModule
        package let benefits: Benefits
        package let store: Store
        /// Makes the references that stand in addresses instead of member numbers.
        package let seals: any RecordSealing
        /// The earn files that are received and applied. Who composes ends them before the store
        /// is closed.
        package let works: EarnFileWorks
        /// Enters a programme at its OPAL server; nil where that is in another process.
        package let enter: (@Sendable (Programme) async throws -> Void)?

        package init(
            module: LoyaltyModule,
            benefits: Benefits,
            store: Store,
            seals: any RecordSealing,
            works: EarnFileWorks,
            enter: (@Sendable (Programme) async throws -> Void)? = nil
        ) {
            self.module = module
            self.benefits = benefits
            self.store = store
            self.seals = seals
            self.works = works
            self.enter = enter
        }
    }

    /// A bank server.
    package struct Bank: Sendable {
        package let name: String
        package let module: BankModule
        package let store: Store

        package init(name: String, module: BankModule, store: Store) {
            self.name = name
            self.module = module
            self.store = store
        }
    }

    /// Makes the report of a payout with all its sales, as of a moment.
    package struct PayoutReports: Sendable {
        /// Gives what is next of a file; nil behind its end.
        package typealias Parts = @Sendable () async throws -> [UInt8]?

        /// As CSV, part by part.
        package let csv: @Sendable (Payout, Instant) -> Parts
        /// The PDF; nil where there are more sales than one takes.
        package let pdf: @Sendable (Payout, Instant) async throws -> [UInt8]?
        /// Sales that a PDF takes.
        package let pdfSalesMax: UInt64

        package init(
            csv: @escaping @Sendable (Payout, Instant) -> Parts,
            pdf: @escaping @Sendable (Payout, Instant) async throws -> [UInt8]?,
            pdfSalesMax: UInt64
        ) {
            self.csv = csv
            self.pdf = pdf
            self.pdfSalesMax = pdfSalesMax
        }
    }

    /// The clearing house.
    package struct Clearing: Sendable {
        package let house: ClearingHouse
        package let store: Store
        /// Writes the files of a settled day; false where that failed.
        package let writeFiles: @Sendable (BusinessDay) async -> Bool
        package let reports: PayoutReports
        /// Whose accounts alone are seen; nil for all.
        var part: ClearingPart?

        package init(
            house: ClearingHouse,
            store: Store,
            writeFiles: @escaping @Sendable (BusinessDay) async -> Bool,
            reports: PayoutReports
        ) {
            self.house = house
            self.store = store
            self.writeFiles = writeFiles
            self.reports = reports
        }
    }

    /// A party's store, for the overview.
    package struct Store: Sendable {
        package let name: String
        /// `SQLite`, `PostgreSQL`, `memory`.
        package let engine: String
        package let records: any RecordStore
        /// The kinds of the schema that it was opened with; their records are counted.
        package let kinds: [RecordKind]

        package init(
            name: String,
            engine: String,
            records: any RecordStore,
            kinds: [RecordKind]
        ) {
            self.name = name
            self.engine = engine
            self.records = records
            self.kinds = kinds
        }
    }

    /// A party that is reached by a link.
    package struct Link: Sendable {
        package let name: String
        /// Asked for each overview: how the link is, in words, and whether it is well.
        package let state: @Sendable () async -> (detail: String, isWell: Bool)

        package init(
            name: String,
            state: @escaping @Sendable () async -> (detail: String, isWell: Bool)
        ) {
            self.name = name
            self.state = state
        }
    }

    package var cardSide: CardSide?
    package var payments: Payments?
    package var shops: [Shop]
    package var banks: [Bank]
    package var loyalty: Loyalty?
    package var clearing: Clearing?
    /// The load server.
    package var loadServer: Store?
    /// The same, for the page of a transaction.
    package var loadDesk: LoadDesk?
    package var links: [Link]
    /// Whose records of a disputed sale an issuer sees beside its own; nil where all that is there
    /// is seen anyway.
    var witnesses: Witnesses?

    package init(
        cardSide: CardSide? = nil,
        payments: Payments? = nil,
        shops: [Shop] = [],
        banks: [Bank] = [],
        loyalty: Loyalty? = nil,
        clearing: Clearing? = nil,
        loadServer: Store? = nil,
        loadDesk: LoadDesk? = nil,
        links: [Link] = []
    ) {
        self.cardSide = cardSide
        self.payments = payments
        self.shops = shops
        self.banks = banks
        self.loyalty = loyalty
        self.clearing = clearing
        self.loadServer = loadServer
        self.loadDesk = loadDesk
        self.links = links
    }

    /// The parties in this process with their stores.
    var own: [(party: String, store: Store)] {
        var own: [(String, Store)] = []
        if let cardSide { own.append(("OPAL server", cardSide.store)) }
        if let payments { own.append(("Payment server", payments.store)) }
        for shop in shops { own.append(("Merchant: \(shop.name)", shop.store)) }
        if let loadServer { own.append(("Load server", loadServer)) }
        if let loyalty { own.append(("Loyalty server", loyalty.store)) }
        if let clearing { own.append(("Clearing house", clearing.store)) }
        for bank in banks { own.append(("Bank: \(bank.name)", bank.store)) }
        return own
    }
}
