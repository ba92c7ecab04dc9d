// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import Kernel
import SecurityModule
import Testing
import Wire

@testable import SessionKeys

/// Compares with what another implementation made (`scripts/vectors/sealing.py`).
struct SealingVectorTests {
    struct File: Decodable {
        let origin: String
        let cases: [Vector]
    }

    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        struct Terms: Decodable {
            let transaction, merchant, amount, currency, statusURL, bytes: String
            let exponent, policy: UInt8
            let madeAt: Int64
        }

        struct Message: Decodable {
            let content, sealed: String
        }

        // The members' names in the file.
        let name, K, keyName, pseudonymKey, TSK, DK, ETSK: String
        let terms: Terms
        let keys, vectorKeys: [String: String]
        let orderToken, questionProof, card, cardPseudonym: String
        let draw, debit, response, resultForCard, resultForMerchant: Message

        var testDescription: String { name }

        func orderTerms() throws -> OrderTerms {
            OrderTerms(
                transaction: try #require(TransactionIdentifier(terms.transaction)),
                merchant: try #require(MerchantIdentifier(terms.merchant)),
                amount: Money(
                    minorUnits: try #require(UInt64(terms.amount)),
                    currency: try #require(
                        BCD.parse(terms.currency, count: 4)
                            .flatMap { Currency(bcd: UInt16($0)) }
                    ),
                    exponent: try #require(Exponent(terms.exponent))
                ),
                policy: try #require(ComparisonPolicy(rawValue: terms.policy)),
                madeAt: Instant(milliseconds: terms.madeAt),
                statusURL: terms.statusURL
            )
        }
    }

    static let vectors: [Vector] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Vectors/sealing/order.json")
        guard let data = try? Data(contentsOf: file),
            let content = try? JSONDecoder().decode(File.self, from: data)
        else { return [] }
        return content.cases
    }()

    private func bytes(_ text: String) throws -> [UInt8] { try #require(Hex.bytes(text)) }

    private func key(_ text: String?) throws -> SymmetricKey {
        SymmetricKey(data: try bytes(text ?? ""))
    }

    @Test func `the file of vectors is there`() {
        #expect(SealingVectorTests.vectors.count == 3)
    }

    @Test(arguments: vectors)
    func `derived keys are those of the vector`(_ vector: Vector) throws {
        let terms = try vector.orderTerms()
        #expect(terms.bytes == (try bytes(vector.terms.bytes)))
        let shared = try #require(
            SharedKey(name: vector.keyName, bytes: try bytes(vector.K))
        )
        let order = OrderKeys(shared, terms)
        #expect(order.derivedKey == (try key(vector.DK)))
        #expect(order.orderKey == (try key(vector.keys["order"])))
        #expect(order.resultKey == (try key(vector.keys["result"])))
        let transaction = TransactionKeys(try key(vector.TSK))
        #expect(transaction.toPaymentServer == (try key(vector.keys["toPaymentServer"])))
        #expect(transaction.toOPALServer == (try key(vector.keys["toOPALServer"])))
        for (name, text) in vector.vectorKeys {
            let derived = KeyFamily(of: try key(vector.keys[name])).key("OPAL IV")
            #expect(derived == (try key(text)))
        }
    }

    @Test(arguments: vectors)
    func `order page, question and pseudonym are those of the vector`(_ vector: Vector)
        async throws
    {
        let parties = try Parties(vector)
        #expect(parties.order.proof.wrappedSessionKey == (try bytes(vector.ETSK)))
        #expect(parties.order.proof.token == (try bytes(vector.orderToken)))
        let question = try parties.merchant.question(parties.terms, keyName: vector.keyName)
        #expect(question.proof == (try bytes(vector.questionProof)))
        let card = try #require(CardIdentifier(vector.card))
        #expect(try await parties.sale.pseudonym(of: card) == vector.cardPseudonym)
    }

    @Test(arguments: vectors)
    func `sealed messages are those of the vector, byte for byte`(_ vector: Vector) async throws {
        let parties = try Parties(vector)
        func text(_ sealed: [UInt8]) -> String { String(decoding: sealed, as: UTF8.self) }
        #expect(
            text(try await parties.draw.sealDraw(try bytes(vector.draw.content)))
                == vector.draw.sealed
        )
        #expect(
            text(try await parties.sale.sealCommand(try bytes(vector.debit.content)))
                == vector.debit.sealed
        )
        #expect(
            text(try await parties.draw.sealResponse(try bytes(vector.response.content)))
                == vector.response.sealed
        )
        let forCard = try CardDebitResult(try bytes(vector.resultForCard.content))
        #expect(
            text(try await parties.sale.sealResult(forCard)) == vector.resultForCard.sealed
        )
        let sealed = Array(vector.resultForMerchant.sealed.utf8)
        let result = try parties.merchant.openResult(
            sealed,
            of: parties.terms,
            keyName: vector.keyName
        )
        #expect(text(result.json) == vector.resultForMerchant.content)
        #expect(result.cardPseudonym == vector.cardPseudonym)
        #expect(try await parties.sale.sealResult(result) == sealed)
    }

    private struct Parties {
        let terms: OrderTerms
        let merchant: OrderSealer
        let order: SealedOrder
        let sale: any SaleSession
        let draw: any DrawSession

        init(_ vector: Vector) throws {
            terms = try vector.orderTerms()
            let key = try #require(Hex.bytes(vector.K))
            let shared = try #require(SharedKey(name: vector.keyName, bytes: key))
            let directory = SharedKeyDirectory()
            #expect(directory.add(shared, for: terms.merchant))
            merchant = OrderSealer(merchant: terms.merchant, current: shared)
            order = try merchant.seal(terms, random: try #require(Hex.bytes(vector.TSK)))
            sale = try SaleSealer(
                directory: directory,
                pseudonymKey: try #require(Hex.bytes(vector.pseudonymKey))
            ).session(for: terms, order.proof)
            draw = DrawSealer().session(order.sessionKey, terms.transaction)
        }
    }
}
