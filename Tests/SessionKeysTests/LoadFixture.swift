// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Testing
import Wire

@testable import SessionKeys

/// A bank, a load server and an OPAL server with one load and one inquiry between them.
struct LoadFixture {
    let shared: SharedKey
    let terms: LoadTerms
    let inquiry: CardInquiry
    let directory = BankKeyDirectory()
    let bank: LoadOrderSealer
    let loadServer: LoadSealer
    let order: SealedLoadOrder
    let question: SealedLoadOrder
    let load: any LoadSession
    let asked: any InquirySession
    let credit: any CreditSession
    let askedCredit: any CreditSession

    static let identifier = BankIdentifier(bits: 0xBA4C_0000_0000_0001)

    init(keyName: String = "k1") throws {
        shared = try #require(SharedKey(name: keyName, bytes: Fixture.sharedBytes))
        terms = try LoadFixture.terms()
        inquiry = CardInquiry(
            transaction: TransactionIdentifier(high: 7, low: 8),
            bank: LoadFixture.identifier,
            time: try Fixture.time(),
            loadServer: "loads.example",
            statusURL: "https://bank.example/card"
        )
        #expect(directory.add(shared, for: LoadFixture.identifier))
        bank = LoadOrderSealer(bank: LoadFixture.identifier, current: shared)
        loadServer = LoadSealer(directory: directory, pseudonymKey: Fixture.pseudonymKey)
        order = try bank.seal(terms, random: Fixture.random)
        question = try bank.seal(inquiry, random: [UInt8](50..<82))
        load = try loadServer.session(for: terms, order.proof)
        asked = try loadServer.session(for: inquiry, question.proof)
        credit = CreditSealer().session(order.sessionKey, terms.transaction)
        askedCredit = CreditSealer().session(question.sessionKey, inquiry.transaction)
    }

    static func terms() throws -> LoadTerms {
        LoadTerms(
            transaction: try #require(
                TransactionIdentifier("0193532f-4b00-7000-8000-0123456789ab")
            ),
            bank: identifier,
            card: CardPseudonym(high: 1, low: 2),
            amount: Money(minorUnits: 2_500, currency: .euro, exponent: .cents),
            time: try Fixture.time(),
            loadServer: "loads.example",
            statusURL: "https://bank.example/result"
        )
    }

    func result(_ outcome: LoadOutcome = .loaded) throws -> BankLoadResult {
        BankLoadResult(
            transaction: terms.transaction,
            bank: terms.bank,
            card: terms.card,
            amount: terms.amount,
            outcome: outcome,
            reason: outcome == .loaded ? nil : .aboveMaximum,
            issuer: outcome == .loaded ? IssuerIdentifier("412345") : nil,
            time: try Fixture.time()
        )
    }

    func information() throws -> CardInformation {
        CardInformation(
            transaction: inquiry.transaction,
            bank: inquiry.bank,
            card: CardPseudonym(high: 1, low: 2),
            issuer: try #require(IssuerIdentifier("412345")),
            lastDigits: "0017",
            expiry: try #require(CardDate(bcd: 0x29_0228)),
            balance: Money(minorUnits: 1_000, currency: .euro, exponent: .cents),
            balanceMax: 50_000,
            time: try Fixture.time()
        )
    }

    var content: [UInt8] { [UInt8](0...99) }

    /// Seals one message of each kind.
    func sealed(_ message: SealedLoadMessage) async throws -> [UInt8] {
        switch message {
        case .load: try await credit.sealLoad(content)
        case .credit: try await load.sealCommand(content)
        case .loadResponse: try await credit.sealResponse(content)
        case .negativeResponse: try await credit.sealNegative(content)
        case .loadResultForCard:
            try await load.sealResult(
                CardLoadResult(outcome: .loaded, reason: nil, time: try Fixture.time())
            )
        case .loadResultForBank:
            try loadServer.sealResult(try result(), of: terms, keyName: shared.name)
        case .card: try await askedCredit.sealCard(content)
        case .informationForBank: try await asked.sealInformation(try information())
        }
    }

    /// Opens a text as one kind of message, and says nothing of its content.
    func open(_ sealed: [UInt8], as message: SealedLoadMessage) async throws(ModuleFailure) {
        switch message {
        case .load: _ = try await load.openLoad(sealed)
        case .credit: _ = try await credit.openCommand(sealed)
        case .loadResponse: _ = try await load.openResponse(sealed)
        case .negativeResponse: _ = try await load.openNegative(sealed)
        case .loadResultForCard: _ = try await credit.openResult(sealed)
        case .loadResultForBank:
            _ = try bank.openResult(sealed, of: terms, keyName: shared.name)
        case .card: _ = try await asked.openCard(sealed)
        case .informationForBank:
            _ = try bank.openInformation(sealed, of: inquiry, keyName: shared.name)
        }
    }
}
