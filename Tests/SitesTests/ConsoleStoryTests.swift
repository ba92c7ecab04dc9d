// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Kernel
import OPALServer
import PaymentServer
import Records
import SecurityModule
import Simulation
import Sites
import Testing
import Wire

/// One field finds a transaction, and its page tells what became of the money and every step.
@Suite struct ConsoleStoryTests {
    private func story(
        of transaction: TransactionIdentifier,
        _ browser: Browser
    ) async throws -> Browser.Page {
        let page = try await browser.open("/transactions/\(transaction.text)")
        try expectWhole(page)
        return page
    }

    @Test func `a purchase is told step by step, with its signatures checked`() async throws {
        let fixture = try await ConsoleFixture()
        let transaction = try await fixture.pay().terms.transaction
        let card = fixture.world.cards[0]
        try await fixture.work { browser async throws in
            let page = try await story(of: transaction, browser)
            let money = "€1.50 was taken from card \(card.masked) and is owed to merchant PRESS-1"
            #expect(page.text.contains(money))
            for text in [
                "Ordered", "Draw request", "Debit command", "Debited", "S2, S3 and S6",
                "checked by the issuer&#39;s module", "checked by the security card",
            ] {
                #expect(page.text.contains(text), "\(text)")
            }
            #expect(!page.text.contains(">Wrong<") && !page.text.contains("cannot be checked"))
            // In the order of time: ordered before drawn before debited before sold.
            let places = ["Ordered", "Draw request", "Debited", ">Sold<"].compactMap {
                page.text.firstRange(of: $0)?.lowerBound
            }
            #expect(places.count == 4 && places == places.sorted())
            #expect(!page.text.contains(card.digits))
        }
    }

    @Test func `a sale with a wrong S6 is told as forged, and not as paid`() async throws {
        let fixture = try await ConsoleFixture(proofsOf: World(WorldPlan()))
        let transaction = try await fixture.pay().terms.transaction
        try await fixture.work { browser async throws in
            let page = try await story(of: transaction, browser)
            #expect(page.text.contains("The sale of €1.50 is counted, and forged: S6 is wrong."))
            #expect(page.text.contains(">Wrong<") && !page.text.contains("is owed to"))
        }
    }

