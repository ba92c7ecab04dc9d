// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Testing
import Wire

@testable import SessionKeys

/// The seals between bank, load server and OPAL server.
struct LoadSealingTests {
    @Test(arguments: SealedLoadMessage.allCases)
    func `a message opens as what it is and as nothing else`(
        _ message: SealedLoadMessage
    ) async throws {
        let parties = try LoadFixture()
        let sealed = try await parties.sealed(message)
        try await parties.open(sealed, as: message)
        #expect(try await parties.sealed(message) == sealed, "the same bytes each time")
        for other in SealedLoadMessage.allCases where other != message {
            await #expect(throws: ModuleFailure.sealBroken) {
                try await parties.open(sealed, as: other)
            }
        }
    }

    @Test(arguments: SealedLoadMessage.allCases)
    func `no bit of a message can be changed`(_ message: SealedLoadMessage) async throws {
        let parties = try LoadFixture()
        let sealed = try await parties.sealed(message)
        for position in stride(from: 0, to: sealed.count * 8, by: 5) {
            var changed = sealed
            changed[position / 8] ^= 1 << UInt8(position % 8)
            await #expect(throws: ModuleFailure.sealBroken) {
                try await parties.open(changed, as: message)
            }
        }
    }

    @Test func `the OPAL server can neither read nor make what is for the bank`() async throws {
        let parties = try LoadFixture()
        let sealed = try await parties.sealed(.loadResultForBank)
        await #expect(throws: ModuleFailure.sealBroken) {
            try await parties.credit.openCommand(sealed)
        }
        let made = try await parties.credit.sealResponse(Array("{}".utf8))
        #expect(throws: ModuleFailure.sealBroken) {
            try parties.bank.openResult(made, of: parties.terms, keyName: "k1")
        }
    }

    @Test func `the types of loads are none of purchases`() {
        let loads = Set(SealedLoadMessage.allCases.map(\.rawValue))
        #expect(loads.isDisjoint(with: SealedMessage.allCases.map(\.rawValue)))
        #expect(loads.count == SealedLoadMessage.allCases.count)
    }

    @Test func `no term of a load can be changed`() throws {
        let parties = try LoadFixture()
        let terms = parties.terms
        let other = BankIdentifier(bits: 5)
        #expect(parties.directory.add(parties.shared, for: other))
        let amount = terms.amount
        let changed = [
            terms.with(transaction: TransactionIdentifier(high: 1, low: 2)),
            terms.with(bank: other), terms.with(card: CardPseudonym(high: 1, low: 3)),
            terms.with(amount: Money(minorUnits: 2_501, currency: .euro, exponent: .cents)),
            terms.with(
                amount: Money(
                    minorUnits: amount.minorUnits,
                    currency: .dollar,
                    exponent: amount.exponent
                )
            ),
            terms.with(time: CardTime(terms.time.instant.adding(.seconds(1)))),
            terms.with(loadServer: "other.example"),
            terms.with(statusURL: terms.statusURL + "?"),
        ]
        for terms in changed {
            #expect(throws: ModuleFailure.sealBroken) {
                try parties.loadServer.session(for: terms, parties.order.proof)
            }
        }
    }

    @Test func `no bit of token or wrapped key can be changed`() throws {
        let parties = try LoadFixture()
        let proof = parties.order.proof
        for position in 0..<LoadProof.tokenBytes * 8 {
            var token = proof.token
            token[position / 8] ^= 1 << UInt8(position % 8)
            try expectRefused(proof.wrappedSessionKey, token, parties)
        }
        for position in 0..<LoadProof.wrappedSessionKeyBytes * 8 {
            var wrapped = proof.wrappedSessionKey
            wrapped[position / 8] ^= 1 << UInt8(position % 8)
            try expectRefused(wrapped, proof.token, parties)
        }
    }

    private func expectRefused(
        _ wrapped: [UInt8],
        _ token: [UInt8],
        _ parties: LoadFixture
    ) throws {
        let proof = try #require(
            LoadProof(keyName: "k1", wrappedSessionKey: wrapped, token: token)
        )
        #expect(throws: ModuleFailure.sealBroken) {
            try parties.loadServer.session(for: parties.terms, proof)
        }
    }

    @Test func `a token of a load is none of an inquiry, and none of a question`() throws {
        let parties = try LoadFixture()
        let terms = parties.terms
        // The same transaction and the same key, once as a load and once as an inquiry.
        let inquiry = CardInquiry(
            transaction: terms.transaction,
            bank: terms.bank,
            time: terms.time,
            loadServer: terms.loadServer,
            statusURL: terms.statusURL
        )
        #expect(throws: ModuleFailure.sealBroken) {
            try parties.loadServer.session(for: inquiry, parties.order.proof)
        }
        let question = try parties.bank.question(terms, keyName: "k1")
        try parties.loadServer.check(question)
        #expect(question.proof != parties.order.proof.token)
        let forged = LoadQuestion(
            terms: terms,
            keyName: "k1",
            proof: parties.order.proof.token
        )
        #expect(throws: ModuleFailure.sealBroken) { try parties.loadServer.check(forged) }
    }

    @Test func `a bank or a key name without key is unknown`() throws {
        let parties = try LoadFixture()
        let other = parties.terms.with(bank: BankIdentifier(bits: 5))
        #expect(throws: ModuleFailure.keyUnknown) {
            try parties.loadServer.session(for: other, parties.order.proof)
        }
        #expect(throws: ModuleFailure.keyUnknown) {
            try parties.bank.seal(other, random: Fixture.random)
        }
        #expect(throws: ModuleFailure.keyUnknown) {
            try parties.bank.question(parties.terms, keyName: "k2")
        }
        #expect(throws: ModuleFailure.keyUnknown) {
            try parties.loadServer.sealResult(
                parties.result(),
                of: parties.terms,
                keyName: "k2"
            )
        }
    }

    @Test func `a result of another load is not sealed for this one`() async throws {
        let parties = try LoadFixture()
        let other = parties.terms.with(transaction: TransactionIdentifier(high: 1, low: 2))
        #expect(throws: ModuleFailure.sealBroken) {
            try parties.loadServer.sealResult(parties.result(), of: other, keyName: "k1")
        }
    }

    @Test(arguments: LoadOutcome.allCases)
    func `a result is read as it was written`(_ outcome: LoadOutcome) throws {
        let parties = try LoadFixture()
        let result = try parties.result(outcome)
        #expect(try BankLoadResult(json: result.json) == result)
        let sealed = try parties.loadServer.sealResult(
            result,
            of: parties.terms,
            keyName: "k1"
        )
        #expect(
            try parties.bank.openResult(sealed, of: parties.terms, keyName: "k1") == result
        )
    }

    @Test func `a payload that lacks a member, or has one that cannot be, does not open`() throws {
        let parties = try LoadFixture()
        let loaded = String(decoding: try parties.result().json, as: UTF8.self)
        let told = String(decoding: try parties.information().json, as: UTF8.self)
        #expect(try CardInformation(json: Array(told.utf8)) == parties.information())
        let wrong = [
            (#""outcome":"loaded""#, #""outcome":"sold""#),
            (#""issuer":"412345","#, ""), (#""issuer":"412345","#, #""issuer":"41234x","#),
            (#""amount":"2500""#, #""amount":2500"#), (#""exponent":2"#, #""exponent":9"#),
            (#""bank":"ba4c"#, #""bank":"xa4c"#), (#""time":"2026"#, #""time":"20a6"#),
            (#""cardPseudonym":"0"#, #""cardPseudonym":"F"#),
            (#""outcome""#, #""reason":"no-word","outcome""#),
        ]
        for (good, bad) in wrong {
            #expect(loaded.contains(good))
            let text = loaded.replacing(good, with: bad)
            #expect(throws: ModuleFailure.sealBroken, "\(bad)") {
                try BankLoadResult(json: Array(text.utf8))
            }
        }
        for (good, bad) in [
            (#""lastDigits":"0017""#, #""lastDigits":"017""#),
            (#""expiry":"290228""#, #""expiry":"290230""#),
            (#""balanceMax":"50000""#, #""balanceMax":"-1""#),
            (#""balance":"1000","#, ""),
        ] {
            #expect(told.contains(good))
            let text = told.replacing(good, with: bad)
            #expect(throws: ModuleFailure.sealBroken, "\(bad)") {
                try CardInformation(json: Array(text.utf8))
            }
        }
    }

    @Test func `a card has one name at a bank, and another one at another bank`() throws {
        let parties = try LoadFixture()
        let card = try #require(CardIdentifier("4971120000000017"))
        let other = try #require(CardIdentifier("4971120000000025"))
        let name = try parties.loadServer.pseudonym(of: card, at: LoadFixture.identifier)
        #expect(try parties.loadServer.pseudonym(of: card, at: LoadFixture.identifier) == name)
        #expect(try parties.loadServer.pseudonym(of: other, at: LoadFixture.identifier) != name)
        let elsewhere = BankIdentifier(bits: 5)
        #expect(try parties.loadServer.pseudonym(of: card, at: elsewhere) != name)
    }

    @Test func `an older key opens what was made with it, and makes nothing new`() throws {
        let parties = try LoadFixture()
        let newer = try #require(SharedKey(name: "k2", bytes: [UInt8](repeating: 9, count: 32)))
        let bank = LoadOrderSealer(
            bank: LoadFixture.identifier,
            current: newer,
            older: [parties.shared]
        )
        let sealed = try parties.loadServer.sealResult(
            parties.result(),
            of: parties.terms,
            keyName: "k1"
        )
        #expect(
            try bank.openResult(sealed, of: parties.terms, keyName: "k1") == parties.result()
        )
        #expect(try bank.seal(parties.terms, random: Fixture.random).proof.keyName == "k2")
    }

    @Test func `keys and sessions do not print`() throws {
        let parties = try LoadFixture()
        for value in [parties.bank, parties.loadServer, parties.load, parties.credit] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            #expect(dumped.split(separator: "\n").count == 1)
        }
    }
}

extension LoadTerms {
    func with(
        transaction: TransactionIdentifier? = nil,
        bank: BankIdentifier? = nil,
        card: CardPseudonym? = nil,
        amount: Money? = nil,
        time: CardTime? = nil,
        loadServer: String? = nil,
        statusURL: String? = nil
    ) -> LoadTerms {
        LoadTerms(
            transaction: transaction ?? self.transaction,
            bank: bank ?? self.bank,
            card: card ?? self.card,
            amount: amount ?? self.amount,
            time: time ?? self.time,
            loadServer: loadServer ?? self.loadServer,
            statusURL: statusURL ?? self.statusURL
        )
    }
}
