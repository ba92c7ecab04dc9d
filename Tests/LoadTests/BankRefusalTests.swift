// SPDX-License-Identifier: Apache-2.0

import Bank
import Kernel
import OPALServer
import SecurityModule
import SessionKeys
import Simulation
import Testing
import Wire

/// What the bank refuses, in the order of its reasons; nothing is held then.
@Suite struct BankRefusalTests {
    private func begin(
        _ minorUnits: UInt64,
        _ inquiry: TransactionIdentifier,
        in world: LoadWorld
    ) async throws {
        _ = try await world.bank.begin(
            minorUnits,
            from: world.account,
            with: inquiry,
            now: world.now
        )
    }

    private func expectNothingHeld(in world: LoadWorld) async throws {
        #expect(try await world.bank.account(world.account).held == 0)
        #expect(try await world.bank.loads(limit: 10).isEmpty)
        try await world.expectSound(loaded: 0)
    }

    @Test func `an account that is not there has no load`() async throws {
        let world = try await LoadWorld()
        let other = try #require(AccountNumber("DE-0815"))
        await #expect(throws: BankFailure.unknownAccount) {
            try await world.bank.inquire(from: other, now: world.now)
        }
        let pool = AccountNumber.pool(of: world.issuer, .euro, .cents, part: 0)
        await #expect(throws: BankFailure.unknownAccount) {
            try await world.bank.inquire(from: pool, now: world.now)
        }
    }

    @Test func `an account is opened once`() async throws {
        let world = try await LoadWorld()
        await #expect(throws: BankFailure.accountExists) {
            try await world.bank.openAccount(
                world.account,
                owner: "Somebody",
                .euro,
                .cents,
                now: world.now
            )
        }
        try await world.bank.openPool(of: world.issuer, .euro, .cents, now: world.now)
        #expect(try await world.bank.accounts(limit: 100).count == 3 + 1 + FundsPool.parts)
    }

    @Test func `an owner without a name, or with one that cannot be kept, has no account`()
        async throws
    {
        let world = try await LoadWorld()
        let number = try #require(AccountNumber("DE-0815"))
        for owner in ["", "Ada\n", String(repeating: "a", count: Account.ownerBytesMax + 1)] {
            await #expect(throws: BankFailure.ownerUnreadable) {
                try await world.bank.openAccount(
                    number,
                    owner: owner,
                    .euro,
                    .cents,
                    now: world.now
                )
            }
        }
    }

    @Test func `a number of an account is short, upper case and plain`() {
        for text in ["", "de-4711", "DE 4711", "DÉ", String(repeating: "A", count: 25)] {
            #expect(AccountNumber(text) == nil)
        }
        #expect(AccountNumber("DE-4711")?.masked == "•••• 4711")
    }

    @Test func `the answer of a card serves the account that asked and no other`() async throws {
        let world = try await LoadWorld()
        let inquiry = try await world.inquire(0, from: world.dollarAccount)
        await #expect(throws: BankFailure.unknownInquiry) {
            try await begin(2_500, inquiry, in: world)
        }
        let nothing = TransactionIdentifier(high: 1, low: 1)
        await #expect(throws: BankFailure.unknownInquiry) {
            try await begin(2_500, nothing, in: world)
        }
        try await expectNothingHeld(in: world)
    }

    @Test func `a load waits for the card's information`() async throws {
        let world = try await LoadWorld()
        let page = try await world.bank.inquire(from: world.account, now: world.now)
        await #expect(throws: BankFailure.notAnswered) {
            try await begin(2_500, page.inquiry.transaction, in: world)
        }
        try await expectNothingHeld(in: world)
    }

    @Test func `information that is too old does not serve`() async throws {
        let world = try await LoadWorld()
        let inquiry = try await world.inquire()
        world.clock.advance(by: BankLimits.informationTime + .seconds(1))
        await #expect(throws: BankFailure.informationTooOld) {
            try await begin(2_500, inquiry, in: world)
        }
        try await expectNothingHeld(in: world)
    }

    @Test func `a card of another currency is not loaded`() async throws {
        let world = try await LoadWorld()
        let inquiry = try await world.inquire(0, from: world.dollarAccount)
        await #expect(throws: BankFailure.currencyDiffers) {
            try await world.bank.begin(
                2_500,
                from: world.dollarAccount,
                with: inquiry,
                now: world.now
            )
        }
        await #expect(throws: BankFailure.currencyDiffers) {
            try await world.bank.offer(inquiry, to: world.dollarAccount, now: world.now)
        }
        try await expectNothingHeld(in: world)
    }

    @Test func `less than the minimum is not loaded, the minimum is`() async throws {
        let world = try await LoadWorld()
        let inquiry = try await world.inquire()
        for amount in [0, 1, LoadWorld.minimum - 1] {
            await #expect(throws: BankFailure.belowMinimum(LoadWorld.minimum)) {
                try await begin(amount, inquiry, in: world)
            }
        }
        try await expectNothingHeld(in: world)
        #expect(try await world.loadWhole(LoadWorld.minimum).state == .loaded)
        try await world.expectSound(loaded: LoadWorld.minimum)
    }

    @Test func `more than the card can take is not loaded, as much as it can take is`()
        async throws
    {
        let world = try await LoadWorld()
        let inquiry = try await world.inquire()
        let most = LoadWorld.balanceMax - 1_000
        for amount in [most + 1, .max] {
            await #expect(throws: BankFailure.aboveMaximum(most)) {
                try await begin(amount, inquiry, in: world)
            }
        }
        try await expectNothingHeld(in: world)
        #expect(try await world.loadWhole(most).state == .loaded)
        #expect(try await world.balance() == LoadWorld.balanceMax)
        try await world.expectSound(loaded: most)
    }

    @Test func `a full card can take nothing`() async throws {
        let world = try await LoadWorld([LoadWorld.balanceMax])
        let inquiry = try await world.inquire()
        await #expect(throws: BankFailure.aboveMaximum(0)) {
            try await begin(LoadWorld.minimum, inquiry, in: world)
        }
    }

    @Test func `a bank without a pool of the issuer pays nobody`() async throws {
        let world = try await LoadWorld()
        let other = try #require(IssuerIdentifier("999999"))
        await #expect(throws: BankFailure.issuerUnknown) {
            try await world.bank.pool(of: other, .euro, .cents)
        }
        await #expect(throws: BankFailure.issuerUnknown) {
            try await world.bank.pool(of: world.issuer, .dollar, .cents)
        }
    }

    @Test func `more than the account has is not loaded, and what is held counts`() async throws {
        let world = try await LoadWorld([0, 0, 0])
        let (first, second, third) = (
            try await world.inquire(0), try await world.inquire(1), try await world.inquire(2)
        )
        try await begin(LoadWorld.balanceMax, first, in: world)
        try await begin(LoadWorld.balanceMax - 1_000, second, in: world)
        await #expect(throws: BankFailure.insufficientFunds(1_000)) {
            try await begin(1_001, third, in: world)
        }
        try await begin(1_000, third, in: world)
        #expect(try await world.bank.account(world.account).available == 0)
        try await world.expectSound(loaded: 0)
        #expect(try await world.bank.account(world.account).available == LoadWorld.deposit)
    }

    @Test func `two loads at the same moment do not hold more than there is`() async throws {
        let world = try await LoadWorld([0, 0, 0, 0])
        let amount = LoadWorld.deposit / 3
        let held = await withTaskGroup(of: Bool.self) { group in
            for card in 0..<4 {
                group.addTask { (try? await world.begin(amount, card)) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(held == 3)
        #expect(try await world.bank.account(world.account).held == amount * 3)
        try await world.expectSound(loaded: 0)
    }

    @Test func `a load has its page while it is open, and for its own account`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let transaction = page.terms.transaction
        await #expect(throws: BankFailure.unknownLoad) {
            try await world.bank.page(of: transaction, from: world.dollarAccount, now: world.now)
        }
        #expect(try await world.page(of: transaction) == page)
        world.clock.advance(by: LoadLimits.loadTime + .seconds(1))
        await #expect(throws: BankFailure.tooOld) {
            try await world.bank.page(of: transaction, from: world.account, now: world.now)
        }
        try await world.bank.ask(about: transaction, now: world.now)
        await #expect(throws: BankFailure.notOpen(.released)) {
            try await world.bank.page(of: transaction, from: world.account, now: world.now)
        }
    }

    // MARK: What comes through the browser

    @Test func `information that was changed in the browser is refused`() async throws {
        let world = try await LoadWorld()
        let page = try await world.bank.inquire(from: world.account, now: world.now)
        let right = try await world.loads.information(for: page, of: world.cards[0]).get()
        for position in stride(from: 0, to: right.count, by: 7) {
            var wrong = right
            wrong[position] ^= 1
            await #expect(throws: BankFailure.resultForged) {
                try await world.bank.receive(
                    information: wrong,
                    of: page.inquiry.transaction,
                    now: world.now
                )
            }
        }
    }

    @Test func `information of another question is refused`() async throws {
        let world = try await LoadWorld()
        let page = try await world.bank.inquire(from: world.account, now: world.now)
        let other = try await world.bank.inquire(from: world.account, now: world.now)
        let right = try await world.loads.information(for: page, of: world.cards[0]).get()
        await #expect(throws: BankFailure.resultForged) {
            try await world.bank.receive(
                information: right,
                of: other.inquiry.transaction,
                now: world.now
            )
        }
    }

    @Test func `a result that was changed in the browser ends nothing`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let outcome = await world.load(page)
        for position in stride(from: 0, to: outcome.forBank.count, by: 7) {
            var wrong = outcome.forBank
            wrong[position] ^= 1
            await #expect(throws: BankFailure.resultForged) {
                try await world.bank.receive(
                    result: wrong,
                    of: page.terms.transaction,
                    now: world.now
                )
            }
        }
        #expect(try await world.state(page) == .held)
        try await world.expectSound(loaded: 2_500)
    }

    @Test func `a result of another load ends nothing`() async throws {
        let world = try await LoadWorld()
        let (page, other) = (try await world.begin(2_500), try await world.begin(2_500, 1))
        let outcome = await world.load(page)
        await #expect(throws: BankFailure.resultForged) {
            try await world.bank.receive(
                result: outcome.forBank,
                of: other.terms.transaction,
                now: world.now
            )
        }
        await #expect(throws: BankFailure.unknownLoad) {
            try await world.bank.receive(
                result: outcome.forBank,
                of: TransactionIdentifier(high: 1, low: 1),
                now: world.now
            )
        }
        try await world.expectSound(loaded: 2_500)
    }

    /// Who has K could say anything: the bank compares with what it holds.
    @Test(arguments: ["amount", "currency", "card", "issuer", "bank"])
    func `a result that says another thing ends nothing`(_ what: String) async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        let terms = page.terms
        let dollars = Money(minorUnits: 2_500, currency: .dollar, exponent: .cents)
        let result = BankLoadResult(
            transaction: terms.transaction,
            bank: terms.bank,
            card: what == "card" ? CardPseudonym(high: 1, low: 2) : terms.card,
            amount: what == "amount"
                ? LoadWorld.euros(2_499) : what == "currency" ? dollars : terms.amount,
            outcome: .loaded,
            reason: nil,
            issuer: what == "issuer" ? IssuerIdentifier("999999") : world.issuer,
            time: CardTime(world.now)
        )
        if what == "bank" {
            let other = terms.with(bank: BankIdentifier(bits: 7))
            #expect(throws: ModuleFailure.sealBroken) {
                try world.keys.sealResult(result, of: other, keyName: "k1")
            }
            return
        }
        let sealed = try world.keys.sealResult(result, of: terms, keyName: "k1")
        await #expect(throws: BankFailure.resultMismatch) {
            try await world.bank.receive(
                result: sealed,
                of: terms.transaction,
                now: world.now
            )
        }
        #expect(try await world.state(page) == .held)
        try await world.expectSound(loaded: 0)
    }

    @Test func `a result that contradicts the first one changes nothing`() async throws {
        let world = try await LoadWorld()
        let page = try await world.begin(2_500)
        try await world.bring(await world.load(page), page)
        let result = BankLoadResult(
            transaction: page.terms.transaction,
            bank: page.terms.bank,
            card: page.terms.card,
            amount: page.terms.amount,
            outcome: .notLoaded,
            reason: .declined,
            issuer: nil,
            time: CardTime(world.now)
        )
        let sealed = try world.keys.sealResult(result, of: page.terms, keyName: "k1")
        await #expect(throws: BankFailure.resultContradicts) {
            try await world.bank.receive(
                result: sealed,
                of: page.terms.transaction,
                now: world.now
            )
        }
        try await world.expectSound(loaded: 2_500)
    }
}