    @Test func `a sale that the card's own records do not have is told as of one of two cards`()
        async throws
    {
        let fixture = try await ConsoleFixture()
        let transaction = try await fixture.pay().terms.transaction
        let key = DrawRecord.key(transaction)
        let draw = try #require(try await fixture.world.opalStore.read(key))
        let write = RecordWrite.delete(key, expectedRevision: draw.revision)
        #expect(
            try await fixture.world.opalStore.commit(Transition(writes: [write])) == .committed
        )
        let card = fixture.world.cards[0].masked
        try await fixture.work { browser async throws in
            let page = try await story(of: transaction, browser)
            #expect(page.text.contains("Card \(card) has paid €1.50, as S6 proves"))
            #expect(page.text.contains("the card was set back, or there are two of it"))
            #expect(!page.text.contains(">Wrong<") && !page.text.contains("is owed to"))
        }
    }

    @Test func `a recovery is told with SV, which is checked against the debit`() async throws {
        let fixture = try await ConsoleFixture()
        let transaction = try await fixture.putBack().terms.transaction
        try await fixture.work { browser async throws in
            let page = try await story(of: transaction, browser)
            for text in [
                "has been put back on it: the merchant is paid nothing", "Void", "Put back",
                "Told: void", ">SV<",
            ] {
                #expect(page.text.contains(text), "\(text)")
            }
            #expect(!page.text.contains(">Wrong<"))
        }
    }

    @Test func `a row of the card's history that was changed is told as a wrong signature`()
        async throws
    {
        let fixture = try await ConsoleFixture()
        let transaction = try await fixture.pay().terms.transaction
        let card = fixture.world.cards[0]
        let evidence = try await fixture.world.desk.evidence(
            of: transaction,
            on: card,
            at: [fixture.world.now]
        )
        let row = try #require(evidence.first)
        #expect(evidence.count == 1 && row.isSigned == true)
        // In no other card's history.
        let other = try await fixture.world.desk.evidence(
            of: transaction,
            on: fixture.world.cards[1],
            at: [fixture.world.now]
        )
        #expect(other.isEmpty)
        guard case .debit(let debit) = row.entry.event else {
            Issue.record("The row must be the debit.")
            return
        }
        var answer = debit.answer.bytes
        answer[answer.count - 1] ^= 1
        let forged = CardHistoryEntry(
            moment: row.entry.moment,
            event: .debit(
                DebitEvidence(
                    type: debit.type,
                    random: debit.random,
                    expiry: debit.expiry,
                    purchaseKeyVersion: debit.purchaseKeyVersion,
                    command: debit.command,
                    answer: try DebitAnswer(answer)
                )
            ),
            note: row.entry.note
        )
        let check = await fixture.world.cardModule.audit(
            [ChainedRow(number: row.number, hash: [], body: forged.bytes)],
            of: card,
            CardAudit()
        )
        #expect(check.findings.contains(.signatureWrong(number: row.number)))
    }

    @Test func `a load is told by OPAL server, load server and bank`() async throws {
        let fixture = try await ConsoleFixture(bankAccounts: [100_000])
        let world = fixture.world
        let inquiry = try #require(await world.inquire())
        let page = try await world.beginLoad(2_500, inquiry)
        guard case .loaded(let receipt) = await world.load(page) else {
            Issue.record("The load must be taken.")
            return
        }
        _ = try await world.bringLoad(receipt.forBank, page.terms.transaction)
        try await fixture.work { browser async throws in
            let page = try await story(of: page.terms.transaction, browser)
            for text in [
                "is on card", "and the bank pays it into the pool", "Held", "Load request",
                "S1 and S2", "S1, S2 and S3", "checked by the load server&#39;s module", "Paid",
            ] {
                #expect(page.text.contains(text), "\(text)")
            }
            #expect(!page.text.contains(">Wrong<") && !page.text.contains("cannot be checked"))
        }
    }

    @Test func `one field finds cards, people, transactions, sales and orders`() async throws {
        let fixture = try await ConsoleFixture()
        _ = try await fixture.signUp()
        let transaction = try await fixture.pay().terms.transaction
        let card = fixture.world.cards[0]
        let sale = try #require(try await fixture.world.payments.sale(transaction)?.line.sale)
        let number = Hex.text(transaction.bytes.suffix(6)).uppercased()
        let drawn = "\(sale.command.securityCard.text) \(sale.command.securityCardNumber)"
        try await fixture.work { browser async throws in
            for text in [
                transaction.text, number, "\(number.prefix(4)) \(number.dropFirst(4))", drawn,
            ] {
                try await browser.open("/search")
                let found = try await browser.send("/search", ["text": text])
                #expect(found.location == "/transactions/\(transaction.text)", "\(text)")
            }
            for text in [card.digits, String(card.digits.suffix(4))] {
                try await browser.open("/search")
                let found = try await browser.send("/search", ["text": text])
                #expect(found.location.hasPrefix("/cards/"), "\(text)")
            }
            for text in ["4111111111111111", "0000", "nobody", "<script>", " "] {
                try await browser.open("/search")
                let found = try await browser.send("/search", ["text": text])
                try expectWhole(found)
                #expect(found.text.contains("Nothing fits."), "\(text)")
                #expect(!found.text.contains("<script>") && !found.text.contains("4111"))
            }
        }
    }

    @Test func `a transaction that nobody knows has no page`() async throws {
        let fixture = try await ConsoleFixture()
        let none = TransactionIdentifier(high: 1, low: 2).text
        try await fixture.work { browser async throws in
            #expect(try await browser.open("/transactions/\(none)").status == .notFound)
            #expect(try await browser.open("/transactions/none").status == .notFound)
        }
        try await fixture.browse { browser async throws in
            let page = try await browser.open("/transactions/\(none)")
            #expect(page.location == "/sign-in")
        }
    }
}
