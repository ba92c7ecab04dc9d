// SPDX-License-Identifier: Apache-2.0

import Bank
import Kernel
import LoadServer
import OPALServer
import Records
import SecurityModule
import Simulation
import Testing
import Wire

extension CardLoadOutcome {
    var receipt: LoadReceipt? {
        switch self {
        case .loaded(let receipt), .pending(let receipt): receipt
        case .refused(_, let receipt): receipt
        }
    }

    var isLoaded: Bool { if case .loaded = self { true } else { false } }
    var isPending: Bool { if case .pending = self { true } else { false } }
    var refusal: LoadRefusal? { if case .refused(let refusal, _) = self { refusal } else { nil } }

    /// What the browser brings to the bank; empty where it has nothing yet.
    var forBank: [UInt8] { receipt?.forBank ?? [] }
}

// What a person with a browser does.
extension LoadWorld {
    /// Signs in at the OPAL server and lets the bank know what the card says (step 872).
    @discardableResult
    func inquire(
        _ card: Int = 0,
        from number: AccountNumber? = nil
    ) async throws -> TransactionIdentifier {
        let shown = try await bank.inquire(from: number ?? account, now: now)
        let page = try CardInquiryPage { field in shown.fields.first { $0.0 == field }?.1 }
        #expect(page == shown, "the browser posts what the page says")
        let information = try await loads.information(for: page, of: cards[card]).get()
        let transaction = page.inquiry.transaction
        try await bank.receive(information: information, of: transaction, now: now)
        return transaction
    }

    /// Chooses an amount at the bank (steps 871–875).
    ///
    /// - Returns: the load page, as the browser posts it.
    func begin(_ minorUnits: UInt64, _ card: Int = 0) async throws -> LoadPage {
        let inquiry = try await inquire(card)
        let transaction = try await bank.begin(
            minorUnits,
            from: account,
            with: inquiry,
            now: now
        )
        return try await page(of: transaction)
    }

    func page(of transaction: TransactionIdentifier) async throws -> LoadPage {
        let shown = try await bank.page(of: transaction, from: account, now: now)
        let page = try LoadPage { field in shown.fields.first { $0.0 == field }?.1 }
        #expect(page == shown, "the browser posts what the page says")
        return page
    }

    /// Consents at the OPAL server (steps 876–890).
    func load(_ page: LoadPage, _ card: Int = 0) async -> CardLoadOutcome {
        await loads.load(page, onto: cards[card])
    }

    /// Brings the sealed result to the bank (step 891).
    @discardableResult
    func bring(_ outcome: CardLoadOutcome, _ page: LoadPage) async throws -> HoldView {
        try await bank.receive(
            result: outcome.forBank,
            of: page.terms.transaction,
            now: now
        )
    }

    /// The whole way.
    @discardableResult
    func loadWhole(_ minorUnits: UInt64, _ card: Int = 0) async throws -> HoldView {
        let page = try await begin(minorUnits, card)
        return try await bring(await load(page, card), page)
    }

    // MARK: What the parties do from time to time

    func clearFaults() {
        link.plan.clear()
        bankLink.plan.clear()
        for store in [opalStore, loadStore, bankStore] { store.clear() }
    }

    /// One round of everything that the parties do by themselves every few seconds.
    func tidy() async {
        await link.deliverLate()
        await bankLink.deliverLate()
        await loads.settleOpenLoads(olderThan: .zero)
        _ = try? await bank.settleOpen(now: now)
    }

    /// Lets time pass, without faults, until nothing is open.
    func settleAll() async {
        clearFaults()
        for _ in 0..<4 {
            clock.advance(by: BankLimits.askAfter + .seconds(1))
            await tidy()
        }
        // Loads that never came end when they no longer can come.
        clock.advance(by: LoadLimits.loadTime + LoadLimits.clockSkew)
        await tidy()
    }

    // MARK: What must hold

    func pool() async throws -> UInt64 {
        try await bank.pool(of: issuer, .euro, .cents).minorUnits
    }

