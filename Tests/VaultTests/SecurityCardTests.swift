// SPDX-License-Identifier: Apache-2.0

import Crypto
import Kernel
import Keys
import SecurityCard
import SecurityModule
import Testing
import Wire

@Suite struct SecurityCardTests {
    private let identifier = SecurityCardIdentifier(acquirer: 7, serial: 9)
    private let master = LocalMasterKey(SymmetricKey(data: [UInt8](repeating: 3, count: 32)))
    private let keys = IssuerMasterKeys.make()
    private let time = CardTime(CardWorld.noon)

    /// The security card after power on: it knows its keys and nothing else.
    private func securityCard() throws -> SoftwareSecurityCard {
        let card = SoftwareSecurityCard(identifier, master: master)
        let issuer = try #require(IssuerIdentifier("636812"))
        card.install(keys, as: .init(issuer: issuer, version: 1))
        return card
    }

    private func draw(
        _ minorUnits: UInt64 = 100,
        type: TransactionType = .purchase,
        currency: Currency = .euro,
        number: String = "6368121221882974",
        expiry: UInt32 = 0x27_1231,
        algorithm: CardAlgorithm = .aes,
        version: UInt8 = 1,
        transaction: UInt64 = 1
    ) throws -> CardDraw {
        CardDraw(
            answerToReset: AnswerToReset.opal,
            initializeAnswer: InitializePurchaseAnswer(
                card: try #require(CardIdentifier(number)),
                expiry: try #require(CardDate(bcd: expiry)),
                algorithm: algorithm,
                purchaseKeyVersion: version,
                authenticationMode: .symmetric,
                balance: CardWorld.amount(1_000),
                number: 5,
                random: 77
            ),
            type: type,
            amount: Money(minorUnits: minorUnits, currency: currency, exponent: .cents),
            transaction: TransactionIdentifier(high: 1, low: transaction),
            merchant: try #require(MerchantIdentifier("SHOP"))
        )
    }

    /// What a card would answer.
    private func answer(
        to drawn: SecurityCardDraw,
        _ draw: CardDraw,
        _ code: CompletionCode = .done
    ) -> DebitAnswer {
        let initialized = draw.initializeAnswer
        let command = drawn.command
        let before = initialized.balance.minorUnits
        let after = code == .done ? before - command.amount.minorUnits : before
        let session = PurchaseSessionKey(
            cardKey: keys.ready.purchaseKey(initialized.card),
            number: initialized.number,
            random: initialized.random,
            securityCard: command.securityCard,
            securityCardNumber: command.securityCardNumber,
            transaction: command.transaction
        )
        let scope = PurchaseScope(
            type: draw.type,
            card: initialized.card,
            number: initialized.number,
            command: command
        )
        return DebitAnswer(
            completion: code,
            number: initialized.number,
            balance: after,
            signature: session.cardSignature(scope, completion: code, balance: after),
            issuerProof: .none
        )
    }

    @Test func `a number is never used again, whatever becomes of the sale`() async throws {
        var memory = try await securityCard().personalize()
        var seen: [UInt32] = []
        for step in 0..<40 {
            // Each time a new card after a restart, from the stored memory alone.
            let card = try securityCard()
            let draw = try draw(transaction: UInt64(step))
            let drawn = try await card.draw(draw, at: time, with: memory).get()
            seen.append(drawn.command.securityCardNumber)
            memory = drawn.memory
            switch step % 3 {
            case 0:
                memory = try await securityCard()
                    .complete(draw, drawn.command, answer(to: drawn, draw), with: memory).get()
                    .memory
            case 1:
                memory = try await securityCard().giveUp(draw, drawn.command, with: memory).get()
                    .memory
            default: break
            }
        }
        #expect(seen == Array(1...40))
        let description = try await securityCard().describe(memory)
        #expect(description.lastNumber == 40)
        #expect(description.openNumbers == (1...40).filter { $0 % 3 == 0 })
    }

