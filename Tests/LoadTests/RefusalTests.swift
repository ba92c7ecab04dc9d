// SPDX-License-Identifier: Apache-2.0

import Bank
import CardEmulator
import ClientCode
import Kernel
import LoadServer
import OPALServer
import SecurityModule
import SessionKeys
import Simulation
import Testing
import Wire

/// What OPAL server, load server and card refuse, in the order of ``LoadRefusal``. The card is not
/// loaded, and the hold ends.
@Suite struct RefusalTests {
    /// Loads, and expects to be refused.
    private func expectRefused(
        _ page: LoadPage,
        _ refusal: LoadRefusal,
        _ card: Int = 0,
        in world: LoadWorld,
        _ place: SourceLocation = #_sourceLocation
    ) async throws {
        #expect(await world.load(page, card).refusal == refusal, sourceLocation: place)
        #expect(try await world.balance() == 1_000, sourceLocation: place)
        try await world.expectSound(loaded: 0, place)
    }

    @Test func `what is no message is malformed`() async throws {
        let world = try await LoadWorld()
        for bytes in [[], [1], [1, 0x11], [1, 0x02] + [UInt8](repeating: 0, count: 20)] {
            let answer = await world.desk.answer(bytes, from: LoadWorld.opalServer)
            #expect(
                try LoadMessage(answer)
                    == .refusal(TransactionIdentifier(high: 0, low: 0), .malformed)
            )
        }
    }

    @Test func `only OPAL servers ask for loads`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        world.open(world.makeDesk(peers: ["another-server"]))
        #expect(await world.load(page).refusal == .unknownMessage)
        world.restartLoadServer()
        try await world.expectSound(loaded: 0)
    }

    @Test func `a load server answers no answers`() async throws {
        let world = try await LoadWorld()
        let transaction = TransactionIdentifier(high: 1, low: 1)
        let message = LoadMessage.loadCommand(transaction, sealed: [])
        let answer = await world.desk.answer(message.bytes, from: LoadWorld.opalServer)
        #expect(try LoadMessage(answer) == .refusal(transaction, .unknownMessage))
    }

    @Test func `a load server that is not in the directory is never connected to`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let calls = world.link.plan.calls
        let terms = page.terms.with(loadServer: "evil.example")
        #expect(await world.load(page.with(terms: terms)).refusal == .unknownLoadServer)
        #expect(world.link.plan.calls == calls)
        let asked = try await world.bank.inquire(from: world.account, now: world.now)
        let nobody = world.makeLoads([])
        let answer = await nobody.information(for: asked, of: world.cards[0])
        #expect(answer == .failure(.unknownLoadServer))
        #expect(world.link.plan.calls == calls)
        try await world.expectSound(loaded: 0)
    }

    @Test func `a bank that is not in the directory loads nothing and learns nothing`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let asked = try await world.bank.inquire(from: world.account, now: world.now)
        world.open(world.makeDesk(banks: []))
        #expect(await world.load(page).refusal == .unknownBank)
        let answer = await world.loads.information(for: asked, of: world.cards[0])
        #expect(answer == .failure(.unknownBank))
        world.restartLoadServer()
        try await world.expectSound(loaded: 0)
    }

    @Test func `a bank without a key of that name loads nothing`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let proof = try #require(
            LoadProof(
                keyName: "k2",
                wrappedSessionKey: page.proof.wrappedSessionKey,
                token: page.proof.token
            )
        )
        #expect(await world.load(page.with(proof: proof)).refusal == .unknownBank)
        try await world.expectSound(loaded: 0)
    }

    /// What a person could change in the page.
    enum Change: CaseIterable, CustomTestStringConvertible {
        case transaction, bank, card, amount, currency, time, statusURL

        var testDescription: String { "\(self)" }

        func applied(to terms: LoadTerms) throws -> LoadTerms {
            switch self {
            case .transaction:
                let next = terms.transaction.low ^ 1
                return terms.with(
                    transaction: TransactionIdentifier(high: terms.transaction.high, low: next)
                )
            case .bank: return terms.with(bank: BankIdentifier(bits: 7))
            case .card: return terms.with(card: CardPseudonym(high: 1, low: 2))
            case .amount: return terms.with(amount: LoadWorld.euros(9_999))
            case .currency:
                return terms.with(
                    amount: Money(minorUnits: 2_500, currency: .dollar, exponent: .cents)
                )
            case .time:
                return terms.with(time: CardTime(terms.time.instant.adding(.seconds(1))))
            case .statusURL: return terms.with(statusURL: "https://evil.example/")
            }
        }
    }

    @Test(arguments: Change.allCases)
    func `a page that was changed is refused`(_ change: Change) async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let forged = page.with(terms: try change.applied(to: page.terms))
        let expected: LoadRefusal =
            switch change {
            case .bank: .unknownBank
            case .currency: .currencyNotHeld
            default: .loadForged
            }
        try await expectRefused(forged, expected, in: world)
    }

    @Test func `a page with the session key of another load is refused`() async throws {
        let world = try await LoadWorld()
        let (page, other) = (try await world.begin(2_500), try await world.begin(2_500, 1))
        let swapped = LoadPage(
            terms: page.terms,
            proof: page.proof,
            bankName: page.bankName,
            sessionKey: other.sessionKey
        )
        try await expectRefused(swapped, .loadForged, in: world)
    }

    @Test func `a load that is too old, or from the future, is refused`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        world.clock.advance(by: LoadLimits.loadTime + .seconds(1))
        try await expectRefused(page, .loadTooOld, in: world)
        let next = try await world.begin(2_500)
        let future = CardTime(world.now.adding(LoadLimits.clockSkew + .seconds(2)))
        let early = next.with(terms: next.terms.with(time: future))
        try await expectRefused(early, .loadTooOld, in: world)
    }

    @Test func `a question about a card that is too old is refused`() async throws {
        let world = try await LoadWorld()
        let asked = try await world.bank.inquire(from: world.account, now: world.now)
        world.clock.advance(by: LoadLimits.loadTime + .seconds(1))
        let answer = await world.loads.information(for: asked, of: world.cards[0])
        #expect(answer == .failure(.loadTooOld))
    }

    @Test func `a transaction is loaded once, also by another OPAL server`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        try await world.bring(await world.load(page), page)
        let exchange = try #require(world.link.exchanges.first { $0.request[1] == 0x11 })
        // The same request again, after the end.
        let answer = await world.desk.answer(exchange.request, from: LoadWorld.opalServer)
        #expect(try LoadMessage(answer) == .refusal(page.terms.transaction, .alreadyLoaded))
        try await world.expectSound(loaded: 2_500)
    }

    /// Asks for a load as an OPAL server does that checks nothing.
    private func ask(_ page: LoadPage, in world: LoadWorld) async throws -> LoadMessage {
        let load = try await ClientCode(world.reader()).load(page.terms.request, at: world.now)
        let session = CreditSealer().session(page.sessionKey, page.terms.transaction)
        let request = LoadRequest(
            terms: page.terms,
            proof: page.proof,
            sealed: try await session.sealLoad(load.bytes)
        )
        let answer = await world.desk.answer(
            LoadMessage.loadRequest(request).bytes,
            from: LoadWorld.opalServer
        )
        return try LoadMessage(answer)
    }

    @Test func `a load server goes by its own clock`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let transaction = page.terms.transaction
        world.clock.advance(by: LoadLimits.loadTime + .seconds(1))
        #expect(try await ask(page, in: world) == .refusal(transaction, .loadTooOld))
        world.clock.advance(by: .zero - LoadLimits.loadTime - LoadLimits.clockSkew - .seconds(2))
        #expect(try await ask(page, in: world) == .refusal(transaction, .loadTooOld))
    }

    @Test func `a second request with another S1 is refused while the first one is open`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let transaction = page.terms.transaction
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.load(page).isLoaded)
        #expect(try await ask(page, in: world) == .refusal(transaction, .loadInProgress))
        try await world.expectSound(loaded: 2_500)
        #expect(try await ask(page, in: world) == .refusal(transaction, .loadTooOld))
    }

    @Test func `nothing is loaded for nothing`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let terms = page.terms.with(amount: LoadWorld.euros(0))
        let sealed = try world.order.seal(terms, random: world.random.bytes(32))
        let zero = LoadPage(
            terms: terms,
            proof: sealed.proof,
            bankName: "Bank",
            sessionKey: sealed.sessionKey
        )
        #expect(await world.load(zero).refusal == .belowMinimum)
        // An OPAL server that lets it pass is refused, too: the zero-value request is a proof.
        let transaction = TransactionIdentifier(high: 9, low: 9)
        let again = terms.with(transaction: transaction)
        let resealed = try world.order.seal(again, random: world.random.bytes(32))
        let second = LoadPage(
            terms: again,
            proof: resealed.proof,
            bankName: "Bank",
            sessionKey: resealed.sessionKey
        )
        #expect(try await ask(second, in: world) == .refusal(transaction, .belowMinimum))
    }

    @Test func `a card that is not there is not loaded`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let card = try #require(CardIdentifier("4123450000000000"))
        #expect(await world.loads.load(page, onto: card).refusal == .unknownCard)
        try await world.expectSound(loaded: 0)
    }

    @Test func `a blocked card is not loaded and tells nothing`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let asked = try await world.bank.inquire(from: world.account, now: world.now)
        try await world.setBlocked(true)
        let answer = await world.loads.information(for: asked, of: world.cards[0])
        #expect(answer == .failure(.cardBlocked))
        try await expectRefused(page, .cardBlocked, in: world)
    }

    @Test func `an expired card is not loaded and tells nothing`() async throws {
        let world = try await LoadWorld([])
        try await world.addCard(1_000, validMonths: 1)
        world.clock.advance(by: .seconds(62 * 24 * 60 * 60))
        let asked = try await world.bank.inquire(from: world.account, now: world.now)
        let answer = await world.loads.information(for: asked, of: world.cards[0])
        #expect(answer == .failure(.cardExpired))
    }

    @Test func `a card that became fuller meanwhile is not loaded above its maximum`()
        async throws
    {
        let world = try await LoadWorld()
        let most = LoadWorld.balanceMax - 1_000
        let page = try await world.begin(most)
        try await world.loadWhole(LoadWorld.minimum)
        let outcome = await world.load(page)
        #expect(outcome.refusal == .aboveMaximum)
        #expect(try await world.bring(outcome, page).state == .released)
        try await world.expectSound(loaded: LoadWorld.minimum)
    }

    @Test func `the card that the bank knows is loaded and no other`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500, 0)
        let outcome = await world.load(page, 1)
        #expect(outcome.refusal == .cardMismatch)
        #expect(try await world.bring(outcome, page).state == .released)
        #expect(try await world.balance(1) == 2_000)
        try await world.expectSound(loaded: 0)
    }

    // MARK: Who speaks

    @Test func `who did not ask for the load does not say what the card answered`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        world.link.plan.script(.dropRequest, at: 2)
        #expect(await world.load(page).isLoaded)
        let response = try #require(world.link.exchanges.last).request
        let desk = world.makeDesk(peers: [LoadWorld.opalServer, "another-server"])
        let answer = await desk.answer(response, from: "another-server")
        #expect(try LoadMessage(answer) == .refusal(page.terms.transaction, .loadUnknown))
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `a question without the proof of the bank is refused`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let question = try world.order.question(page.terms, keyName: "k1")
        var proof = question.proof
        proof[0] ^= 1
        let forged = LoadQuestion(terms: question.terms, keyName: "k1", proof: proof)
        let unknown = LoadQuestion(terms: question.terms, keyName: "k9", proof: proof)
        for (message, refusal) in [(forged, LoadRefusal.loadForged), (unknown, .unknownBank)] {
            let answer = await world.desk.answer(
                LoadMessage.loadQuestion(message).bytes,
                from: "bank"
            )
            #expect(try LoadMessage(answer) == .refusal(page.terms.transaction, refusal))
        }
    }
}
