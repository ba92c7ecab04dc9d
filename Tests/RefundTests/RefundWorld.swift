// SPDX-License-Identifier: Apache-2.0

import Batches
import CardEmulator
import ClearingHouse
import ConcentrationPoint
import HSM
import Kernel
import Keys
import Merchant
import OPALServer
import PaymentServer
import Records
import SecurityModule
import SessionKeys
import Testing
import Wire

@testable import Simulation

struct Unexpected: Error {}

/// All that a refund passes, each part real: two shops, their payment server, a concentration
/// point, the clearing house, and the issuer with its cards.
struct RefundWorld {
    static let point = "concentration-point"
    static let clearingHouse = "clearing-house"

    let world: World
    let ledger = FaultyStore(MemoryStore())
    let clearing = FaultyStore(MemoryStore())
    /// From the payment server to the concentration point.
    let link: FaultyLink
    /// From there to the clearing house.
    let onward: FaultyLink
    /// From the clearing house to the issuer.
    let toIssuer: FaultyLink
    /// What holders dispute at the issuer.
    let disputes: DisputeDesk
    let house: ClearingHouse
    let passing: ConcentrationPoint
    let refundKey: RefundSigner
    let cardSeals: RecordSealer
    private let ledgerSeals: RecordSealer
    private let clearingSeals = RecordSealer(.make(), party: ClearingRecords.schema.party)
    private let module: SoftwareModule

    init() async throws {
        var plan = WorldPlan()
        plan.merchants = 2
        plan.hasCardholders = true
        let merchantStores: [any RecordStore] = [MemoryStore(), MemoryStore()]
        plan.merchantStores = merchantStores
        let world = try await World(plan)
        self.world = world
        let module = try #require(world.cardModule as? SoftwareModule)
        self.module = module
        cardSeals = RecordSealer(world.keys.hsm, party: OPALServerRecords.schema.party)
        ledgerSeals = RecordSealer(world.keys.hsm, party: FloatRecords.schema.party)
        let clock = world.clock
        disputes = DisputeDesk(
            users: Cardholders(world.keys, world.opalStore, world.random).directory,
            purchases: world.purchases,
            clearingHouses: [Self.clearingHouse],
            now: { clock.now }
        )
        let desk = RefundWorld.desk(world, module, (ledger, ledgerSeals), cardSeals, disputes)
        toIssuer = FaultyLink(DirectLink(to: desk, as: Self.clearingHouse))
        house = ClearingHouse(
            store: clearing,
            sealing: clearingSeals,
            batches: world.batchKeys,
            issuers: { [toIssuer] issuer in
                issuer == world.issuer.identifier ? toIssuer : nil
            }
        )
        onward = FaultyLink(DirectLink(to: house, as: Self.point))
        passing = ConcentrationPoint(
            store: MemoryStore(),
            seals: RecordSealer(.make(), party: ConcentrationPoint.schema.party),
            checking: BatchKeys(),
            senders: ["payment-server": [WorldKeys.acquirerNumber]],
            clearingHouse: onward
        )
        link = FaultyLink(DirectLink(to: passing, as: "payment-server"))
        refundKey = RefundSigner(
            WorldKeys.acquirerNumber,
            master: CMACKey(world.keys.batchMaster)
        )
        try await found()
    }

    private static func desk(
        _ world: World,
        _ module: SoftwareModule,
        _ ledger: (store: any RecordStore, seals: any RecordSealing),
        _ seals: RecordSealer,
        _ disputes: DisputeDesk
    ) -> ClearingDesk {
        let clock = world.clock
        let cards: (store: any RecordStore, seals: any RecordSealing) = (world.opalStore, seals)
        return ClearingDesk(
            proofs: SaleProofs(
                ledger: ledger,
                cards: cards,
                module: module,
                sales: module,
                clearingHouses: [clearingHouse],
                now: { clock.now }
            ),
            refunds: RefundDesk(
                ledger: ledger,
                cards: cards,
                module: module,
                loads: module,
                emulator: Emulator(
                    module: module,
                    store: world.opalStore,
                    random: world.random
                ),
                mails: Cardholders(world.keys, world.opalStore, world.random).mails,
                clearingHouses: [clearingHouse],
                random: world.random,
                now: { clock.now }
            ),
            disputes: disputes,
            sweeps: SweepBook(cards: cards, clearingHouses: [clearingHouse])
        )
    }

