// SPDX-License-Identifier: Apache-2.0

import ClientCode
import Kernel
import Merchant
import OPALServer
import PaymentServer
import SecurityModule
import Simulation
import Testing
import Wire

/// Purchases with a card in a reader at the client terminal (FIG. 2), with the real payment server,
/// shop and card.
@Suite struct CardInReaderTests {
    private static let value: UInt64 = 10_000
    private static let price: UInt64 = 150

    private func world(_ policy: ComparisonPolicy = .securityCard) async throws -> World {
        var plan = WorldPlan()
        plan.policies = [policy]
        return try await World(plan)
    }

    private func euros(_ minorUnits: UInt64) -> Money {
        Money(minorUnits: minorUnits, currency: .euro, exponent: .cents)
    }

    @Test(arguments: [ComparisonPolicy.securityCard, .paymentServer])
    func `a card in a reader pays at the payment server itself`(
        policy: ComparisonPolicy
    ) async throws {
        let world = try await world(policy)
        let terminal = await ReaderTerminal(world)
        let (ticket, page) = try await world.offer()
        guard case .paid(let receipt) = await terminal.pay(page) else {
            Issue.record("not paid")
            return
        }
        #expect(receipt.card == world.cards[0])
        #expect(receipt.balance == euros(Self.value - Self.price))
        #expect(try await world.balance() == Self.value - Self.price)
        #expect(try await world.fetch(receipt.resultForMerchant, ticket).isFirst)
        #expect(terminal.memory.open.map(\.terms) == [page.terms])
        await world.payments.countSales()
        #expect(try await world.saleAudit.run {}.findings.isEmpty)
    }

