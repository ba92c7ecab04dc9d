// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import Kernel
import SecurityModule
import Testing
import Wire

@testable import SessionKeys

/// Compares with what another implementation made (`scripts/vectors/loading.py`).
struct LoadVectorTests {
    struct File: Decodable {
        let origin: String
        let cases: [Vector]
    }

    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        struct Terms: Decodable {
            let transaction, bank, card, amount, currency, time, loadServer, statusURL: String
            let bytes, inquiryBytes: String
            let exponent: UInt8
        }

        struct Message: Decodable {
            let content, sealed: String
        }

        // The members' names in the file.
        let name, K, keyName, pseudonymKey, TSK, LK, ETSK: String
        let terms: Terms
        let keys: [String: String]
        let loadToken, inquiryToken, questionProof, card: String
        let load, credit, response, negative, cardAnswer: Message
        let resultForCard, resultForBank, information: Message

        var testDescription: String { name }

        func loadTerms() throws -> LoadTerms {
            LoadTerms(
                transaction: try #require(TransactionIdentifier(terms.transaction)),
                bank: try #require(BankIdentifier(text: terms.bank)),
                card: try #require(CardPseudonym(text: terms.card)),
                amount: Money(
                    minorUnits: try #require(UInt64(terms.amount)),
                    currency: try #require(
                        BCD.parse(terms.currency, count: 4)
                            .flatMap { Currency(bcd: UInt16($0)) }
                    ),
                    exponent: try #require(Exponent(terms.exponent))
                ),
                time: try #require(CardTime(digits: terms.time)),
                loadServer: terms.loadServer,
                statusURL: terms.statusURL
            )
        }
    }

    static let vectors: [Vector] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Vectors/sealing/load.json")
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
        #expect(LoadVectorTests.vectors.count == 3)
    }

    @Test(arguments: vectors)
    func `derived keys are those of the vector`(_ vector: Vector) throws {
        let terms = try vector.loadTerms()
        #expect(terms.bytes == (try bytes(vector.terms.bytes)))
        let shared = try #require(
            SharedKey(name: vector.keyName, bytes: try bytes(vector.K))
        )
        let order = LoadOrderKeys(shared, terms.transaction, terms.bank)
        #expect(order.derivedKey == (try key(vector.LK)))
        #expect(order.orderKey == (try key(vector.keys["order"])))
        #expect(order.resultKey == (try key(vector.keys["result"])))
        #expect(order.informationKey == (try key(vector.keys["information"])))
        let transaction = CreditKeys(try key(vector.TSK))
        #expect(transaction.toLoadServer == (try key(vector.keys["toLoadServer"])))
        #expect(transaction.fromLoadServer == (try key(vector.keys["fromLoadServer"])))
    }

    @Test(arguments: vectors)
    func `pages, question and pseudonym are those of the vector`(_ vector: Vector) throws {
        let parties = try Parties(vector)
        #expect(parties.inquiry.bytes == (try bytes(vector.terms.inquiryBytes)))
        #expect(parties.order.proof.wrappedSessionKey == (try bytes(vector.ETSK)))
        #expect(parties.order.proof.token == (try bytes(vector.loadToken)))
        #expect(parties.asked.proof.token == (try bytes(vector.inquiryToken)))
        let question = try parties.bank.question(parties.terms, keyName: vector.keyName)
        #expect(question.proof == (try bytes(vector.questionProof)))
        let card = try #require(CardIdentifier(vector.card))
        #expect(
            try parties.loadServer.pseudonym(of: card, at: parties.terms.bank)
                == parties.terms.card
        )
    }

    @Test(arguments: vectors)
    func `sealed messages are those of the vector, byte for byte`(_ vector: Vector) async throws {
        let parties = try Parties(vector)
        func text(_ sealed: [UInt8]) -> String { String(decoding: sealed, as: UTF8.self) }
        let (credit, load) = (parties.credit, parties.load)
        #expect(
            text(try await credit.sealLoad(try bytes(vector.load.content))) == vector.load.sealed
        )
        #expect(
            text(try await load.sealCommand(try bytes(vector.credit.content)))
                == vector.credit.sealed
        )
        #expect(
            text(try await credit.sealResponse(try bytes(vector.response.content)))
                == vector.response.sealed
        )
        #expect(
            text(try await credit.sealNegative(try bytes(vector.negative.content)))
                == vector.negative.sealed
        )
        #expect(
            text(try await credit.sealCard(try bytes(vector.cardAnswer.content)))
                == vector.cardAnswer.sealed
        )
        let forCard = try CardLoadResult(try bytes(vector.resultForCard.content))
        #expect(text(try await load.sealResult(forCard)) == vector.resultForCard.sealed)
        let sealed = Array(vector.resultForBank.sealed.utf8)
        let result = try parties.bank.openResult(
            sealed,
            of: parties.terms,
            keyName: vector.keyName
        )
        #expect(text(result.json) == vector.resultForBank.content)
        #expect(
            try parties.loadServer.sealResult(
                result,
                of: parties.terms,
                keyName: vector.keyName
            ) == sealed
        )
        let told = Array(vector.information.sealed.utf8)
        let information = try parties.bank.openInformation(
            told,
            of: parties.inquiry,
            keyName: vector.keyName
        )
        #expect(text(information.json) == vector.information.content)
        #expect(try await parties.inquirySession.sealInformation(information) == told)
    }

    private struct Parties {
        let terms: LoadTerms
        let inquiry: CardInquiry
        let bank: LoadOrderSealer
        let loadServer: LoadSealer
        let order: SealedLoadOrder
        let asked: SealedLoadOrder
        let load: any LoadSession
        let inquirySession: any InquirySession
        let credit: any CreditSession

        init(_ vector: Vector) throws {
            terms = try vector.loadTerms()
            inquiry = CardInquiry(
                transaction: terms.transaction,
                bank: terms.bank,
                time: terms.time,
                loadServer: terms.loadServer,
                statusURL: terms.statusURL
            )
            let key = try #require(Hex.bytes(vector.K))
            let shared = try #require(SharedKey(name: vector.keyName, bytes: key))
            let directory = BankKeyDirectory()
            #expect(directory.add(shared, for: terms.bank))
            bank = LoadOrderSealer(bank: terms.bank, current: shared)
            let random = try #require(Hex.bytes(vector.TSK))
            order = try bank.seal(terms, random: random)
            asked = try bank.seal(inquiry, random: random)
            loadServer = LoadSealer(
                directory: directory,
                pseudonymKey: try #require(Hex.bytes(vector.pseudonymKey))
            )
            load = try loadServer.session(for: terms, order.proof)
            inquirySession = try loadServer.session(for: inquiry, asked.proof)
            credit = CreditSealer().session(order.sessionKey, terms.transaction)
        }
    }
}