    private func found() async throws {
        let issuer = try await CardDesk.write(world.issuer, sealedBy: cardSeals)
        #expect(try await world.opalStore.commit(Transition(writes: [issuer])) == .committed)
        let unit = ClearingTerms.Unit(.euro, .cents, account: try payee("Clearing"))
        try await house.set(try #require(ClearingTerms(units: [unit], fees: [])))
        try await house.set(
            ClearedIssuer(
                world.issuer.identifier,
                name: "Issuer",
                payee: payee("Issuer"),
                pools: [.euro]
            )
        )
        try await house.set(
            ClearedAcquirer(
                WorldKeys.acquirerNumber,
                name: "Acquirer",
                payee: payee("Acquirer"),
                senders: [Self.point]
            )
        )
        for shop in world.shops {
            try await house.set(
                ClearedMerchant(
                    shop.merchant,
                    name: shop.merchant.text,
                    acquirer: WorldKeys.acquirerNumber,
                    accounts: [.init(.euro, try payee(shop.merchant.text))]
                )
            )
        }
    }

    private func payee(_ name: String) throws -> Payee {
        try #require(Payee(name: name, account: "DE\(name)", bic: "BANKDEFF"))
    }

    // MARK: Selling

    /// Buys an article, 1.50 where it is the first one, and fetches it.
    func buy(_ article: Int = 0, card: Int = 0) async throws -> TransactionIdentifier {
        let ticket = try await world.order(article)
        guard case .paid(let receipt) = await world.pay(try await world.page(ticket), with: card),
            let form = await world.form(receipt)
        else { throw Unexpected() }
        _ = try await world.fetch(form, ticket)
        return ticket.transaction
    }

    /// Closes all batches, sends them, and credits them.
    func collect() async throws {
        #expect(await world.settleAll())
        await world.payments.closeBatches(.byOrder)
        let sender = world.payments.batchSender(over: link) { Issue.record("\($0)") }
        try await sender.run()
        try await passing.forward()
        try await sender.run()
        try await house.credit { world.now }
    }

    /// Buys, and clears the sale.
    func buyAndClear(card: Int = 0) async throws -> TransactionIdentifier {
        let transaction = try await buy(card: card)
        try await collect()
        return transaction
    }

    // MARK: Refunding

    var merchant: MerchantModule { world.merchant() }

    @discardableResult
    func begin(
        _ transaction: TransactionIdentifier,
        _ minorUnits: UInt64? = nil
    ) async throws -> UInt8 {
        try await merchant.refunds.begin(transaction, minorUnits: minorUnits, now: world.now)
            .number
    }

    /// Lets each party do its work, whatever fails.
    func rounds(_ count: Int = 3) async {
        for _ in 0..<count {
            _ = try? await merchant.settleRefunds(now: world.now)
            _ = try? await world.payments.sendRefunds(over: link, signedBy: refundKey)
            _ = try? await house.passRefunds { world.now }
        }
    }

    /// Refunds, and waits for the outcome.
    func refund(
        _ transaction: TransactionIdentifier,
        _ minorUnits: UInt64? = nil
    ) async throws -> RefundOutcome {
        let number = try await begin(transaction, minorUnits)
        await rounds()
        return try await outcome(transaction, number)
    }

    /// What the merchant knows.
    func outcome(
        _ transaction: TransactionIdentifier,
        _ number: UInt8 = 1
    ) async throws -> RefundOutcome {
        let refunds = try await merchant.refunds.refunds(of: transaction)
        return try #require(refunds?.entry(number)).outcome
    }

    func order(
        _ transaction: TransactionIdentifier,
        _ minorUnits: UInt64 = 150,
        number: UInt8 = 1,
        shop: Int = 0
    ) throws -> RefundOrder {
        try #require(
            RefundOrder(
                transaction: transaction,
                merchant: world.shops[shop].merchant,
                number: number,
                amount: Money(minorUnits: minorUnits, currency: .euro, exponent: .cents)
            )
        )
    }

    /// Asks the payment server as a shop, without a record of its own.
    func ask(_ order: RefundOrder, as shop: Int = 0) async throws -> PartyMessage {
        try await ask(try await question(order, as: shop))
    }

    func ask(_ question: RefundQuestion) async throws -> PartyMessage {
        let request = PartyMessage.refundQuestion(question).bytes
        return try PartyMessage(await world.payments.answer(request, from: "shop"))
    }

    /// As a shop proves it.
    func question(_ order: RefundOrder, as shop: Int = 0) async throws -> RefundQuestion {
        let page = try await world.page(try await world.order(at: shop), at: shop)
        return try world.shops[shop].sealing.question(order, keyName: page.proof.keyName)
    }

    /// The request of a payment server of the acquirer.
    func request(_ order: RefundOrder, code: [UInt8]? = nil) -> CollectionMessage {
        .refund(order, acquirer: refundKey.acquirer, code: code ?? refundKey.sign(order))
    }

    /// Asks the clearing house as a payment server of the acquirer, without a record of its own.
    func send(_ order: RefundOrder, code: [UInt8]? = nil) async throws -> CollectionMessage {
        let message = request(order, code: code)
        return try CollectionMessage(await house.answer(message.bytes, from: Self.point))
    }

