// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing
import Wire

/// The messages of sweeps between clearing house and issuer. The vectors were made by Python's
/// `struct` from `docs/messages/clearing.md`.
@Suite struct SweepMessageTests {
    private static func notice(
        _ number: UInt64,
        _ event: SweepNotice.Event,
        _ amount: Money = Money(minorUnits: 150, currency: .euro, exponent: .cents)
    ) -> SweepNotice? {
        SweepNotice(
            number: number,
            transaction: TransactionIdentifier(high: 7, low: 9),
            amount: amount,
            event: event
        )
    }

    private static let question = "01ac9990010000000000000029"
    private static let answer =
        "01ad010002" + "000000000000002a0000000000000007000000000000000909780200000000000000"
        + "96010000000000000000" + "000000000000002b000000000000000700000000000000090978020000"
        + "000000000096" + "03000000000000002a"

    private func answer() throws -> IssuerMessage {
        let swept = try #require(Self.notice(42, .swept(.dormant)))
        let back = try #require(Self.notice(43, .givenBack(42)))
        return .sweeps([swept, back], hasMore: true)
    }

    @Test func `question and answer in bytes`() throws {
        let issuer = try #require(IssuerIdentifier("999001"))
        let question = IssuerMessage.sweepsQuestion(issuer, after: 41)
        #expect(Hex.text(question.bytes).lowercased() == Self.question)
        #expect(try IssuerMessage(question.bytes) == question)
        let answer = try answer()
        #expect(Hex.text(answer.bytes).lowercased() == Self.answer)
        #expect(try IssuerMessage(answer.bytes) == answer)
    }

    @Test func `each truncation, and one byte more, is refused`() throws {
        let bytes = try answer().bytes
        for count in 0..<bytes.count {
            #expect(throws: WireFailure.self) { try IssuerMessage(Array(bytes[..<count])) }
        }
        #expect(throws: WireFailure.self) { try IssuerMessage(bytes + [0]) }
    }

    @Test func `what says nothing that can be posted is no notice`() throws {
        let points = Money(
            minorUnits: 1,
            currency: try #require(Currency(bcd: 0x9012)),
            exponent: .units
        )
        #expect(Self.notice(42, .swept(.expired), points) == nil)
        let nothing = Money(minorUnits: 0, currency: .euro, exponent: .cents)
        #expect(Self.notice(42, .swept(.expired), nothing) == nil)
        #expect(Self.notice(0, .swept(.expired)) == nil)
        #expect(Self.notice(42, .givenBack(42)) == nil)
        #expect(Self.notice(42, .givenBack(0)) == nil)
        // A sweep that names another, and an event that there is not.
        var bytes = try answer().bytes
        bytes[48] = 1
        #expect(throws: WireFailure.self) { try IssuerMessage(bytes) }
        bytes = try answer().bytes
        bytes[40] = 4
        #expect(throws: WireFailure.self) { try IssuerMessage(bytes) }
    }
}
