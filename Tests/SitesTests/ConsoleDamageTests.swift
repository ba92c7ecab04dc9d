// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HTTPTypes
import Hummingbird
import Kernel
import OPALServer
import PaymentServer
import Records
import Simulation
import Sites
import Testing
import Wire

/// What the console shows of records that somebody changed in the database.
@Suite struct ConsoleDamageTests {
    @Test func `a card that does not open is stopped and shown, and no other`() async throws {
        let fixture = try await ConsoleFixture()
        let card = fixture.world.cards[0]
        try await damage(Emulator.key(card), in: fixture.world.opalStore)
        try await fixture.work { browser async throws in
            let list = try await browser.open("/cards")
            try expectWhole(list)
            #expect(list.text.contains("Does not open") && list.text.contains("Ready"))
            let path = try await browser.send("/cards/find", ["text": card.digits]).location
            let page = try await browser.open(path)
            try expectWhole(page)
            #expect(page.text.contains("This card does not open"))
            #expect(!page.text.contains(card.digits))
        }
    }

    @Test func `a sale that does not open is an alarm`() async throws {
        let fixture = try await ConsoleFixture()
        let order = try await fixture.world.page(try await fixture.world.order())
        // Drawn; the command never reaches the OPAL server.
        fixture.world.link.plan.script(.dropResponse, forNext: 4)
        _ = await fixture.world.pay(order)
        let transaction = order.terms.transaction
        try await damage(SaleRecord.key(transaction), in: fixture.world.paymentStore)
        try await fixture.work { browser async throws in
            for path in ["/", "/sales", "/sales/\(transaction.text)"] {
                let page = try await browser.open(path)
                try expectWhole(page)
                #expect(page.text.contains("not open"), "\(path)")
            }
            #expect(try await browser.open("/").text.contains("One record did not open"))
        }
    }

    @Test func `a mail that does not open stops no other`() async throws {
        let fixture = try await ConsoleFixture()
        _ = try await fixture.signUp()
        let mail = try #require(try await fixture.outbox.waiting().first)
        let kind = RecordKind("mail", keyBytes: 16...16)
        try await damage(RecordKey(kind, mail.key), in: fixture.world.opalStore)
        try await fixture.work { browser async throws in
            let list = try await browser.open("/outbox")
            try expectWhole(list)
            #expect(list.text.contains("(does not open)"))
            let page = try await browser.open("/outbox/\(Hex.text(mail.key))")
            #expect(page.status == .internalServerError)
            #expect(page.text.contains("Nothing was changed."))
        }
    }

    @Test func `an operator's record that does not open lets nobody in`() async throws {
        let fixture = try await ConsoleFixture()
        let key = RecordKey(OperatorDesk.operatorKind, Array(ConsoleFixture.name.utf8))
        try await damage(key, in: fixture.world.opalStore)
        try await fixture.browse { browser async throws in
            #expect(try await ConsoleFixture.signIn(browser).status == .serviceUnavailable)
            #expect(try await browser.open("/").location == "/sign-in")
        }
    }

    @Test func `an issuer's operator sees what is open behind any number of others' draws`()
        async throws
    {
        let fixture = try await ConsoleFixture(terminals: 53)
        let world = fixture.world
        func stuck() async throws -> TransactionIdentifier {
            world.clock.advance(by: .milliseconds(10))
            let page = try await world.page(try await world.order())
            world.link.plan.script(.dropRequest, at: 2)
            _ = await world.pay(page)
            return page.terms.transaction
        }
        // Draws that do not open are no issuer's; a page of the console has fifty rows.
        for _ in 0..<52 {
            try await damage(DrawRecord.key(try await stuck()), in: world.opalStore)
        }
        let own = try await stuck().text
        let name = try #require(OperatorName("second"))
        let (password, role) = (
            "four words for this one", OperatorRole.issuer(world.cards[0].issuer)
        )
        #expect(try await fixture.operators.add(name, password: password, as: role, at: world.now))
        try await fixture.browse { browser async throws in
            try await ConsoleFixture.signIn(browser, "second", password)
            for path in ["/", "/open"] {
                #expect(try await browser.open(path).text.contains(own), "\(path)")
            }
        }
    }
}
