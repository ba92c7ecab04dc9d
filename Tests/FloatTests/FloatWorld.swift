// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Keys
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Testing
import Wire

@testable import Simulation

/// Cards that have paid at a real payment server, and their issuer, whom a clearing house asks.
struct FloatWorld {
    static let clearingHouse = "clearing-house"

    let world: World
    /// The card database, and the issuer's own.
    let cards = RollBackStore()
    let ledgerStore = RollBackStore()
    let ledger: FaultyStore
    private let module: SoftwareModule
    private let cardSeals: RecordSealer
    private let ledgerSeals: RecordSealer

    init(cardValues: [UInt64] = [10_000, 10_000]) async throws {
        var plan = WorldPlan()
        plan.cardValues = cardValues
        plan.opalStore = cards
        world = try await World(plan)
        ledger = FaultyStore(ledgerStore)
        module = try #require(world.cardModule as? SoftwareModule)
        cardSeals = RecordSealer(world.keys.hsm, party: OPALServerRecords.schema.party)
        ledgerSeals = RecordSealer(world.keys.hsm, party: FloatRecords.schema.party)
    }

    var proofs: SaleProofs {
        let clock = world.clock
        return SaleProofs(
            ledger: (ledger, ledgerSeals),
            cards: (cards, cardSeals),
            module: module,
            sales: module,
            clearingHouses: [Self.clearingHouse],
            now: { clock.now }
        )
    }

    var blocking: BlockingList {
        BlockingList(
            ledger: (ledger, ledgerSeals),
            cards: cards,
            module: module,
            clearingHouses: [Self.clearingHouse]
        )
    }

    var reporter: FloatReporter {
        FloatReporter(ledger: (ledger, ledgerSeals), cards: cards, module: module)
    }

    // MARK: Paying

    /// Buys the article, and gives the sale as the security card has counted it.
    func buy(_ article: Int = 0, with card: Int = 0) async throws -> CollectedSale {
        let page = try await world.page(try await world.order(article))
        guard case .paid = await world.pay(page, with: card) else { throw Unexpected() }
        return try await sale(page.terms.transaction, of: card)
    }

    /// Buys, and the payment server gives the sale up after the debit.
    func buyAndRecover() async throws -> CollectedSale {
        let page = try await world.page(try await world.order())
        world.link.plan.script(.dropRequest, at: 2)
        guard case .pending = await world.pay(page) else { throw Unexpected() }
        let sale = try await sale(page.terms.transaction)
        world.clock.advance(by: .seconds(3_600))
        _ = await world.payments.giveUpLateSales()
        _ = await world.purchases.settleOpenDraws(olderThan: .zero)
        return sale
    }

    /// Buys, and the payment server does not answer the debit yet.
    func buyWithoutAnswer() async throws -> CollectedSale {
        let page = try await world.page(try await world.order())
        world.link.plan.script(.dropRequest, at: 2)
        guard case .pending = await world.pay(page) else { throw Unexpected() }
        return try await sale(page.terms.transaction)
    }

    /// What the security card and the card know of a sale.
    func sale(_ transaction: TransactionIdentifier, of card: Int = 0) async throws -> CollectedSale
    {
        let rows = try await world.desk.history(world.cards[card], after: 0, limit: 1_000)
        for case .debit(let debit) in rows.map(\.entry.event)
        where debit.command.transaction == transaction {
            return CollectedSale(debit, of: world.cards[card])
        }
        throw Unexpected()
    }

    /// All sales of a card that its history has now.
    func sales(of card: Int) async throws -> [CollectedSale] {
        let rows = try await world.desk.history(world.cards[card], after: 0, limit: 1_000)
        return rows.compactMap { row in
            guard case .debit(let debit) = row.entry.event else { return nil }
            return CollectedSale(debit, of: world.cards[card])
        }
    }

    // MARK: Asking

    func ask(
        _ sales: [CollectedSale],
        as peer: String = clearingHouse
    ) async throws -> IssuerMessage {
        let request = IssuerMessage.prove(sales.enumerated().map { $1.bytes(at: $0 + 1) })
        return try IssuerMessage(await proofs.answer(request.bytes, from: peer))
    }

    func prove(_ sale: CollectedSale) async throws -> SaleProof {
        guard case .proved(let proofs) = try await ask([sale]), let proof = proofs.first else {
            throw Unexpected()
        }
        return proof
    }

    func audit() async throws -> FloatAudit.Report {
        try await FloatAudit(
            ledger: (ledger, ledgerSeals),
            cards: (cards, cardSeals),
            module: module
        ).run {}
    }

    /// What the audit finds, without the place.
    func findings() async throws -> [String] { try await audit().findings.map(\.problem) }
}

struct Unexpected: Error {}

extension CollectedSale {
    init(_ debit: DebitEvidence, of card: CardIdentifier) {
        self.init(
            transaction: debit.command.transaction,
            merchant: debit.command.merchant,
            time: debit.command.time,
            amount: debit.command.amount,
            card: card,
            cardExpiry: debit.expiry,
            keyVersion: debit.purchaseKeyVersion,
            number: debit.answer.number,
            balance: debit.answer.balance,
            securityCard: debit.command.securityCard,
            securityCardNumber: debit.command.securityCardNumber,
            issuerProof: debit.answer.issuerProof
        )
    }

    func bytes(at index: Int) -> [UInt8] {
        bytes(at: BatchPlace(BatchName(securityCard, 1), UInt32(index)))
    }

    /// The same sale with something else in it.
    func altered(
        amount: UInt64? = nil,
        card: CardIdentifier? = nil,
        keyVersion: UInt8? = nil,
        number: UInt32? = nil
    ) -> CollectedSale {
        CollectedSale(
            transaction: transaction,
            merchant: merchant,
            time: time,
            amount: Money(
                minorUnits: amount ?? self.amount.minorUnits,
                currency: self.amount.currency,
                exponent: self.amount.exponent
            ),
            card: card ?? self.card,
            cardExpiry: cardExpiry,
            keyVersion: keyVersion ?? self.keyVersion,
            number: number ?? self.number,
            balance: balance,
            securityCard: securityCard,
            securityCardNumber: securityCardNumber,
            issuerProof: issuerProof
        )
    }
}
