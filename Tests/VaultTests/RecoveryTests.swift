// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import HSM
import Kernel
import Keys
import SecurityModule
import Testing
import Wire

/// RECOVER VALUE: what a debit took comes back once, and only against SV.
@Suite struct RecoveryTests {
    @Test func `a debited value is put back once`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let (initialized, command, _) = try await world.pay(300, in: reader)
        let recovery = world.recovery(initialized, command)
        let response = try await reader.send(.recover(recovery))
        #expect(response.status == .done)
        #expect(
            try RecoverAnswer(response.data)
                == RecoverAnswer(completion: .done, number: 1, balance: 1_000)
        )
        for _ in 0..<3 {
            #expect(try await reader.send(.recover(recovery)).status == .conditionsNotSatisfied)
        }
        #expect(try await world.balance() == 1_000)
        #expect(try await world.describe().lastNumber == 1)
        #expect(try await world.rows().count == 2)
    }

    @Test func `a wrong SV puts nothing back and blocks no card, however often it comes`()
        async throws
    {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let (initialized, command, _) = try await world.pay(300, in: reader)
        let right = world.recovery(initialized, command)
        let wrong = right.with(voidProof: Signature(bits: right.voidProof.bits ^ 1))
        for _ in 0..<2 * Card.wrongSignaturesMax {
            #expect(try await reader.send(.recover(wrong)).status == .signatureWrong)
        }
        #expect(try await world.balance() == 700)
        #expect(try await world.describe().wrongSignatures == 0)
        #expect(try await world.describe().isBlocked == false)
        // S2 and S3 of the same debit are no proof that it was given up.
        let answer = try #require(try await world.rows().first).body
        guard case .debit(let evidence) = try CardHistoryEntry(answer).event else { return }
        for signature in [
            evidence.command.signature, evidence.answer.signature, evidence.answer.issuerProof,
        ] {
            let stolen = right.with(voidProof: signature)
            #expect(try await reader.send(.recover(stolen)).status == .signatureWrong)
        }
        #expect(try await reader.send(.recover(right)).status == .done)
        #expect(try await world.balance() == 1_000)
        #expect(try await world.describe().wrongSignatures == 0)
    }

    @Test func `a value comes back to a card that is blocked, too`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let (initialized, command, _) = try await world.pay(300, in: reader)
        try await world.set(.blocked(true))
        let recovery = world.recovery(initialized, command)
        _ = try await reader.reset()
        #expect(try await reader.send(.recover(recovery)).status == .done)
        #expect(try await world.balance() == 1_000)
        #expect(try await world.describe().isBlocked)
    }

    @Test func `the proof for one debit recovers no other`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let (first, firstCommand, _) = try await world.pay(100, in: reader)
        let (second, secondCommand, _) = try await world.pay(200, in: reader)
        let one = world.recovery(first, firstCommand)
        let two = world.recovery(second, secondCommand)
        #expect(
            try await reader.send(.recover(one.with(voidProof: two.voidProof))).status
                == .signatureWrong
        )
        // The elements of one debit under the number of another name no debit at all.
        let mixed = RecoverValue(
            number: two.number,
            securityCard: one.securityCard,
            securityCardNumber: one.securityCardNumber,
            transaction: one.transaction,
            minorUnits: one.minorUnits,
            voidProof: one.voidProof
        )
        #expect(try await reader.send(.recover(mixed)).status == .noSuchSignature)
        #expect(try await world.balance() == 700)
        #expect(try await reader.send(.recover(two)).status == .done)
        #expect(try await reader.send(.recover(one)).status == .done)
        #expect(try await world.balance() == 1_000)
    }

    @Test func `a load is not recovered`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let answer = try await world.load(100, in: reader)
        let recovery = RecoverValue(
            number: answer.number,
            securityCard: CardWorld.securityCard,
            securityCardNumber: 1,
            transaction: TransactionIdentifier(high: 6, low: 1),
            minorUnits: 100,
            voidProof: .none
        )
        #expect(try await reader.send(.recover(recovery)).status == .noSuchSignature)
        #expect(try await world.balance() == 1_100)
    }

    @Test func `the evidence of a debit is what the card has signed`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let (initialized, _, _) = try await world.pay(300, in: world.reader())
        let entry = try CardHistoryEntry(try #require(try await world.rows().first).body)
        guard case .debit(let evidence) = entry.event else { return }
        // Somebody who can write to the database makes the amount larger, and knows SV.
        let dearer = evidence.command.with(amount: CardWorld.amount(900))
        let forged = CardHistoryEntry(
            moment: entry.moment,
            event: .debit(
                DebitEvidence(
                    type: evidence.type,
                    random: evidence.random,
                    expiry: evidence.expiry,
                    purchaseKeyVersion: evidence.purchaseKeyVersion,
                    command: dearer,
                    answer: evidence.answer
                )
            ),
            note: entry.note
        )
        let sealed = try await world.sealed()
        await #expect(throws: ModuleFailure.sealBroken) {
            try await world.module.process(
                .recover(world.recovery(initialized, dearer)),
                on: sealed,
                dialogue: nil,
                context: CardContext(random: 0, now: CardWorld.noon, note: "", evidence: forged)
            )
        }
    }

    @Test func `hundreds of recoveries are remembered, each once, in any order`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        var random = Seeded(70)
        var recoveries: [RecoverValue] = []
        for _ in 0..<CardRecord.recoveredMax {
            let (initialized, command, _) = try await world.pay(1, in: reader)
            recoveries.append(world.recovery(initialized, command))
        }
        recoveries.shuffle(using: &random)
        for recovery in recoveries {
            #expect(try await reader.send(.recover(recovery)).status == .done)
        }
        for recovery in recoveries.prefix(20) {
            #expect(try await reader.send(.recover(recovery)).status == .conditionsNotSatisfied)
        }
        #expect(try await world.balance() == 1_000)
        // One more moves the floor: the oldest stays recovered.
        let (initialized, command, _) = try await world.pay(1, in: reader)
        let last = world.recovery(initialized, command)
        #expect(try await reader.send(.recover(last)).status == .done)
        let oldest = try #require(recoveries.first { $0.number == 1 })
        #expect(try await reader.send(.recover(oldest)).status == .conditionsNotSatisfied)
        #expect(try await world.balance() == 1_000)
    }
}

