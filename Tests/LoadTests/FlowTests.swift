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

/// A load from its first step to its last (FIG. 18).
@Suite struct FlowTests {
    @Test func `the bank is told what the card can take, by the card itself`() async throws {
        let world = try await LoadWorld()
        let inquiry = try await world.inquire()
        let offer = try await world.bank.offer(inquiry, to: world.account, now: world.now)
        #expect(offer.information.balance == LoadWorld.euros(1_000))
        #expect(offer.information.balanceMax == LoadWorld.balanceMax)
        #expect(offer.maximum == LoadWorld.balanceMax - 1_000)
        #expect(offer.minimum == LoadWorld.minimum)
        #expect(offer.loadable == LoadWorld.balanceMax - 1_000)
        #expect(offer.information.issuer == world.issuer)
        #expect(world.cards[0].digits.hasSuffix(offer.information.lastDigits))
        #expect(try await world.describe().lastNumber == 1, "asking consumes no number")
        try await world.expectSound(loaded: 0)
    }

    @Test func `a load goes from the account to the pool and onto the card, to the cent`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let held = try await world.bank.account(world.account)
        #expect(held.balance == LoadWorld.deposit)
        #expect(held.available == LoadWorld.deposit - 2_500)
        let outcome = await world.load(page)
        #expect(outcome.isLoaded)
        #expect(outcome.receipt?.balance == 3_500)
        #expect(try await world.balance() == 3_500)
        #expect(try await world.state(page) == .held, "the bank does not know yet")
        let view = try await world.bring(outcome, page)
        #expect(view.state == .loaded)
        #expect(view.issuer == world.issuer)
        let account = try await world.bank.account(world.account)
        #expect(account.balance == LoadWorld.deposit - 2_500)
        #expect(account.held == 0)
        #expect(try await world.pool() == 2_500)
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `the statement shows hold and payment with the transaction, and so does the pool`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        try await world.bring(await world.load(page), page)
        let rows = try await world.bank.statement(of: world.account, limit: 100)
        #expect(rows.map(\.event) == [.opened, .credited, .held, .paid])
        #expect(rows.suffix(2).allSatisfy { $0.transaction == page.terms.transaction })
        #expect(rows.suffix(2).allSatisfy { $0.amount == 2_500 })
        #expect(rows.map(\.balance) == [0, 100_000, 100_000, 97_500])
        let pool = try #require(rows.last?.otherSide)
        let other = try await world.bank.statement(of: pool, limit: 100)
        #expect(other.map(\.event) == [.opened, .credited])
        #expect(other.last?.transaction == page.terms.transaction)
        #expect(other.last?.otherSide == world.account)
    }

    @Test func `the load server writes down each step`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        _ = await world.load(page)
        let steps = try await world.desk.journal(of: page.terms.transaction)
        #expect(steps.map(\.kind) == [.requested, .authorized, .loaded])
        let lines = try await world.desk.loads(limit: 10)
        #expect(lines.map(\.record?.state) == [.loaded])
        #expect(try await world.desk.openLoads(limit: 10).isEmpty)
    }

    @Test func `the same page again tells the same, also when it is too old, and loads once`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let first = await world.load(page)
        #expect(await world.load(page) == first)
        try await world.bring(first, page)
        world.clock.advance(by: LoadLimits.loadTime + .seconds(60))
        #expect(await world.load(page) == first)
        #expect(try await world.bring(first, page).state == .loaded)
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `two tabs load once`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        async let one = world.load(page)
        async let two = world.load(page)
        let outcomes = await [one, two]
        #expect(outcomes.contains { $0.isLoaded })
        #expect(outcomes.allSatisfy { $0.isLoaded || $0.isPending })
        try await world.expectSound(loaded: 2_500)
        #expect(try await world.balance() == 3_500)
    }

    @Test func `loads of several cards at the same time all reach the pool`() async throws {
        let world = try await LoadWorld([0, 0, 0, 0])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<24 {
                group.addTask {
                    // Loads of one card at the same time disturb each other; later ones work.
                    let page = try await world.begin(500 + UInt64(index), index % 4)
                    let outcome = await world.load(page, index % 4)
                    if !outcome.forBank.isEmpty { try await world.bring(outcome, page) }
                }
            }
            try await group.waitForAll()
        }
        try await world.expectSound()
        #expect(try await world.pool() > 0)
    }

    @Test func `one answer of a card serves one load`() async throws {
        let world = try await LoadWorld()
        let inquiry = try await world.inquire()
        let first = try await world.bank.begin(
            2_500,
            from: world.account,
            with: inquiry,
            now: world.now
        )
        let again = try await world.bank.begin(
            2_500,
            from: world.account,
            with: inquiry,
            now: world.now
        )
        #expect(again == first)
        await #expect(throws: BankFailure.alreadyBegun(first)) {
            try await world.bank.begin(
                2_600,
                from: world.account,
                with: inquiry,
                now: world.now
            )
        }
        await #expect(throws: BankFailure.alreadyBegun(first)) {
            try await world.bank.offer(inquiry, to: world.account, now: world.now)
        }
        #expect(try await world.bank.account(world.account).held == 2_500)
    }

    @Test func `who does not consent frees the hold at once`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let outcome = await world.loads.decline(page, for: world.cards[0])
        #expect(outcome.refusal == .declined)
        let view = try await world.bring(outcome, page)
        #expect(view.state == .released)
        #expect(view.reason == .declined)
        #expect(try await world.bank.account(world.account).held == 0)
        #expect(await world.load(page).refusal == .loadGivenUp)
        try await world.expectSound(loaded: 0)
    }

    @Test func `who does not consent in a second tab leaves the load of the first one alone`()
        async throws
    {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let outcome = await world.load(page)
        #expect(await world.loads.decline(page, for: world.cards[0]) == outcome)
        try await world.bring(outcome, page)
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `questions about cards are forgotten when they can serve no load`() async throws {
        let world = try await LoadWorld()
        try await world.loadWhole(2_500)
        _ = try await world.inquire()
        #expect(try await world.bank.forgetOldInquiries(now: world.now) == 0)
        world.clock.advance(by: LoadLimits.loadTime + BankLimits.informationTime + .seconds(1))
        #expect(try await world.bank.forgetOldInquiries(now: world.now) == 2)
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `load pages and inquiry pages wait for consent, and are forgotten when too old`()
        async throws
    {
        let world = try await LoadWorld()
        let offers = Offers(
            store: world.opalStore,
            seals: world.opalSeals,
            random: world.random
        )
        let page = try await world.begin(2_500)
        let inquiry = try await world.bank.inquire(from: world.account, now: world.now)
        let name = try await offers.keep(page, now: world.now)
        let asked = try await offers.keep(inquiry, now: world.now)
        #expect(try await offers.findLoad(name) == page)
        #expect(try await offers.findInquiry(asked) == inquiry)
        #expect(try await offers.find(name) == nil, "a load is no order")
        #expect(try await offers.findLoad(asked) == nil)
        world.clock.advance(by: Offers.keepTime + .seconds(1))
        #expect(try await offers.forgetOld(now: world.now) == 2)
        #expect(try await offers.findLoad(name) == nil)
    }
}