    // MARK: Sweeping

    var reporter: FloatReporter { reporter(reading: world.opalStore) }

    private func reporter(reading cards: any RecordStore) -> FloatReporter {
        FloatReporter(ledger: (ledger, ledgerSeals), cards: cards, module: module)
    }

    var sweepBook: SweepBook {
        SweepBook(cards: (world.opalStore, cardSeals), clearingHouses: [Self.clearingHouse])
    }

    /// `cards`: where what is due is read.
    /// `book`: where numbers are given.
    func sweeps(
        reading cards: (any RecordStore)? = nil,
        counting book: (any RecordStore)? = nil
    ) -> SweepDesk {
        let clock = world.clock
        return SweepDesk(
            book: SweepBook(cards: (book ?? world.opalStore, cardSeals)),
            reporter: reporter(reading: cards ?? world.opalStore),
            module: module,
            loads: module,
            emulator: Emulator(module: module, store: world.opalStore, random: world.random),
            mails: Cardholders(world.keys, world.opalStore, world.random).mails,
            random: world.random,
            now: { clock.now }
        )
    }

    /// `cards`: where what is due is read.
    func sweep(
        of issuer: IssuerIdentifier? = nil,
        isTrial: Bool = false,
        reading cards: (any RecordStore)? = nil
    ) async throws -> SweepReport {
        try await sweeps(reading: cards).sweep(of: issuer, isTrial: isTrial)
    }

    func giveBack(_ number: UInt64) async throws -> Result<SweepRecord, SweepRefusal> {
        try await sweeps().giveBack(number, of: world.issuer.identifier)
    }

    /// The number of the sweep of a card.
    func number(of card: Int) async throws -> UInt64 {
        let all = try await sweepBook.sweeps(
            of: world.issuer.identifier,
            after: 0,
            limit: 100
        )
        guard let sweep = all.first(where: { $0.card == world.cards[card] }) else {
            throw Unexpected()
        }
        return sweep.number
    }

    func expiredBalance() async throws -> ExactAmount {
        let account = LedgerAccount(.expired(world.issuer.identifier), .euro)
        return try await house.account(account)?.balance ?? .zero
    }

    // MARK: What came of it

    func merchantBalance() async throws -> ExactAmount {
        let account = LedgerAccount(.merchant(world.shops[0].merchant), .euro)
        return try await house.account(account)?.balance ?? .zero
    }

    func poolBalance() async throws -> ExactAmount {
        let account = LedgerAccount(.pool(world.issuer.identifier), .euro)
        return try await house.account(account)?.balance ?? .zero
    }

    func balance(_ card: Int = 0) async throws -> UInt64 { try await world.balance(card) }

    func audit() async throws -> [String] {
        var findings = try await world.cardAuditor.run {}.findings
        findings += try await world.saleAudit.run {}.findings
        findings += try await world.orderAudit().run {}.findings
        findings += try await FloatAudit(
            ledger: (ledger, ledgerSeals),
            cards: (world.opalStore, cardSeals),
            module: module
        ).run {}.findings
        let books = try await ClearingAudit(
            store: clearing,
            sealing: clearingSeals,
            batches: world.batchKeys
        ).run {}
        findings += books.findings
        for book in books.books.values where book.sum != .zero {
            findings.append(AuditFinding("clearing house", "the books do not add up"))
        }
        return findings.map(\.description)
    }

    func expectSound(_ place: SourceLocation = #_sourceLocation) async throws {
        #expect(try await audit() == [], sourceLocation: place)
    }

    /// An old card of a holder who renews it.
    func renew(_ card: Int = 0) async throws -> CardIdentifier {
        let succession = CardSuccession(
            users: Cardholders(world.keys, world.opalStore, world.random).directory,
            desk: world.desk,
            emulator: Emulator(module: module, store: world.opalStore, random: world.random),
            module: module,
            loads: module,
            random: world.random
        )
        return try await succession.renew(
            world.cards[card],
            by: "card holder",
            at: world.now
        ).successor
    }

    /// Subjects of the mails that wait.
    func mails() async throws -> [String] {
        let outbox = MailOutbox(store: world.opalStore, sealing: cardSeals)
        return try await outbox.newest(limit: 100).compactMap(\.message?.subject)
    }

    /// What stores are written to on the way of a refund.
    var stores: [FaultyStore] {
        [world.shops[0].store, world.paymentStore, clearing, world.opalStore]
    }
}

extension ExactAmount {
    static func cents(_ units: Int64) -> ExactAmount {
        ExactAmount(trillionths: Int128(units) * ExactAmount.unit(.cents))
    }
}