/// FIG. 18: a load.
@Suite struct LoadTests {
    private func request(_ minorUnits: UInt64) -> InitializeLoad {
        InitializeLoad(
            bank: BankIdentifier(bits: 3),
            transaction: TransactionIdentifier(high: 6, low: 1),
            time: CardTime(CardWorld.noon),
            amount: CardWorld.amount(minorUnits)
        )
    }

    @Test func `a load reaches the maximum balance and not one unit more`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let above = try await world.load(4_001, in: reader)
        #expect(above.completion == .maximumBalanceExceeded)
        #expect(above.number == 1)
        #expect(above.balance == 1_000)
        #expect(try await world.load(.max, in: reader).completion == .maximumBalanceExceeded)
        #expect(try await world.rows().isEmpty)
        let exact = try await world.load(4_000, in: reader)
        #expect(exact.completion == .done)
        #expect(exact.number == 1)
        #expect(exact.balance == 5_000)
        #expect(try await world.balance() == 5_000)
    }

    @Test func `a load of nothing proves the counter`() async throws {
        let world = try await CardWorld(CardWorld.euros(lastNumber: 41))
        let reader = world.reader()
        let answer = try await world.load(0, in: reader)
        #expect(answer.completion == .done)
        #expect(answer.number == 42)
        #expect(answer.balance == 1_000)
        #expect(try await world.describe().lastNumber == 42)
    }

    @Test func `a wrong S2 loads nothing and counts as a wrong signature`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let answer = try InitializeLoadAnswer(
            try await reader.send(.initializeLoad(request(100))).data
        )
        let credit = try await world.module.authorize(request(100), answer, completion: .done)
        let forged = CreditIEP(
            completion: .done,
            transaction: credit.transaction,
            minorUnits: 4_000,
            signature: Signature(bits: credit.signature.bits ^ 1)
        )
        #expect(try await reader.send(.credit(forged)).status == .signatureWrong)
        #expect(try await reader.send(.credit(credit)).status == .conditionsNotSatisfied)
        #expect(try await world.balance() == 1_000)
        #expect(try await world.describe().wrongSignatures == 1)
    }

    /// S2 covers the amount of the request, whatever the command says.
    @Test func `the amount and the transaction of a credit are those of its Initialize`()
        async throws
    {
        let world = try await CardWorld(CardWorld.euros())
        for isAmount in [true, false] {
            let reader = world.reader()
            let answer = try InitializeLoadAnswer(
                try await reader.send(.initializeLoad(request(100))).data
            )
            let credit = try await world.module.authorize(request(100), answer, completion: .done)
            let other = CreditIEP(
                completion: .done,
                transaction: isAmount
                    ? credit.transaction : TransactionIdentifier(high: 9, low: 9),
                minorUnits: isAmount ? 4_000 : 100,
                signature: credit.signature
            )
            #expect(try await reader.send(.credit(other)).status == .conditionsNotSatisfied)
        }
        #expect(try await world.balance() == 1_000)
    }

    @Test func `a load that the load server refuses changes nothing`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let answer = try InitializeLoadAnswer(
            try await reader.send(.initializeLoad(request(100))).data
        )
        let credit = try await world.module.authorize(
            request(100),
            answer,
            completion: .refusedByLimit
        )
        let response = try await reader.send(.credit(credit))
        let refused = try CreditAnswer(response.data)
        #expect(refused.completion == .refusedByLimit)
        #expect(refused.balance == 1_000)
        try await world.module.verify(refused, to: credit, of: request(100), answer)
        #expect(try await world.rows().isEmpty)
    }

    @Test func `the load server notices a wrong S1 and a wrong S3`() async throws {
        let world = try await CardWorld(CardWorld.euros())
        let reader = world.reader()
        let initialized = try await reader.send(.initializeLoad(request(100)))
        // BIN and IEP: the keys of another card, or of another issuer; ALG is not covered by S1.
        for position in 0..<InitializeLoadAnswer.length where position != 11 {
            var bytes = initialized.data
            bytes[position] ^= 1
            guard let answer = try? InitializeLoadAnswer(bytes) else { continue }
            await #expect(throws: ModuleFailure.self, "byte \(position)") {
                try await world.module.authorize(request(100), answer, completion: .done)
            }
        }
        let answer = try InitializeLoadAnswer(initialized.data)
        let credit = try await world.module.authorize(request(100), answer, completion: .done)
        let response = try await reader.send(.credit(credit))
        for position in 0..<CreditAnswer.length {
            var bytes = response.data
            bytes[position] ^= 1
            guard let wrong = try? CreditAnswer(bytes) else { continue }
            await #expect(throws: ModuleFailure.sealBroken) {
                try await world.module.verify(wrong, to: credit, of: request(100), answer)
            }
        }
    }
}

extension RecoverValue {
    func with(voidProof: Signature) -> RecoverValue {
        RecoverValue(
            number: number,
            securityCard: securityCard,
            securityCardNumber: securityCardNumber,
            transaction: transaction,
            minorUnits: minorUnits,
            voidProof: voidProof
        )
    }
}