    @Test func `a card in a reader proves identity, and pays no mixed order`() async throws {
        let world = try await world()
        let terminal = await ReaderTerminal(world)
        func page(_ price: Money, _ second: Money? = nil) async throws -> OrderPage {
            let article = try #require(
                Article(
                    identifier: "entry",
                    title: "Entry",
                    description: "The way in",
                    price: price,
                    secondPrice: second,
                    contentFile: "entry.txt",
                    mediaType: "text/plain"
                )
            )
            return try await world.page(try await world.merchant().order(article, now: world.now))
        }
        guard case .paid = await terminal.pay(try await page(.proof)) else {
            Issue.record("not proved")
            return
        }
        let points = Money(
            minorUnits: 5,
            currency: try #require(Currency(bcd: 0x9001)),
            exponent: .units
        )
        let mixed = try await page(euros(Self.price), points)
        #expect(await terminal.pay(mixed) == .notTaken(.refused(.policyNotSupported)))
        #expect(try await world.balance() == Self.value)
    }

    @Test func `a client terminal puts no member number into a proof`() async throws {
        let world = try await world()
        let terminal = await ReaderTerminal(world)
        let article = try #require(
            Article(
                identifier: "entry",
                title: "Entry",
                description: "The way in",
                price: .proof,
                contentFile: "entry.txt",
                mediaType: "text/plain"
            )
        )
        let ticket = try await world.merchant().order(article, now: world.now)
        let page = try await world.page(ticket)
        let victim = Membership(
            programme: try #require(Currency(bcd: 0x9001)),
            number: try #require(MemberNumber("SK-4711"))
        )
        let draw = try await ClientCode(terminal.reader).draw(
            .authentication,
            page.terms,
            at: world.now,
            memberships: [victim]
        )
        let session = await world.drawKeys.session(page.sessionKey, page.terms.transaction)
        let request = PartyMessage.drawRequest(
            DrawRequest(
                terms: page.terms,
                proof: page.proof,
                sealedDraw: try await session.sealDraw(draw.bytes)
            )
        )
        let answer = await world.entryForClientTerminals.answer(request.bytes, from: "")
        let refusal = PartyMessage.refusal(page.terms.transaction, .orderForged)
        #expect(try PartyMessage(answer) == refusal)
    }

    @Test func `the audit knows the debit from its own record, and its sale from the numbers`()
        async throws
    {
        let world = try await world()
        let (ticket, page) = try await world.offer()
        _ = await ReaderTerminal(world).pay(page)
        let report = try await world.cardAuditor.run {}
        #expect(report.findings.isEmpty)
        #expect(report.draws[ticket.transaction] == nil)
        let debit = try #require(report.readerDebits[ticket.transaction])
        let sale = try #require(try await world.saleAudit.sale(of: ticket.transaction))
        #expect(debit.card == world.cards[0])
        #expect(debit.command == sale.command)
        #expect(debit.number == sale.draw.initializeAnswer.number)
        #expect(world.saleAudit.owns(debit.command.securityCard))
    }

    @Test func `an answer that is lost is asked for again, and the card is debited once`()
        async throws
    {
        let world = try await world()
        let terminal = await ReaderTerminal(world)
        terminal.link.plan.script(.dropResponse, at: 1)
        terminal.link.plan.script(.dropResponse, at: 3)
        let (_, page) = try await world.offer()
        guard case .paid = await terminal.pay(page) else {
            Issue.record("not paid")
            return
        }
        #expect(try await world.balance() == Self.value - Self.price)
        let sent = terminal.link.exchanges.map(\.request)
        #expect(sent.count == 4 && sent[0] == sent[1] && sent[2] == sent[3])
    }

    @Test func `what the payment server did not answer is pending, and finished later`()
        async throws
    {
        let world = try await world()
        let terminal = await ReaderTerminal(world)
        let (_, page) = try await world.offer()
        terminal.silenceAfterDraw()
        #expect(await terminal.pay(page) == .pending(world.cards[0], .paymentServerSilent))
        let open = try #require(terminal.memory.open.first)
        #expect(open.answer != nil)
        terminal.link.plan.clear()
        guard case .paid = await terminal.payment.finish(try OpenPayment(open.bytes)) else {
            Issue.record("not paid")
            return
        }
        #expect(try await world.balance() == Self.value - Self.price)
    }

    @Test func `a terminal that stops behind the debit learns from the card that it was made`()
        async throws
    {
        let world = try await world()
        let terminal = await ReaderTerminal(world)
        let (_, page) = try await world.offer()
        terminal.reader.remove(.afterDebit)
        guard case .paid = await terminal.pay(page) else {
            Issue.record("the card, asked again, did not say it")
            return
        }
        // As it stood on the disk before the debit.
        let before = try #require(terminal.memory.kept.first)
        #expect(before.answer == nil)
        guard case .paid = await terminal.payment.finish(before) else {
            Issue.record("not paid")
            return
        }
        #expect(try await world.balance() == Self.value - Self.price)
    }

    @Test func `a card that was taken out and not put back is pending until it is there`()
        async throws
    {
        let world = try await world()
        let terminal = await ReaderTerminal(world)
        let (_, page) = try await world.offer()
        terminal.reader.remove(.forGood)
        #expect(await terminal.pay(page) == .pending(world.cards[0], .reader(.removed)))
        let open = try #require(terminal.memory.open.first)
        #expect(await terminal.payment.finish(open) == .pending(open.card, .reader(.removed)))
        terminal.reader.putIn()
        guard case .paid = await terminal.payment.finish(open) else {
            Issue.record("not paid")
            return
        }
        #expect(try await world.balance() == Self.value - Self.price)
    }

    @Test func `a card that was taken out before the debit has lost nothing`() async throws {
        let world = try await world()
        let terminal = await ReaderTerminal(world)
        let (ticket, page) = try await world.offer()
        terminal.reader.remove(.beforeDebit)
        #expect(await terminal.pay(page) == .notTaken(.notDebited))
        #expect(try await world.balance() == Self.value)
        #expect(terminal.memory.open.isEmpty)
        // The payment server was told, so that its terminal is free.
        #expect(try await world.saleAudit.state(of: ticket.transaction) == .void)
    }

    @Test func `what was given up after the debit is put back, once`() async throws {
        let world = try await world()
        let terminal = await ReaderTerminal(world)
        let (ticket, page) = try await world.offer()
        terminal.silenceAfterDraw()
        _ = await terminal.pay(page)
        world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
        await world.payments.giveUpLateSales()
        terminal.link.plan.clear()
        let open = try #require(terminal.memory.open.first)

        let other = await ReaderTerminal(world, card: 1, beside: terminal)
        let card = world.cards[0]
        #expect(await other.payment.finish(open) == .pending(card, .otherCard(expected: card)))

        let end = await terminal.payment.finish(open)
        #expect(end == .putBack(card, balance: euros(Self.value)))
        #expect(terminal.memory.open.isEmpty)
        // It stopped before it forgot.
        #expect(await terminal.payment.finish(open) == .putBack(card, balance: nil))
        #expect(try await world.balance() == Self.value)
        let report = try await world.cardAuditor.run {}
        #expect(report.findings.isEmpty && report.recoveries == [ticket.transaction])
    }

    @Test func `an order is paid by one card once`() async throws {
        let world = try await world()
        let (_, page) = try await world.offer()
        _ = await ReaderTerminal(world).pay(page)
        let other = await ReaderTerminal(world, card: 1)
        #expect(await other.pay(page) == .notTaken(.refused(.orderAlreadyPaid)))
        #expect(await world.pay(page, with: 1) == .refused(.orderAlreadyPaid))
        #expect(try await world.balance(1) == Self.value)
    }

    @Test func `where nothing can be remembered nothing is debited`() async throws {
        let world = try await world()
        let terminal = await ReaderTerminal(world)
        let (ticket, page) = try await world.offer()
        terminal.memory.fill()
        let failure = PaymentMemoryFailure("The disk is full.")
        #expect(await terminal.pay(page) == .notTaken(.notRemembered(failure)))
        #expect(try await world.balance() == Self.value)
        #expect(try await world.saleAudit.state(of: ticket.transaction) == .void)
    }

    @Test func `nothing is sent where it cannot be paid, or nobody agrees`() async throws {
        var plan = WorldPlan()
        plan.cardValues = [100]
        plan.policies = [.securityCard, .merchant]
        plan.merchants = 2
        let world = try await World(plan)
        let terminal = await ReaderTerminal(world)
        let (_, dear) = try await world.offer()
        #expect(await terminal.pay(dear) == .notTaken(.refused(.insufficientValue)))
        let (_, cheap) = try await world.offer(1)
        #expect(await terminal.pay(cheap, agreeing: false) == .notTaken(.notAgreed))
        let dollars = cheap.with(terms: try Change.currency.applied(to: cheap.terms))
        #expect(await terminal.pay(dollars) == .notTaken(.refused(.currencyNotHeld)))
        let (_, compared) = try await world.offer(1, at: 1)
        #expect(await terminal.pay(compared) == .notTaken(.refused(.policyNotSupported)))
        world.clock.advance(by: PurchaseLimits.orderTime + .seconds(1))
        #expect(await terminal.pay(cheap) == .notTaken(.refused(.orderTooOld)))
        #expect(terminal.link.exchanges.isEmpty && terminal.memory.kept.isEmpty)
    }

    @Test func `a result that does not open changes nothing`() async throws {
        let world = try await world()
        let terminal = await ReaderTerminal(world)
        let (_, page) = try await world.offer()
        let transaction = page.terms.transaction
        let forged = PartyMessage.debitResult(transaction, forCard: [1], forMerchant: [2]).bytes
        for number in 2...8 {
            terminal.link.plan.script(.alterResponse { _ in forged }, at: number)
        }
        #expect(await terminal.pay(page) == .pending(world.cards[0], .resultNotGenuine))
        #expect(terminal.memory.open.count == 1)
    }
}

