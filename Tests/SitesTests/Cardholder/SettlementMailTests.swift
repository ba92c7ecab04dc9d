// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import PaymentServer
import Records
import Simulation
import Testing

/// The mail that tells how a payment that was pending has ended.
@Suite struct SettlementMailTests {
    /// A cardholder whose payment is pending.
    private func pending(_ world: CardWorld, _ browser: Browser) async throws {
        try await world.enter(browser)
        let path = try await world.checkout(browser)
        world.world.link.plan.script(.dropRequest, at: 2)
        let page = try await browser.send(path, ["decision": "pay"])
        #expect(page.text.contains("mail"))
        #expect(try await settlements(world).isEmpty)
    }

    private func settlements(_ world: CardWorld) async throws -> [MailMessage] {
        try await world.outbox.waiting().compactMap(\.message).filter {
            $0.subject.hasPrefix("Your payment to")
        }
    }

    @Test func `a pending payment that is paid in the end is told by one mail`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await pending(world, browser)
            #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 1)
            #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 0)
            let mail = try #require(try await settlements(world).first)
            #expect(try await settlements(world).count == 1)
            #expect(mail.to == CardWorld.email)
            #expect(mail.subject == "Your payment to PRESS-1 is paid")
            #expect(mail.body.contains("€1.50") && mail.body.contains("PRESS-1"))
            #expect(mail.body.contains("•••• •••• •••• ") && !mail.body.contains("412345"))
            #expect(!mail.body.contains(CardWorld.identifier))
        }
    }

    @Test func `the history says of a pending payment what will happen`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await pending(world, browser)
            let will = "we ask until it is paid or put back"
            try expectWhole(try await browser.open("/history"))
            #expect(browser.page.text.contains("Pending") && browser.page.text.contains(will))
            await world.purchases.settleOpenDraws(olderThan: .zero)
            try await browser.open("/history")
            #expect(!browser.page.text.contains("Pending") && !browser.page.text.contains(will))
        }
    }

    @Test func `a pending payment that is given up is told as put back, by one mail`() async throws
    {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await pending(world, browser)
            world.world.clock.advance(by: PurchaseLimits.saleTime + .seconds(1))
            #expect(await world.world.payments.giveUpLateSales() == 1)
            #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 1)
            #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 0)
            let mails = try await settlements(world)
            #expect(mails.map(\.subject) == ["Your payment to PRESS-1 was put back"])
            #expect(mails[0].body.contains("€1.50") && mails[0].body.contains("on your card again"))
        }
    }

    @Test func `a payment that was paid at once is told on the page and by no mail`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await world.enter(browser)
            let path = try await world.checkout(browser)
            try await browser.send(path, ["decision": "pay"])
            #expect(browser.page.text.contains("Paid"))
            #expect(try await settlements(world).isEmpty)
        }
    }

    @Test(arguments: [StoreFailure.diskFull, .unavailable("x")])
    func `an outcome whose commit fails leaves neither outcome nor mail, and comes again`(
        _ failure: StoreFailure
    ) async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await pending(world, browser)
            world.world.opalStore.commits.script(.refuse(failure))
            #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 0)
            #expect(try await settlements(world).isEmpty)
            #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 1)
            #expect(try await settlements(world).count == 1)
        }
    }

    @Test func `an outcome whose commit was made though nobody was told is mailed once`()
        async throws
    {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await pending(world, browser)
            world.world.opalStore.commits.script(.loseAnswer)
            for _ in 0..<3 { await world.purchases.settleOpenDraws(olderThan: .zero) }
            #expect(try await settlements(world).count == 1)
        }
    }

    @Test func `two who settle the same payment at once write one mail`() async throws {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await pending(world, browser)
            let purchases = world.purchases
            async let one = purchases.settleOpenDraws(olderThan: .zero)
            async let two = purchases.settleOpenDraws(olderThan: .zero)
            _ = await (one, two)
            #expect(try await settlements(world).count == 1)
        }
    }

    @Test func `a holder whose record was changed gets no mail, and the value comes first`()
        async throws
    {
        let world = try await CardWorld()
        try await world.browse { browser in
            try await pending(world, browser)
            let store = world.world.opalStore
            for record in try await store.list(
                UserRecordKinds.holder,
                after: nil,
                limit: 10,
                order: .ascending
            ) {
                let changed = RecordWrite.put(
                    record.key,
                    expectedRevision: record.revision,
                    body: record.body.map { $0 ^ 1 }
                )
                #expect(try await store.commit(Transition(writes: [changed])) == .committed)
            }
            #expect(await world.purchases.settleOpenDraws(olderThan: .zero) == 1)
            #expect(try await settlements(world).isEmpty)
        }
    }
}
