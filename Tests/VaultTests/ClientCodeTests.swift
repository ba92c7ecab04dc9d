// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import ClientCode
import Kernel
import Keys
import SecurityCard
import SecurityModule
import Testing
import Wire

/// One purchase with the emulated card and a security card, without the parties around them.
@Suite struct ClientCodeTests {
    private func terms(_ minorUnits: UInt64 = 300, _ currency: Currency = .euro) throws
        -> OrderTerms
    {
        OrderTerms(
            transaction: TransactionIdentifier(high: 1, low: 2),
            merchant: try #require(MerchantIdentifier("SHOP")),
            amount: Money(minorUnits: minorUnits, currency: currency, exponent: .cents),
            policy: .securityCard,
            madeAt: CardWorld.noon,
            statusURL: "https://shop.example/"
        )
    }

    private func securityCard(_ world: CardWorld) -> SoftwareSecurityCard {
        let card = SoftwareSecurityCard(CardWorld.securityCard, master: .make())
        card.install(world.keys, as: .init(issuer: world.card.issuer, version: 1))
        return card
    }

    @Test func `a card pays through its security card, and gets back what was given up`()
        async throws
    {
        let world = try await CardWorld(CardWorld.euros())
        let client = ClientCode(world.reader())
        #expect(try await client.balance().balance == CardWorld.amount(1_000))
        let terms = try terms()
        let draw = try await client.draw(.purchase, terms, at: CardWorld.noon)
        let card = securityCard(world)
        let drawn = try await card.draw(
            draw,
            at: CardTime(CardWorld.noon),
            with: try await card.personalize()
        ).get()
        let answer = try await client.debit(drawn.command, terms)
        #expect(answer.completion == .done)
        #expect(answer.signature == drawn.expectedSignature)
        #expect(
            try await card.complete(draw, drawn.command, answer, with: drawn.memory).get().isCounted
        )
        #expect(try await world.balance() == 700)

        let void = try await card.giveUp(draw, drawn.command, with: drawn.memory).get()
        let recovered = try await client.recover(
            RecoverValue(
                number: answer.number,
                securityCard: drawn.command.securityCard,
                securityCardNumber: drawn.command.securityCardNumber,
                transaction: terms.transaction,
                minorUnits: 300,
                voidProof: void.voidProof
            )
        )
        #expect(recovered.balance == 1_000)
    }

    @Test func `an amount that was changed on the way makes S2 wrong`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let client = ClientCode(world.reader())
        let draw = try await client.draw(.purchase, try terms(300), at: CardWorld.noon)
        let card = securityCard(world)
        let drawn = try await card.draw(
            draw,
            at: CardTime(CardWorld.noon),
            with: try await card.personalize()
        ).get()
        // The command says 300, the order that the person agreed to 299.
        await #expect(throws: ClientFailure.refused(.securityCardSignatureWrong)) {
            try await client.debit(drawn.command, try terms(299))
        }
        await #expect(throws: ClientFailure.refused(.cardChanged)) {
            try await client.debit(drawn.command, try terms(300))
        }
        #expect(try await world.balance() == 1_000)
    }

    @Test func `what the card refuses is told before anything is sent`() async throws {
        let cases: [(Card, OrderTerms, Refusal)] = [
            (try CardWorld.euros(), try terms(1_001), .insufficientValue),
            (try CardWorld.euros(), try terms(1, .dollar), .currencyNotHeld),
            (try CardWorld.euros(isBlocked: true), try terms(), .cardBlocked),
            (try CardWorld.euros(expiry: 0x26_1117), try terms(), .cardExpired),
            (try CardWorld.euros(lastNumber: .max), try terms(), .numbersUsedUp),
        ]
        for (card, terms, refusal) in cases {
            let world = try await CardWorld(card)
            let client = ClientCode(world.reader())
            await #expect(throws: ClientFailure.refused(refusal)) {
                try await client.draw(.purchase, terms, at: CardWorld.noon)
            }
            #expect(try await world.rows().isEmpty)
        }
    }

    @Test func `a reader without card is told as such`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let card = try #require(CardIdentifier("0000000000000000"))
        let client = ClientCode(PseudoReader(card, emulator: world.emulator) { CardWorld.noon })
        await #expect(throws: ClientFailure.channel(.removed)) { try await client.balance() }
    }
}