    @Test func `what is counted is never given up and never counted again`() async throws {
        let card = try securityCard()
        let draw = try draw()
        let drawn = try await card.draw(draw, at: time, with: try await card.personalize()).get()
        let sold = try await card.complete(
            draw,
            drawn.command,
            answer(to: drawn, draw),
            with: drawn.memory
        ).get()
        #expect(sold.isCounted)
        #expect(
            try await card.giveUp(draw, drawn.command, with: sold.memory).refusal
                == .orderAlreadyPaid
        )
        let again = try await card.complete(
            draw,
            drawn.command,
            answer(to: drawn, draw),
            with: sold.memory
        )
        #expect(again.refusal == .orderGivenUp)
        #expect(try await card.describe(sold.memory).totals.map(\.count) == [1])
    }

    @Test func `what is given up is never counted`() async throws {
        let card = try securityCard()
        let draw = try draw()
        let drawn = try await card.draw(draw, at: time, with: try await card.personalize()).get()
        let void = try await card.giveUp(draw, drawn.command, with: drawn.memory).get()
        let late = try await card.complete(
            draw,
            drawn.command,
            answer(to: drawn, draw),
            with: void.memory
        )
        #expect(late.refusal == .orderGivenUp)
        #expect(try await card.describe(void.memory).totals.isEmpty)
        #expect(try await card.describe(void.memory).openNumbers.isEmpty)
    }

    @Test func `a card that refused gives the number up without counting`() async throws {
        let card = try securityCard()
        let draw = try draw()
        for code in CompletionCode.allCases where code != .done {
            let drawn = try await card.draw(draw, at: time, with: try await card.personalize())
                .get()
            let ended = try await card.complete(
                draw,
                drawn.command,
                answer(to: drawn, draw, code),
                with: drawn.memory
            ).get()
            #expect(!ended.isCounted)
            #expect(try await card.describe(ended.memory).openNumbers.isEmpty)
            #expect(try await card.describe(ended.memory).totals.isEmpty)
        }
    }

    @Test func `a wrong S3 counts nothing and leaves the number open`() async throws {
        let card = try securityCard()
        let draw = try draw()
        let drawn = try await card.draw(draw, at: time, with: try await card.personalize()).get()
        let right = answer(to: drawn, draw)
        #expect(right.signature == drawn.expectedSignature)
        let bytes = right.bytes
        // All but S6, which only the issuer can check.
        for position in 0..<22 {
            var damaged = bytes
            damaged[position] ^= 1
            guard let wrong = try? DebitAnswer(damaged) else { continue }
            let result = try await card.complete(draw, drawn.command, wrong, with: drawn.memory)
            #expect(result.refusal == .cardSignatureWrong)
            #expect(try await !card.verify(draw, drawn.command, wrong))
        }
        #expect(try await card.describe(drawn.memory).openNumbers == [1])
        #expect(
            try await card.complete(draw, drawn.command, right, with: drawn.memory).get().isCounted
        )
    }

    @Test func `S3 of another sale does not count this one`() async throws {
        let card = try securityCard()
        let one = try draw(transaction: 1)
        let two = try draw(transaction: 2)
        let first = try await card.draw(one, at: time, with: try await card.personalize()).get()
        let second = try await card.draw(two, at: time, with: first.memory).get()
        let wrong = try await card.complete(
            two,
            second.command,
            answer(to: first, one),
            with: second.memory
        )
        #expect(wrong.refusal == .cardSignatureWrong)
    }

    @Test func `totals are kept for each currency and exponent`() async throws {
        let card = try securityCard()
        var memory = try await card.personalize()
        for minorUnits in [100, 250, 0] as [UInt64] {
            let draw = try draw(minorUnits)
            let drawn = try await card.draw(draw, at: time, with: memory).get()
            memory = try await card.complete(
                draw,
                drawn.command,
                answer(to: drawn, draw),
                with: drawn.memory
            ).get().memory
        }
        let totals = try await card.describe(memory).totals
        #expect(
            totals == [.init(currency: .euro, exponent: .cents, count: 3, minorUnits: 350)]
        )
    }

    @Test func `cards are refused in the order of precedence`() async throws {
        let card = try securityCard()
        let memory = try await card.personalize()
        let table: [(CardDraw, Refusal)] = [
            (try draw(1_001, type: .load, currency: .dollar, expiry: 0x26_0101), .malformed),
            (try draw(1, type: .authentication), .malformed),
            (
                try draw(1_001, currency: .dollar, expiry: 0x26_0101, algorithm: .legacy),
                .issuerNotAccepted
            ),
            (try draw(1_001, currency: .dollar, expiry: 0x26_1117), .cardExpired),
            (try draw(1_001, currency: .dollar), .currencyNotHeld),
            (try draw(1_001), .insufficientValue),
            (try draw(number: "1000001221882974"), .issuerNotAccepted),
            (try draw(version: 2), .issuerNotAccepted),
        ]
        for (draw, refusal) in table {
            #expect(try await card.draw(draw, at: time, with: memory).refusal == refusal)
        }
        #expect(try await card.describe(memory).lastNumber == 0)
        _ = try await card.draw(try draw(1_000), at: time, with: memory).get()
    }

    @Test func `no number is drawn while too many are open, nor behind the last`() async throws {
        let card = try securityCard()
        var memory = try await card.personalize()
        for _ in 0..<256 {
            memory = try await card.draw(try draw(), at: time, with: memory).get().memory
        }
        #expect(try await card.draw(try draw(), at: time, with: memory).refusal == .busy)
        let last = try card.personalize(lastNumber: .max - 1)
        let drawn = try await card.draw(try draw(), at: time, with: last).get()
        #expect(drawn.command.securityCardNumber == .max)
        #expect(try await card.draw(try draw(), at: time, with: drawn.memory).refusal != nil)
    }

    @Test func `a memory opens in its own security card at its own revision alone`() async throws {
        let card = try securityCard()
        let memory = try await card.personalize()
        let next = try await card.draw(try draw(), at: time, with: memory).get().memory
        #expect(next.revision == memory.revision + 1)
        let other = SoftwareSecurityCard(
            SecurityCardIdentifier(acquirer: 7, serial: 10),
            master: master
        )
        var damaged = memory.body
        damaged[20] ^= 1
        let wrong: [(SoftwareSecurityCard, SealedSecurityCard)] = [
            (other, memory),
            (
                other,
                SealedSecurityCard(identifier: other.identifier, revision: 1, body: memory.body)
            ),
            (card, SealedSecurityCard(identifier: identifier, revision: 2, body: memory.body)),
            (card, SealedSecurityCard(identifier: identifier, revision: 1, body: next.body)),
            (card, SealedSecurityCard(identifier: identifier, revision: 1, body: damaged)),
            (SoftwareSecurityCard(identifier, master: .make()), memory),
        ]
        for (card, memory) in wrong {
            await #expect(throws: ModuleFailure.sealBroken) { try await card.describe(memory) }
        }
    }

    @Test func `a wrapped purchase key is taken in, and only from its own module`() async throws {
        let issuer = try #require(IssuerIdentifier("636812"))
        let name = SoftwareSecurityCard.KeyName(issuer: issuer, version: 1)
        let card = SoftwareSecurityCard(identifier, master: master)
        #expect(throws: KeyFailure.doesNotUnwrap) {
            try card.install(purchaseKey: LocalMasterKey.make().wrap(keys.purchase), as: name)
        }
        let draw = try draw()
        let memory = try await card.personalize()
        #expect(try await card.draw(draw, at: time, with: memory).refusal == .issuerNotAccepted)
        try card.install(purchaseKey: master.wrap(keys.purchase), as: name)
        let drawn = try await card.draw(draw, at: time, with: memory).get()
        let same = try await securityCard().draw(draw, at: time, with: memory).get()
        #expect(drawn.command == same.command)
    }

    @Test func `a command of another security card is never completed nor given up`() async throws {
        let card = try securityCard()
        let draw = try draw()
        let drawn = try await card.draw(draw, at: time, with: try await card.personalize()).get()
        let bits = drawn.command.bytes
        let foreign = try DebitIEP([0xFF] + bits.dropFirst())
        let done = answer(to: drawn, draw)
        #expect(
            try await card.complete(draw, foreign, done, with: drawn.memory).refusal
                == .orderGivenUp
        )
        #expect(
            try await card.giveUp(draw, foreign, with: drawn.memory).refusal == .orderAlreadyPaid
        )
    }

    @Test func `sales that were compared elsewhere are counted together, each once`() async throws {
        let card = try securityCard()
        var memory = try await card.personalize()
        var sales: [ComparedSale] = []
        for transaction in 1...3 as ClosedRange<UInt64> {
            let draw = try draw(100, transaction: transaction)
            let drawn = try await card.draw(draw, at: time, with: memory).get()
            memory = drawn.memory
            let answer = answer(to: drawn, draw)
            #expect(answer.signature == drawn.expectedSignature)
            sales.append(ComparedSale(draw: draw, command: drawn.command, answer: answer))
        }
        let first = try await card.count(Array(sales[...1]), with: memory)
        #expect(first.isCounted == [true, true])
        let second = try await card.count(sales, with: first.memory)
        #expect(second.isCounted == [false, false, true])
        let description = try await card.describe(second.memory)
        #expect(description.openNumbers.isEmpty)
        #expect(description.totals.map(\.count) == [3])
        #expect(description.totals.map(\.minorUnits) == [300])
    }

    @Test func `a sale whose S3 is wrong, or whose card refused, is not counted`() async throws {
        let card = try securityCard()
        let draw = try draw()
        let drawn = try await card.draw(draw, at: time, with: card.personalize()).get()
        let right = answer(to: drawn, draw)
        let forged = DebitAnswer(
            completion: .done,
            number: right.number,
            balance: right.balance,
            signature: Signature(bits: right.signature.bits ^ 1),
            issuerProof: .none
        )
        let refused = answer(to: drawn, draw, .insufficientValue)
        for wrong in [forged, refused] {
            let sale = ComparedSale(draw: draw, command: drawn.command, answer: wrong)
            let count = try await card.count([sale], with: drawn.memory)
            #expect(count.isCounted == [false])
            #expect(try await card.describe(count.memory).openNumbers == [1])
        }
    }
}
