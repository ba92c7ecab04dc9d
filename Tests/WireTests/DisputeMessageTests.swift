// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

/// The messages of disputes between clearing house and issuer. The vectors were made by Python's
/// `struct` from `docs/messages/clearing.md`.
@Suite struct DisputeMessageTests {
    private static let transaction = TransactionIdentifier(high: 7, low: 9)
    private static let paid = Money(minorUnits: 150, currency: .euro, exponent: .cents)

    private static func back(_ number: UInt8, _ minorUnits: UInt64) throws -> ChargeBack {
        let amount = Money(minorUnits: minorUnits, currency: .euro, exponent: .cents)
        return try #require(ChargeBack(number: number, amount: amount))
    }

    private func notice(_ state: DisputeState) throws -> DisputeNotice {
        let complaint = Dispute.Complaint(
            .notAsDescribed,
            words: "It is torn – twice.",
            isByGuardian: false,
            filedAt: Instant(milliseconds: 1_800_086_400_000)
        )
        let sale = Dispute.Sale(
            transaction: Self.transaction,
            card: try #require(CardIdentifier("9990010000000015")),
            merchant: try #require(MerchantIdentifier("FARTHINGPRESS01")),
            paid: Self.paid,
            paidAt: Instant(milliseconds: 1_800_000_000_000)
        )
        return DisputeNotice(Dispute(of: sale, try #require(complaint))).standing(state)
    }

    private static func states() throws -> [DisputeState] {
        let back = try back(103, 150)
        let refused = RefundRefusal.allCases.map { DisputeState.cameToNothing(back, $0) }
        return [
            .filed, .merchantAsked, .merchantAnswered, .decided(back), .refunded(back),
            .rejected, .withdrawn, .givenBack,
        ] + refused
    }

    private func report() throws -> DisputeReport {
        let answer = try #require(
            DisputeAnswer(
                accepts: false,
                deliveredAt: Instant(milliseconds: 1_800_000_060_000),
                words: "It was whole."
            )
        )
        return DisputeReport(
            answer: answer,
            refusal: .init(number: 101, reason: .aboveSale)
        )
    }

    private func agreement() throws -> DisputeAnswer {
        try #require(DisputeAnswer(accepts: true, deliveredAt: nil, words: "", after: 101))
    }

    private func messages() throws -> [IssuerMessage] {
        let issuer = try #require(IssuerIdentifier("999001"))
        let notices = try Self.states().map { try notice($0) }
        return [
            .disputesQuestion(issuer, after: Self.transaction),
            .disputes([], hasMore: false),
            .disputes(Array(notices.prefix(DisputeLimits.pageMax)), hasMore: true),
            .disputeReport(Self.transaction, DisputeReport(answer: nil)),
            .disputeReport(Self.transaction, try report()),
            .disputeReport(Self.transaction, DisputeReport(answer: try agreement())),
            .noDispute(Self.transaction),
        ] + notices.map { .dispute($0) }
    }

    @Test func `each message is read as it was written`() throws {
        for message in try messages() { #expect(try IssuerMessage(message.bytes) == message) }
    }

    @Test func `a message that is cut or too long is none`() throws {
        for bytes in try messages().map(\.bytes) {
            for count in 0..<bytes.count {
                #expect(throws: WireFailure.self) { try IssuerMessage(Array(bytes[..<count])) }
            }
            #expect(throws: WireFailure.self) { try IssuerMessage(bytes + [0]) }
        }
    }

    @Test func `a state has what is its own and nothing else`() throws {
        for state in try Self.states() {
            let bytes = IssuerMessage.dispute(try notice(state)).bytes
            // The last eleven: code, number, M, reason.
            let first = bytes.count - 11
            for (place, value) in [(first, UInt8(10)), (first + 1, 100), (first + 10, 0xFF)] {
                var altered = bytes
                altered[place] = value
                #expect(throws: WireFailure.self) { try IssuerMessage(altered) }
            }
        }
    }

    @Test func `no charge-back is above the sale`() throws {
        let state = DisputeState.decided(try Self.back(101, 151))
        let message = IssuerMessage.dispute(try notice(state))
        #expect(throws: WireFailure.self) { try IssuerMessage(message.bytes) }
    }

    @Test func `words in more than one line are none`() throws {
        var bytes = IssuerMessage.dispute(try notice(.filed)).bytes
        let blank = try #require(bytes.lastIndex(of: 0x20))
        bytes[blank] = 0x0A
        #expect(throws: WireFailure.self) { try IssuerMessage(bytes) }
    }

    // MARK: Vectors

    @Test func `the bytes of each message`() throws {
        let issuer = try #require(IssuerIdentifier("999001"))
        let asked = try notice(.merchantAsked)
        let decided = try notice(.decided(try Self.back(101, 100)))
        let reopened = try notice(.cameToNothing(try Self.back(102, 90), .cardBlocked))
        let vectors: [(IssuerMessage, String)] = [
            (.disputesQuestion(issuer, after: Self.transaction), Self.question),
            (.disputes([asked, decided], hasMore: true), Self.disputes),
            (.disputeReport(Self.transaction, try report()), Self.reported),
            (
                .disputeReport(Self.transaction, DisputeReport(answer: try agreement())),
                Self.agreed
            ),
            (.dispute(reopened), Self.dispute),
            (.dispute(try notice(.givenBack)), Self.given),
            (.noDispute(Self.transaction), Self.none),
        ]
        for (message, hex) in vectors { #expect(Hex.text(message.bytes).lowercased() == hex) }
    }

    private static let question =
        "01a799900100000000000000070000000000000009"
    private static let disputes =
        "01a80102000000000000000700000000000000094641525448494e47505245535330310978020000"
        + "000000000096000001a3185c5000000001a31d82ac00020015497420697320746f726e20e2809320"
        + "74776963652e0200000000000000000000000000000000000700000000000000094641525448494e"
        + "47505245535330310978020000000000000096000001a3185c5000000001a31d82ac000200154974"
        + "20697320746f726e20e280932074776963652e0465000000000000006400"
    private static let reported =
        "01a9000000000000000700000000000000090100000001a3185d3a60000d4974207761732077686f"
        + "6c652e016506"
    private static let agreed =
        "01a90000000000000007000000000000000901650000000000000000000000"
    private static let given =
        "01aa000000000000000700000000000000094641525448494e475052455353303109780200000000"
        + "00000096000001a3185c5000000001a31d82ac00020015497420697320746f726e20e28093207477"
        + "6963652e0900000000000000000000"
    private static let dispute =
        "01aa000000000000000700000000000000094641525448494e475052455353303109780200000000"
        + "00000096000001a3185c5000000001a31d82ac00020015497420697320746f726e20e28093207477"
        + "6963652e0566000000000000005a0a"
    private static let none =
        "01ab00000000000000070000000000000009"
}
