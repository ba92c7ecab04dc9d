// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Keys
import SecurityModule
import Testing
import Wire

/// What the HSM says of S6 of sales that come back for payment.
@Suite struct SaleCheckTests {
    private func sale(
        _ debit: (InitializePurchaseAnswer, DebitIEP, DebitAnswer),
        version: UInt8 = CardWorld.version,
        balance: UInt64? = nil
    ) -> CollectedSale {
        let (card, command, answer) = debit
        return CollectedSale(
            transaction: command.transaction,
            merchant: command.merchant,
            time: command.time,
            amount: command.amount,
            card: card.card,
            cardExpiry: card.expiry,
            keyVersion: version,
            number: answer.number,
            balance: balance ?? answer.balance,
            securityCard: command.securityCard,
            securityCardNumber: command.securityCardNumber,
            issuerProof: answer.issuerProof
        )
    }

    private func debit(
        _ amount: Money,
        type: TransactionType = .purchase,
        in world: CardWorld
    ) async throws -> (InitializePurchaseAnswer, DebitIEP, DebitAnswer) {
        let reader = world.reader()
        let initialized = try await reader.initialize(amount, type: type)
        let command = try world.command(for: initialized, amount, type: type)
        let response = try await reader.send(.debit(command))
        #expect(response.status == .done)
        return (initialized, command, try DebitAnswer(response.data))
    }

    @Test func `sales of one card are checked together, and each by itself`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let first = try await world.pay(100, in: reader)
        let second = try await world.pay(25, in: reader)
        let sales = [sale(first), sale(second, balance: 1), sale(second)]
        #expect(try await world.module.check(sales) == [.right, .wrong, .right])
        #expect(try await world.module.check([]).isEmpty)
    }

    @Test func `a sale of points is checked like one of money`() async throws {
        let programme = try #require(Currency(bcd: 0x9001))
        let card = try CardWorld.euros()
        let points = Purse(currency: programme, exponent: .units, balance: 500, balanceMax: 900)
        let world = try await CardWorld(
            Card(
                identifier: card.identifier,
                expiry: card.expiry,
                purchaseKeyVersion: CardWorld.version,
                loadKeyVersion: CardWorld.version,
                purses: card.purses + [points]
            )
        )
        let amount = Money(minorUnits: 200, currency: programme, exponent: .units)
        let paid = try await debit(amount, in: world)
        #expect(try await world.module.check([sale(paid)]) == [.right])
    }

    @Test func `a proof of identity is no sale`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let proof = try await debit(.proof, type: .authentication, in: world)
        #expect(try await world.module.check([sale(proof)]) == [.wrong])
    }

    @Test func `a sale is proved though its key version has ended since`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let paid = try await world.pay(100, in: world.reader())
        world.end(try #require(CardDate(bcd: 0x26_0101)))
        #expect(try await world.module.check([sale(paid)]) == [.right])
    }

    @Test func `each sale is checked with its own key version`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let paid = try await world.pay(100, in: world.reader())
        #expect(try await world.module.check([sale(paid, version: 2)]) == [.keyUnknown])
        let name = SoftwareModule.KeyName(issuer: world.card.issuer, version: 2)
        world.module.install(IssuerMasterKeys.make(), as: name)
        let sales = [sale(paid, version: 2), sale(paid)]
        #expect(try await world.module.check(sales) == [.wrong, .right])
    }
}