    func state(_ page: LoadPage) async throws -> HoldState {
        try await bank.load(page.terms.transaction).state
    }

    /// Nothing is lost and nothing is made, now and after all has come to an end.
    ///
    /// `loaded`: what the bank has had loaded in the end, in cents.
    func expectSound(
        loaded: UInt64? = nil,
        _ place: SourceLocation = #_sourceLocation
    ) async throws {
        try await expectRight(isSettled: false, place)
        await settleAll()
        try await expectRight(isSettled: true, place)
        if let loaded { #expect(try await pool() == loaded, sourceLocation: place) }
    }

    /// The credit of a load from the bank.
    static func credit(_ transaction: TransactionIdentifier) -> CardAuditor.CreditName {
        CardAuditor.CreditName(bank: bankIdentifier, transaction: transaction)
    }

    private func expectRight(isSettled: Bool, _ place: SourceLocation) async throws {
        let (cards, server, bank) = (
            try await cardReport(), try await loadReport(), try await bankReport()
        )
        let findings = cards.findings + server.findings + bank.findings
        #expect(findings.map(\.description) == [], sourceLocation: place)
        let unit = LoadWorld.euros(0)
        // Each posting has two sides.
        #expect(bank.credited == bank.debited, sourceLocation: place)
        // What was paid in is on the accounts or in the pool.
        let inPool = bank.inPools[issuer, default: [:]][unit, default: 0]
        let paidIn = bank.onAccounts[unit, default: 0] + inPool
        #expect(paidIn == LoadWorld.deposit, sourceLocation: place)
        // Each card holds what was loaded, less what was spent.
        #expect(
            cards.onCards[unit, default: 0] + cards.debited[unit, default: 0]
                == cards.loaded[unit, default: 0],
            sourceLocation: place
        )
        // What the bank has paid is on a card, and what the load server says is true.
        for (transaction, amount) in bank.loaded {
            #expect(cards.credits[LoadWorld.credit(transaction)] != nil, sourceLocation: place)
            #expect(server.loaded[transaction]?.amount == amount, sourceLocation: place)
        }
        for transaction in server.loaded.keys {
            #expect(cards.credits[LoadWorld.credit(transaction)] != nil, sourceLocation: place)
        }
        for transaction in server.notLoaded.union(bank.released) {
            #expect(cards.credits[LoadWorld.credit(transaction)] == nil, sourceLocation: place)
        }
        guard isSettled else { return }
        #expect(bank.open.isEmpty, sourceLocation: place)
        #expect(server.open.isEmpty, sourceLocation: place)
        #expect(cards.loads.values.allSatisfy { !$0.isOpen }, sourceLocation: place)
        // What is on cards from the bank is in the pool of their issuer, to the cent.
        let credited = Set(cards.loads.filter { $0.value == .loaded }.keys)
        #expect(credited == Set(bank.loaded.keys), sourceLocation: place)
        let sum = bank.loaded.values.reduce(UInt64(0)) { $0 + $1.minorUnits }
        #expect(try await pool() == sum, sourceLocation: place)
    }
}

extension LoadPage {
    func with(
        terms: LoadTerms? = nil,
        proof: LoadProof? = nil
    ) -> LoadPage {
        LoadPage(
            terms: terms ?? self.terms,
            proof: proof ?? self.proof,
            bankName: bankName,
            sessionKey: sessionKey
        )
    }
}

extension LoadTerms {
    func with(
        transaction: TransactionIdentifier? = nil,
        bank: BankIdentifier? = nil,
        card: CardPseudonym? = nil,
        amount: Money? = nil,
        time: CardTime? = nil,
        loadServer: String? = nil,
        statusURL: String? = nil
    ) -> LoadTerms {
        LoadTerms(
            transaction: transaction ?? self.transaction,
            bank: bank ?? self.bank,
            card: card ?? self.card,
            amount: amount ?? self.amount,
            time: time ?? self.time,
            loadServer: loadServer ?? self.loadServer,
            statusURL: statusURL ?? self.statusURL
        )
    }
}
