// SPDX-License-Identifier: Apache-2.0

import CardEmulator
import Crypto
import Foundation
import HSM
import Kernel
import Keys
import SecurityCard
import SecurityModule
import Testing
import Wire

/// The bytes of the purse profile, against cases that another implementation has worked.
@Suite struct PurseVectorTests {
    @Test func `there are cases, and they can be read`() throws {
        #expect(try !PurseVectors.all.get().isEmpty)
    }

    @Test(arguments: PurseVectors.cases)
    func `card keys and session key follow from the master keys`(vector: PurseVector) throws {
        let card = try vector.card
        let keys = try vector.keys
        let table: [(SymmetricKey, StaticString, String)] = [
            (keys.purchase, "OPAL purchase card key", vector.cardKeys.purchase),
            (keys.load, "OPAL load card key", vector.cardKeys.load),
            (keys.completion, "OPAL completion card key", vector.cardKeys.completion),
            (keys.proof, "OPAL issuer proof card key", vector.cardKeys.proof),
        ]
        for (master, label, expected) in table {
            #expect(CMACKey(master).derive(label, card.bytes) == (try vector.symmetric(expected)))
        }
        // The same keys by the way the module takes: two keys are one where their codes agree.
        let ready = keys.ready
        let ways = [
            (ready.purchaseKey(card), vector.cardKeys.purchase),
            (ready.loadKey(card), vector.cardKeys.load),
            (ready.completionKey(card), vector.cardKeys.completion),
            (ready.proofKey(card), vector.cardKeys.proof),
        ]
        for (key, expected) in ways {
            #expect(
                key.code([1, 2, 3]) == CMACKey(try vector.symmetric(expected)).code([1, 2, 3])
            )
        }
        let context = try #require(
            Hex.bytes(vector.NT + vector.R + vector.IDPSAM + vector.NTPSAM + vector.TRX)
        )
        let session = CMACKey(try vector.symmetric(vector.cardKeys.purchase))
            .derive("OPAL purchase session key", context)
        #expect(session == (try vector.symmetric(vector.sessionKey)))
    }

    @Test(arguments: PurseVectors.cases)
    func `the signatures of a purchase are those of the case`(vector: PurseVector) throws {
        let scope = try vector.scope
        let session = try vector.session
        let before = try vector.integer(vector.balanceBefore)
        let after = try vector.integer(vector.purchase.balanceAfter)
        let done = try #require(
            CompletionCode(rawValue: UInt16(vector.integer(vector.purchase.CC)))
        )
        let refused = try #require(
            CompletionCode(rawValue: UInt16(vector.integer(vector.purchase.refused.CC)))
        )
        let proofKey = try vector.keys.ready.proofKey(vector.card)
        let made: [(Signature, String)] = [
            (session.securityCardSignature(scope), vector.purchase.S2),
            (session.cardSignature(scope, completion: done, balance: after), vector.purchase.S3),
            // A refused debit covers the balance before: it is unchanged.
            (
                session.cardSignature(scope, completion: refused, balance: before),
                vector.purchase.refused.S3
            ),
            (session.voidProof(scope), vector.purchase.voidProof),
            (
                scope.issuerProof(expiry: try vector.expiry, balance: after, key: proofKey),
                vector.purchase.S6
            ),
        ]
        for (signature, expected) in made {
            #expect(signature == (try vector.signature(expected)))
        }
    }

    @Test(arguments: PurseVectors.cases)
    func `the signatures of a load are those of the case`(vector: PurseVector) throws {
        let (request, unsigned) = try vector.loadRequest(.none)
        let keys = try vector.keys.ready
        let card = try vector.card
        let first = LoadSignatures.request(request, unsigned, key: keys.loadKey(card))
        #expect(first == (try vector.signature(vector.load.S1)))
        let (_, answer) = try vector.loadRequest(first)
        let code = try #require(CompletionCode(rawValue: UInt16(vector.integer(vector.load.CC))))
        let second = LoadSignatures.credit(
            request,
            answer,
            completion: code,
            key: keys.loadKey(card)
        )
        #expect(second == (try vector.signature(vector.load.S2)))
        let third = LoadSignatures.completion(
            request,
            card: card,
            number: try vector.number,
            completion: code,
            balance: try vector.integer(vector.load.balanceAfter),
            key: keys.completionKey(card)
        )
        #expect(third == (try vector.signature(vector.load.S3)))
    }

    // MARK: As card

    @Test(arguments: PurseVectors.cases)
    func `the card pays with the bytes of the case and puts the value back once`(
        vector: PurseVector
    ) async throws {
        // A card that was expired is given a later day, which S3 does not cover and S6 does.
        let expiry = try vector.isExpired ? "991231" : vector.DEXP
        let world = try await vector.world(expiry: expiry, random: vector.R)
        let reader = world.reader()
        #expect(
            Hex.text(try await reader.reset()).uppercased() == "3B8D0180318073800140654F50414C3149"
        )
        let selected = try await reader.send("00A40400 06 F04F50414C31 00")
        #expect(
            selected == "6F258406F04F50414C31A51BC10101C208\(vector.BIN)\(vector.IEP)"
                + "C303\(expiry)C40111C50101C601019000"
        )
        let purse = vector.CURR + vector.CEXP
        let initialized = try await reader.send(
            "80500100 0C \(vector.purchase.TI)\(purse)\(vector.M) 00"
        )
        #expect(
            initialized == vector.BIN + vector.IEP + expiry + "110100" + purse
                + vector.balanceBefore + vector.NT + vector.R + "9000"
        )
        let answer = try await reader.send(vector.debitCommand)
        let proof = try vector.purchaseProof(expiry: expiry)
        #expect(
            answer == vector.purchase.CC + vector.NT + vector.purchase.balanceAfter
                + vector.purchase.S3 + proof + "9000"
        )
        if try !vector.isExpired { #expect(proof == vector.purchase.S6) }
        // GET PREVIOUS SIGNATURE answers the same bytes.
        #expect(try await reader.send("805A0000 04 \(vector.NT) 00") == answer)
        let recovery =
            "80520100 30 \(vector.NT)\(vector.IDPSAM)\(vector.NTPSAM)\(vector.TRX)\(vector.M)"
            + "\(vector.purchase.voidProof) 00"
        #expect(try await reader.send(recovery) == "0000\(vector.NT)\(vector.balanceBefore)9000")
        #expect(try await reader.send(recovery) == "6985")
        #expect(
            try await reader.send("805C0000 00")
                == purse + vector.balanceBefore + vector.BALMAX + "9000"
        )
    }

    @Test(arguments: PurseVectors.cases.filter { (try? $0.isExpired) ?? false })
    func `a card that was expired answers so, signed, and nothing is taken`(
        vector: PurseVector
    ) async throws {
        let world = try await vector.world(expiry: vector.DEXP, random: vector.R)
        let reader = world.reader()
        _ = try await reader.send(
            "80500100 0C \(vector.purchase.TI)\(vector.CURR)\(vector.CEXP)\(vector.M) 00"
        )
        let signature = try vector.session.cardSignature(
            vector.scope,
            completion: .cardExpired,
            balance: vector.integer(vector.balanceBefore)
        )
        #expect(
            try await reader.send(vector.debitCommand)
                == "0002" + vector.NT + vector.balanceBefore + vector.hex(signature)
                + "00000000000000009000"
        )
        #expect(try await world.describe().lastNumber == (try vector.number) - 1)
    }

    /// No Initialize begins a purchase above the balance, so that a card can come to CC 0001 only
    /// where the balance sank in between. The answer covers the balance that it has then.
    @Test(
        arguments: PurseVectors.cases.filter {
            (try? !$0.isExpired && $0.integer($0.M) > 0) ?? false
        }
    )
    func `a card without the value answers so, signed over the balance that it has`(
        vector: PurseVector
    ) async throws {
        let less = try vector.integer(vector.M) - 1
        let world = try await vector.world(
            expiry: vector.DEXP,
            random: vector.R,
            balance: less
        )
        let command = try PurseCommand(CommandAPDU(vector.bytes(vector.debitCommand)))
        let step = try await world.module.process(
            command,
            on: world.sealed(),
            dialogue: .purchase(
                InitializePurchase(type: vector.type, amount: vector.amount),
                number: vector.number,
                random: vector.integer(vector.R)
            ),
            context: CardContext(random: 0, now: CardWorld.noon, note: "")
        )
        #expect(step.change?.row == nil)
        #expect(step.dialogue == nil)
        let answer = try DebitAnswer(step.response.data)
        #expect(answer.completion == .insufficientValue)
        #expect(answer.number == (try vector.number))
        #expect(answer.balance == less)
        #expect(answer.issuerProof == .none)
        #expect(
            answer.signature
                == (try vector.session.cardSignature(
                    vector.scope,
                    completion: .insufficientValue,
                    balance: less
                ))
        )
    }

    @Test(arguments: PurseVectors.cases)
    func `the card is loaded with the bytes of the case`(vector: PurseVector) async throws {
        let world = try await vector.world(expiry: vector.DEXP, random: vector.load.R)
        let reader = world.reader()
        let load = vector.load
        let purse = vector.CURR + vector.CEXP
        let initialized = try await reader.send(
            "80500000 2B \(load.TI)\(load.IDBANK)\(vector.TRX)\(vector.DTHR)\(purse)\(vector.M) 00"
        )
        #expect(
            initialized == vector.BIN + vector.IEP + vector.DEXP + "1101" + purse
                + vector.balanceBefore + vector.BALMAX + vector.NT + load.R + load.S1 + "9000"
        )
        let (request, answer) = try vector.loadRequest(vector.signature(load.S1))
        let loadModule = try vector.loadModule
        let credit = try await credit(request, answer, vector, [loadModule, world.module])
        let credited = try await reader.send(
            "80520000 22 \(load.CC)\(vector.TRX)\(vector.M)\(load.S2) 00"
        )
        // Some cases end above BALMAX or behind DEXP: a card refuses them, and its S3 says so.
        let refusal: CompletionCode? =
            try vector.isExpired
            ? .cardExpired : try vector.isAboveMaximum ? .maximumBalanceExceeded : nil
        if let refusal {
            let signature = try LoadSignatures.completion(
                request,
                card: vector.card,
                number: vector.number,
                completion: refusal,
                balance: vector.integer(vector.balanceBefore),
                key: vector.keys.ready.completionKey(vector.card)
            )
            let code = String(format: "%04X", refusal.rawValue)
            #expect(
                credited == code + vector.NT + vector.balanceBefore + vector.hex(signature)
                    + "9000"
            )
        } else {
            #expect(credited == load.CC + vector.NT + load.balanceAfter + load.S3 + "9000")
        }
        let done = CreditAnswer(
            completion: .done,
            number: try vector.number,
            balance: try vector.integer(load.balanceAfter),
            signature: try vector.signature(load.S3)
        )
        for module: any LoadModule in [loadModule, world.module] {
            try await module.verify(done, to: credit, of: request, answer)
            // What the card said itself, also where it refused.
            let said = try CreditAnswer(Array(try #require(Hex.bytes(credited)).dropLast(2)))
            try await module.verify(said, to: credit, of: request, answer)
        }
    }

    /// The load server's side, from the same bytes: with its own module 864, and with HSM 268 in
    /// its place.
    private func credit(
        _ request: InitializeLoad,
        _ answer: InitializeLoadAnswer,
        _ vector: PurseVector,
        _ modules: [any LoadModule]
    ) async throws -> CreditIEP {
        let load = vector.load
        for module in modules {
            try await module.confirm(request, answer)
            let credit = try await module.authorize(request, answer, completion: .done)
            #expect(
                Hex.text(credit.bytes).uppercased() == load.CC + vector.TRX + vector.M + load.S2
            )
        }
        return try await modules[0].authorize(request, answer, completion: .done)
    }

    // MARK: As security card

    @Test(arguments: PurseVectors.cases)
    func
        `the security card draws, counts, gives up and hears a refusal with the case's bytes`(
            vector: PurseVector
        ) async throws
    {
        let card = SoftwareSecurityCard(
            SecurityCardIdentifier(bits: try vector.integer(vector.IDPSAM)),
            master: .make()
        )
        card.install(
            try vector.keys,
            as: .init(issuer: try vector.card.issuer, version: CardWorld.version)
        )
        let memory = try card.personalize(
            lastNumber: UInt32(try vector.integer(vector.NTPSAM)) - 1
        )
        if try vector.isExpired {
            let refused = try await card.draw(
                vector.draw(expiry: vector.DEXP),
                at: vector.time,
                with: memory
            )
            #expect(refused.refusal == .cardExpired)
        }
        let draw = try vector.draw(expiry: try vector.isExpired ? "991231" : vector.DEXP)
        let drawn = try await card.draw(draw, at: vector.time, with: memory).get()
        #expect(drawn.command.bytes == (try vector.bytes(vector.debitData)))
        #expect(drawn.expectedSignature == (try vector.signature(vector.purchase.S3)))
        #expect(
            try await card.describe(drawn.memory).lastNumber == drawn.command.securityCardNumber
        )

        let sold = DebitAnswer(
            completion: .done,
            number: try vector.number,
            balance: try vector.integer(vector.purchase.balanceAfter),
            signature: try vector.signature(vector.purchase.S3),
            issuerProof: try vector.signature(vector.purchase.S6)
        )
        let counted = try await card.complete(draw, drawn.command, sold, with: drawn.memory).get()
        #expect(counted.isCounted)
        let totals = try await card.describe(counted.memory).totals
        // A proof is counted nowhere.
        #expect(
            totals.map(\.minorUnits)
                == (draw.type == .authentication ? [] : [try vector.integer(vector.M)])
        )

        let refused = DebitAnswer(
            completion: .insufficientValue,
            number: try vector.number,
            balance: try vector.integer(vector.balanceBefore),
            signature: try vector.signature(vector.purchase.refused.S3),
            issuerProof: .none
        )
        let ended = try await card.complete(draw, drawn.command, refused, with: drawn.memory).get()
        #expect(!ended.isCounted)
        #expect(try await card.describe(ended.memory).totals.isEmpty)
        #expect(try await card.describe(ended.memory).openNumbers.isEmpty)

        let void = try await card.giveUp(draw, drawn.command, with: drawn.memory).get()
        #expect(void.voidProof == (try vector.signature(vector.purchase.voidProof)))
    }
}
