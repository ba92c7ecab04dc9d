// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Testing
import Wire

@testable import SessionKeys

/// A merchant, a payment server and an OPAL server with one order between them.
struct Fixture {
    let shared: SharedKey
    let terms: OrderTerms
    let directory = SharedKeyDirectory()
    let merchant: OrderSealer
    let paymentServer: SaleSealer
    let order: SealedOrder
    let sale: any SaleSession
    let draw: any DrawSession

    static let sharedBytes = [UInt8](0..<32)
    static let random = [UInt8](100..<132)
    static let pseudonymKey = [UInt8](200..<232)

    init(terms: OrderTerms? = nil, keyName: String = "k1") throws {
        shared = try #require(SharedKey(name: keyName, bytes: Fixture.sharedBytes))
        self.terms = try terms ?? Fixture.terms()
        #expect(directory.add(shared, for: self.terms.merchant))
        merchant = OrderSealer(merchant: self.terms.merchant, current: shared)
        paymentServer = SaleSealer(directory: directory, pseudonymKey: Fixture.pseudonymKey)
        order = try merchant.seal(self.terms, random: Fixture.random)
        sale = try paymentServer.session(for: self.terms, order.proof)
        draw = DrawSealer().session(order.sessionKey, self.terms.transaction)
    }

    static func terms(
        transaction: String = "0193532f-4b00-7000-8000-0123456789ab",
        merchant: String = "NEWS000000042",
        minorUnits: UInt64 = 150,
        currency: Currency = .euro,
        exponent: Exponent = .cents,
        policy: ComparisonPolicy = .securityCard,
        madeAt: Int64 = 1_795_342_530_000,
        statusURL: String = "https://news.example/status"
    ) throws -> OrderTerms {
        OrderTerms(
            transaction: try #require(TransactionIdentifier(transaction)),
            merchant: try #require(MerchantIdentifier(merchant)),
            amount: Money(minorUnits: minorUnits, currency: currency, exponent: exponent),
            policy: policy,
            madeAt: Instant(milliseconds: madeAt),
            statusURL: statusURL
        )
    }

    static func time() throws -> CardTime { try #require(CardTime(bcd: 0x2026_1122_101530)) }

    static func memberships() throws -> [Membership] {
        try [(0x9001, "SK-4711-0815"), (0x9002, "CLUB-1")].map { code, text in
            Membership(
                programme: try #require(Currency(bcd: code)),
                number: try #require(MemberNumber(text))
            )
        }
    }

    static func resultForCard() throws -> CardDebitResult {
        CardDebitResult(
            outcome: .void,
            reason: .orderGivenUp,
            time: try time(),
            securityCard: SecurityCardIdentifier(bits: 0x0102_0304_0506_0708),
            securityCardNumber: 9,
            voidProof: Signature(bits: 0xFEDC_BA98_7654_3210)
        )
    }

    func resultForMerchant(
        outcome: SaleOutcome = .sold,
        reason: Refusal? = nil,
        pseudonym: String = "00112233445566778899aabbccddeeff",
        memberships: [Membership] = []
    ) throws -> MerchantDebitResult {
        MerchantDebitResult(
            transaction: terms.transaction,
            merchant: terms.merchant,
            amount: terms.amount,
            outcome: outcome,
            reason: reason,
            cardPseudonym: pseudonym,
            securityCard: SecurityCardIdentifier(bits: 0xA102_0304_0506_0708),
            securityCardNumber: .max,
            time: try Fixture.time(),
            memberships: memberships,
            otherHalf: terms.otherHalf
        )
    }

    /// Seals one message of each kind.
    func sealed(_ message: SealedMessage) async throws -> [UInt8] {
        switch message {
        case .draw: try await draw.sealDraw(content)
        case .debit: try await sale.sealCommand(content)
        case .response: try await draw.sealResponse(content)
        case .resultForCard: try await sale.sealResult(try Fixture.resultForCard())
        case .resultForMerchant: try await sale.sealResult(try resultForMerchant())
        case .authenticationResult: try await ofProof().authenticationResult()
        case .expectationForServer: try await expectation(.opalServer)
        case .resultForTerminal: try await expectation(.clientTerminal)
        case .expectationForMerchant: try await expectation(.merchant)
        }
    }

    /// The same transaction as a proof of identity.
    func ofProof() throws -> Fixture {
        try Fixture(terms: terms.with(amount: .proof), keyName: shared.name)
    }

    /// An Authentication Result; call it of ``ofProof()``.
    func authenticationResult() async throws -> [UInt8] {
        try await sale.sealResult(
            try resultForMerchant(memberships: Fixture.memberships())
        )
    }

    static let signature = Signature(bits: 0x0123_4567_89AB_CDEF)

    /// What is expected of the card, for who compares by this policy.
    func expectation(_ policy: ComparisonPolicy) async throws -> [UInt8] {
        let terms = terms.with(policy: policy)
        let order = try Fixture(terms: terms, keyName: shared.name)
        return try await order.sale.sealExpectation(
            ExpectedResult(result: try resultForMerchant(), signature: Fixture.signature)
        )
    }

    /// Opens a text as one kind of message, and says nothing of its content.
    func open(_ sealed: [UInt8], as message: SealedMessage) async throws(ModuleFailure) {
        switch message {
        case .draw: _ = try await sale.openDraw(sealed)
        case .debit: _ = try await draw.openCommand(sealed)
        case .response: _ = try await sale.openResponse(sealed)
        case .resultForCard: _ = try await draw.openResult(sealed)
        case .resultForMerchant:
            _ = try merchant.openResult(sealed, of: terms, keyName: shared.name)
        case .authenticationResult:
            let proof = terms.with(amount: .proof)
            _ = try merchant.openResult(sealed, of: proof, keyName: shared.name)
        case .expectationForServer: _ = try await draw.compare(Fixture.signature, sealed)
        case .resultForTerminal: _ = try await draw.unlock(sealed, with: Fixture.signature)
        case .expectationForMerchant:
            _ = try merchant.openExpectation(sealed, of: terms, keyName: shared.name)
        }
    }

    var content: [UInt8] { [UInt8](0...99) }

    /// The same message with another protected header and everything behind it unchanged.
    static func replacingHeader(of sealed: [UInt8], by json: String) -> [UInt8] {
        Base64URL.encodeASCII(Array(json.utf8)) + sealed.drop { $0 != UInt8(ascii: ".") }
    }
}

extension OrderTerms {
    func with(
        amount: Money? = nil,
        transaction: TransactionIdentifier? = nil,
        merchant: MerchantIdentifier? = nil,
        policy: ComparisonPolicy? = nil,
        madeAt: Instant? = nil,
        statusURL: String? = nil,
        otherHalf: OtherHalf? = nil
    ) -> OrderTerms {
        OrderTerms(
            transaction: transaction ?? self.transaction,
            merchant: merchant ?? self.merchant,
            amount: amount ?? self.amount,
            policy: policy ?? self.policy,
            madeAt: madeAt ?? self.madeAt,
            statusURL: statusURL ?? self.statusURL,
            otherHalf: otherHalf ?? self.otherHalf
        )
    }
}
