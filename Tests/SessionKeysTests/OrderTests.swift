// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Testing
import Wire

@testable import SessionKeys

struct OrderTests {
    @Test func `an order page leads the payment server to the same session key`() async throws {
        let parties = try Fixture()
        #expect(parties.order.proof.keyName == "k1")
        #expect(Base64URL.decode(parties.order.sessionKey.reveal()) == Fixture.random)
        let sealed = try await parties.draw.sealDraw(parties.content)
        #expect(try await parties.sale.openDraw(sealed) == parties.content)
    }

    @Test func `the same order and random bytes make the same page`() throws {
        let parties = try Fixture()
        let again = try parties.merchant.seal(parties.terms, random: Fixture.random)
        #expect(again.proof == parties.order.proof)
        #expect(again.sessionKey == parties.order.sessionKey)
    }

    /// Each term of an order, changed.
    private static func changedTerms() throws -> [OrderTerms] {
        let terms = try Fixture.terms()
        let amount = terms.amount
        return [
            terms.with(
                amount: Money(
                    minorUnits: 149,
                    currency: amount.currency,
                    exponent: amount.exponent
                )
            ),
            terms.with(
                amount: Money(minorUnits: 150, currency: .dollar, exponent: amount.exponent)
            ),
            terms.with(
                amount: Money(minorUnits: 150, currency: amount.currency, exponent: .micros)
            ),
            terms.with(transaction: TransactionIdentifier(high: 1, low: 2)),
            terms.with(merchant: MerchantIdentifier("NEWS000000043")),
            terms.with(policy: .merchant),
            terms.with(madeAt: terms.madeAt.adding(.milliseconds(1))),
            terms.with(statusURL: terms.statusURL + "?"),
        ]
    }

    @Test func `no term of an order can be changed`() throws {
        let parties = try Fixture()
        let other = try #require(MerchantIdentifier("NEWS000000043"))
        #expect(parties.directory.add(parties.shared, for: other))
        for terms in try OrderTests.changedTerms() {
            #expect(terms != parties.terms)
            #expect(throws: ModuleFailure.sealBroken) {
                try parties.paymentServer.session(for: terms, parties.order.proof)
            }
        }
    }

    @Test func `no bit of token or wrapped key can be changed`() throws {
        let parties = try Fixture()
        let proof = parties.order.proof
        for position in 0..<OrderProof.tokenBytes * 8 {
            var token = proof.token
            token[position / 8] ^= 1 << UInt8(position % 8)
            try expectRefused(proof.keyName, proof.wrappedSessionKey, token, parties)
        }
        for position in 0..<OrderProof.wrappedSessionKeyBytes * 8 {
            var wrapped = proof.wrappedSessionKey
            wrapped[position / 8] ^= 1 << UInt8(position % 8)
            try expectRefused(proof.keyName, wrapped, proof.token, parties)
        }
    }

    private func expectRefused(
        _ keyName: String,
        _ wrapped: [UInt8],
        _ token: [UInt8],
        _ parties: Fixture
    ) throws {
        let proof = try #require(
            OrderProof(keyName: keyName, wrappedSessionKey: wrapped, token: token)
        )
        #expect(throws: ModuleFailure.sealBroken) {
            try parties.paymentServer.session(for: parties.terms, proof)
        }
    }

    @Test func `the wrapped key of another transaction is refused`() throws {
        let parties = try Fixture()
        let other = try parties.merchant.seal(
            parties.terms.with(transaction: TransactionIdentifier(high: 1, low: 2)),
            random: Fixture.random
        )
        try expectRefused(
            "k1",
            other.proof.wrappedSessionKey,
            parties.order.proof.token,
            parties
        )
    }

    @Test func `a merchant or a key name without key is unknown`() throws {
        let parties = try Fixture()
        let proof = try #require(
            OrderProof(
                keyName: "k2",
                wrappedSessionKey: parties.order.proof.wrappedSessionKey,
                token: parties.order.proof.token
            )
        )
        #expect(throws: ModuleFailure.keyUnknown) {
            try parties.paymentServer.session(for: parties.terms, proof)
        }
        let other = try Fixture.terms(merchant: "OTHER")
        #expect(throws: ModuleFailure.keyUnknown) {
            try parties.paymentServer.session(for: other, parties.order.proof)
        }
        #expect(throws: ModuleFailure.keyUnknown) {
            try parties.merchant.seal(other, random: Fixture.random)
        }
        #expect(throws: ModuleFailure.keyUnknown) {
            try parties.merchant.question(parties.terms, keyName: "k2")
        }
        #expect(throws: ModuleFailure.keyUnknown) {
            try parties.merchant.openResult([], of: parties.terms, keyName: "k2")
        }
    }

    @Test func `a question is proved by the merchant alone and is no order token`() throws {
        let parties = try Fixture()
        let question = try parties.merchant.question(parties.terms, keyName: "k1")
        try parties.paymentServer.check(question)
        #expect(question.proof != parties.order.proof.token)
        var proofs = [parties.order.proof.token]
        for position in question.proof.indices {
            var proof = question.proof
            proof[position] ^= 0x10
            proofs.append(proof)
        }
        for proof in proofs {
            #expect(throws: ModuleFailure.sealBroken) {
                try parties.paymentServer.check(
                    SaleQuestion(terms: parties.terms, keyName: "k1", proof: proof)
                )
            }
        }
        for terms in try OrderTests.changedTerms() where terms.merchant == parties.terms.merchant {
            #expect(throws: ModuleFailure.sealBroken) {
                try parties.paymentServer.check(
                    SaleQuestion(terms: terms, keyName: "k1", proof: question.proof)
                )
            }
        }
        #expect(throws: ModuleFailure.keyUnknown) {
            try parties.paymentServer.check(
                SaleQuestion(terms: parties.terms, keyName: "k2", proof: question.proof)
            )
        }
    }

    @Test func `a pseudonym is stable for card and merchant and differs for any other`()
        async throws
    {
        let parties = try Fixture()
        let card = try #require(CardIdentifier("4971120000000017"))
        let otherCard = try #require(CardIdentifier("4971120000000018"))
        let first = try await parties.sale.pseudonym(of: card)
        let nextOrder = try Fixture(
            terms: Fixture.terms(transaction: "0193532f-4b00-7000-8000-0123456789ac")
        )
        #expect(try await nextOrder.sale.pseudonym(of: card) == first)
        let otherMerchant = try Fixture(terms: Fixture.terms(merchant: "OTHER"))
        let names = [
            first, try await parties.sale.pseudonym(of: otherCard),
            try await otherMerchant.sale.pseudonym(of: card),
        ]
        #expect(Set(names).count == 3)
        #expect(names.allSatisfy(Pseudonym.isOne))
    }
}