/// What anybody may ask of a payment server.
@Suite struct ClientTerminalEntryTests {
    private func refusal(_ bytes: [UInt8]) throws -> Refusal? {
        guard case .refusal(_, let refusal) = try PartyMessage(bytes) else { return nil }
        return refusal
    }

    @Test func `a merchant's question is not for client terminals`() async throws {
        let world = try await World()
        let (ticket, _) = try await world.offer()
        _ = try? await world.merchant().ask(ticket.transaction, now: world.now)
        let question = try #require(world.shops[0].link.exchanges.first?.request)
        let entry = world.entryForClientTerminals
        // By whatever name it comes.
        for peer in ["", "shop", "opal-server"] {
            let answer = await entry.answer(question, from: peer)
            #expect(try refusal(answer) == .unknownMessage)
        }
    }

    @Test func `what is no message is refused`() async throws {
        let entry = try await World().entryForClientTerminals
        #expect(try refusal(await entry.answer([], from: "")) == .malformed)
        #expect(try refusal(await entry.answer([1, 2, 3], from: "")) == .malformed)
    }

    @Test func `a sale that somebody else must compare is not begun`() async throws {
        let world = try await World()
        let (_, page) = try await world.offer()
        let terms = OrderTerms(
            transaction: page.terms.transaction,
            merchant: page.terms.merchant,
            amount: page.terms.amount,
            policy: .opalServer,
            madeAt: page.terms.madeAt,
            statusURL: page.terms.statusURL
        )
        let draw = DrawRequest(terms: terms, proof: page.proof, sealedDraw: [1])
        let request = PartyMessage.drawRequest(draw).bytes
        let answer = await world.entryForClientTerminals.answer(request, from: "")
        #expect(try refusal(answer) == .policyNotSupported)
    }
}