struct SharedKeyTests {
    @Test func `a key has 32 bytes and a short visible name`() {
        let bytes = [UInt8](repeating: 1, count: 32)
        #expect(SharedKey(name: "k1", bytes: bytes) != nil)
        #expect(SharedKey(name: String(repeating: "k", count: 16), bytes: bytes) != nil)
        for name in ["", String(repeating: "k", count: 17), "k 1", "k\n", "ü"] {
            #expect(SharedKey(name: name, bytes: bytes) == nil)
        }
        for count in [0, 16, 31, 33] {
            #expect(SharedKey(name: "k1", bytes: [UInt8](repeating: 1, count: count)) == nil)
        }
    }

    @Test func `nothing that holds a key prints it`() throws {
        let parties = try Fixture()
        var texts = [String(describing: parties.shared), String(reflecting: parties.shared)]
        let holders: [Any] = [
            parties.shared, parties.directory, parties.merchant, parties.paymentServer,
            parties.sale, parties.draw,
        ]
        for holder in holders {
            var text = ""
            dump(holder, to: &text)
            texts.append(text)
            texts.append(String(reflecting: holder))
            #expect(Mirror(reflecting: holder).children.isEmpty)
        }
        #expect(texts[0] == "(shared key k1)")
        #expect(texts.allSatisfy { !$0.contains("1, 2, 3") && !$0.contains("SymmetricKey") })
    }

    @Test func `a key is replaced while orders made with the old one are open`() async throws {
        let parties = try Fixture()
        let newKey = try #require(
            SharedKey(name: "k2", bytes: [UInt8](repeating: 5, count: 32))
        )
        #expect(parties.directory.add(newKey, for: parties.terms.merchant))
        #expect(parties.directory.names(of: parties.terms.merchant) == ["k1", "k2"])
        let merchant = OrderSealer(
            merchant: parties.terms.merchant,
            current: newKey,
            older: [parties.shared]
        )
        let order = try merchant.seal(parties.terms, random: Fixture.random)
        #expect(order.proof.keyName == "k2")
        let newSale = try parties.paymentServer.session(for: parties.terms, order.proof)
        let result = try parties.resultForMerchant()
        let oldText = try await parties.sale.sealResult(result)
        let newText = try await newSale.sealResult(result)
        #expect(
            try merchant.openResult(oldText, of: parties.terms, keyName: "k1") == result
        )
        #expect(
            try merchant.openResult(newText, of: parties.terms, keyName: "k2") == result
        )
        #expect(throws: ModuleFailure.sealBroken) {
            try merchant.openResult(oldText, of: parties.terms, keyName: "k2")
        }

        #expect(parties.directory.remove("k1", of: parties.terms.merchant))
        #expect(!parties.directory.remove("k1", of: parties.terms.merchant))
        #expect(throws: ModuleFailure.keyUnknown) {
            try parties.paymentServer.session(for: parties.terms, parties.order.proof)
        }
    }

    @Test func `the same key under another name opens nothing`() async throws {
        let parties = try Fixture()
        let renamed = try #require(SharedKey(name: "k2", bytes: Fixture.sharedBytes))
        let merchant = OrderSealer(
            merchant: parties.terms.merchant,
            current: parties.shared,
            older: [renamed]
        )
        let sealed = try await parties.sealed(.resultForMerchant)
        #expect(throws: ModuleFailure.sealBroken) {
            try merchant.openResult(sealed, of: parties.terms, keyName: "k2")
        }
    }

    @Test func `a name never changes its key, and keys per merchant are bounded`() throws {
        let directory = SharedKeyDirectory()
        let merchant = try #require(MerchantIdentifier("NEWS"))
        func key(_ name: String, _ byte: UInt8) throws -> SharedKey {
            try #require(SharedKey(name: name, bytes: [UInt8](repeating: byte, count: 32)))
        }
        #expect(directory.add(try key("k0", 0), for: merchant))
        #expect(directory.add(try key("k0", 0), for: merchant))
        #expect(!directory.add(try key("k0", 1), for: merchant))
        #expect(directory.names(of: merchant) == ["k0"])
        for number in 1..<SharedKeyDirectory.keysPerPartyMax {
            #expect(directory.add(try key("k\(number)", 0), for: merchant))
        }
        #expect(!directory.add(try key("more", 0), for: merchant))
        #expect(directory.names(of: merchant).count == SharedKeyDirectory.keysPerPartyMax)
    }
}
