// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

/// The rules of a dispute, state by state.
@Suite struct DisputeRuleTests {
    private static let filedAt = Instant(milliseconds: 1_800_000_000_000)
    private static let later = Instant(milliseconds: 1_800_000_060_000)

    private func filed() throws -> Dispute {
        let sale = Dispute.Sale(
            transaction: TransactionIdentifier(high: 7, low: 9),
            card: try #require(CardIdentifier("9990010000000015")),
            merchant: try #require(MerchantIdentifier("FARTHINGPRESS01")),
            paid: Money(minorUnits: 150, currency: .euro, exponent: .cents),
            paidAt: Self.filedAt
        )
        let complaint = Dispute.Complaint(
            .notDelivered,
            words: "It never came.",
            isByGuardian: false,
            filedAt: Self.filedAt
        )
        return Dispute(of: sale, try #require(complaint))
    }

    private func decision(_ words: String = "So it is.") throws -> Dispute.Decision {
        try #require(Dispute.Decision(by: "maria", words: words, decidedAt: Self.later))
    }

    private func answer(accepts: Bool, after: UInt8? = nil) throws -> DisputeAnswer {
        let words = accepts ? "" : "It came."
        return try #require(
            DisputeAnswer(accepts: accepts, deliveredAt: nil, words: words, after: after)
        )
    }

    /// A dispute in each state, in the order of their codes.
    private func all() throws -> [Dispute] {
        var asked = try filed()
        #expect(asked.ask(at: Self.later) == true)
        var answered = asked
        #expect(answered.note(try answer(accepts: false), rest: 150, at: Self.later) == true)
        var decided = asked
        #expect(decided.refund(100, rest: 150, try decision()) == nil)
        var nothing = decided
        #expect(nothing.end(101, .refused(.cardBlocked), rest: 150, at: Self.later) == true)
        var refunded = decided
        #expect(refunded.end(101, .refunded, rest: 150, at: Self.later) == true)
        var rejected = asked
        #expect(rejected.reject(try decision()) == nil)
        var withdrawn = asked
        #expect(withdrawn.withdraw(at: Self.later) == nil)
        var given = asked
        #expect(given.endWithout(0, at: Self.later) == true)
        return [
            try filed(), asked, answered, decided, nothing, refunded, rejected, withdrawn, given,
        ]
    }

    @Test func `each step is taken in its states alone, and changes nothing in another one`()
        throws
    {
        // What the steps say in each state, in the same order.
        let on: DisputeRefusal? = nil
        let outcomes: [DisputeRefusal?] = [
            on, on, on, .decidedBefore, on, .ended, .ended, .ended, .ended,
        ]
        for (dispute, expected) in zip(try all(), outcomes) {
            var (refunded, rejected, withdrawn) = (dispute, dispute, dispute)
            #expect(refunded.refund(10, rest: 150, try decision()) == expected)
            #expect(rejected.reject(try decision()) == expected)
            #expect(withdrawn.withdraw(at: Self.later) == expected)
            #expect(dispute.state.isUndecided == (expected == nil))
            #expect(dispute.state.isFinal == (expected == .ended))
            guard expected != nil else { continue }
            for changed in [refunded, rejected, withdrawn] { #expect(changed == dispute) }
        }
    }

    @Test func `what is asked, answered or ended twice changes nothing`() throws {
        for dispute in try all() {
            var next = dispute
            _ = next.ask(at: Self.later)
            var again = next
            #expect(again.ask(at: Self.later) == false)
            #expect(again == next)
            _ = next.note(try answer(accepts: false), rest: 150, at: Self.later)
            again = next
            _ = again.note(try answer(accepts: true), rest: 150, at: Self.later)
            #expect(again == next)
            // Of another charge-back than that on its way nothing is heard.
            #expect(again.end(110, .refunded, rest: 150, at: Self.later) == false)
            #expect(again.end(101, .pending, rest: 150, at: Self.later) == false)
            #expect(again == next)
        }
    }

    @Test func `a decision is above zero, and not above what is left`() throws {
        for (minorUnits, rest, expected) in [
            (0, 150, DisputeRefusal.notSaid), (151, 150, .aboveRest), (101, 100, .aboveRest),
            (151, 1000, .aboveRest), (UInt64.max, 150, .aboveRest),
        ] as [(UInt64, UInt64, DisputeRefusal)] {
            var dispute = try filed()
            #expect(dispute.refund(minorUnits, rest: rest, try decision()) == expected)
            #expect(dispute == (try filed()))
        }
        var empty = try filed()
        #expect(empty.reject(try decision("")) == .notSaid)
    }

    @Test func `each decision has a number of its own, and after ten of them there is none`() throws
    {
        var dispute = try filed()
        for number in RefundOrder.chargeBackNumbers {
            #expect(dispute.refund(100, rest: 150, try decision()) == nil)
            #expect(dispute.order?.number == number && dispute.order?.isChargeBack == true)
            #expect(dispute.end(number, .refused(.cardBlocked), rest: 150, at: Self.later) == true)
        }
        #expect(dispute.refund(100, rest: 150, try decision()) == .numbersUsedUp)
        #expect(dispute.reject(try decision()) == nil)
    }

    @Test func `a merchant that agrees decides for what is left, if something is`() throws {
        var dispute = try filed()
        #expect(dispute.note(try answer(accepts: true), rest: 40, at: Self.later) == true)
        #expect(dispute.order?.amount.minorUnits == 40)
        #expect(dispute.decision?.decider == "")
        var late = try filed()
        #expect(late.note(try answer(accepts: true), rest: 0, at: Self.later) == true)
        #expect(late.state == .merchantAnswered)
    }

    @Test func `a merchant that agrees after a charge-back came to nothing begins the next one`()
        throws
    {
        // Before it has answered, and after it did not agree.
        for isAnswered in [false, true] {
            var dispute = try filed()
            if isAnswered {
                _ = dispute.note(try answer(accepts: false), rest: 150, at: Self.later)
            }
            #expect(dispute.refund(100, rest: 150, try decision()) == nil)
            #expect(dispute.end(101, .refused(.cardBlocked), rest: 150, at: Self.later) == true)
            let agreed = try answer(accepts: true, after: 101)
            #expect(dispute.note(agreed, rest: 150, at: Self.later) == true)
            #expect(dispute.order?.number == 102 && dispute.order?.amount.minorUnits == 150)
            // What was said before the last charge-back does not count again.
            #expect(dispute.end(102, .refused(.cardBlocked), rest: 150, at: Self.later) == true)
            let before = dispute
            for old in [agreed, try answer(accepts: true)] {
                #expect(dispute.note(old, rest: 150, at: Self.later) == false)
                #expect(dispute == before)
            }
        }
    }

    @Test func `a merchant that agrees again and again leaves numbers to the issuer`() throws {
        var dispute = try filed()
        _ = dispute.note(try answer(accepts: true), rest: 150, at: Self.later)
        for number in 101...DisputeLimits.agreedNumberMax {
            #expect(dispute.order?.number == number)
            #expect(dispute.end(number, .refused(.cardBlocked), rest: 150, at: Self.later) == true)
            let again = try answer(accepts: true, after: number)
            _ = dispute.note(again, rest: 150, at: Self.later)
        }
        #expect(dispute.state.isUndecided)
        #expect(dispute.refund(100, rest: 150, try decision()) == nil)
    }

    @Test func `it ends by itself where the merchant has left nothing of the sale`() throws {
        for dispute in try all() {
            var (some, none) = (dispute, dispute)
            #expect(some.endWithout(1, at: Self.later) == false && some == dispute)
            #expect(none.endWithout(0, at: Self.later) == dispute.state.isUndecided)
            #expect(none.state == (dispute.state.isUndecided ? .givenBack : dispute.state))
        }
        // A charge-back on its way may be on the card before what the merchant gives back.
        var decided = try all()[3]
        #expect(decided.end(101, .refused(.aboveSale), rest: 0, at: Self.later) == true)
        #expect(decided.state == .givenBack)
    }

    @Test func `words have a limit, and one line`() {
        let most = String(repeating: "ä", count: DisputeLimits.wordsCharactersMax)
        #expect(DisputeAnswer.areWords(most) && !DisputeAnswer.areWords(most + "ä"))
        #expect(!DisputeAnswer.areWords("one\nother"))
        #expect(DisputeAnswer(accepts: false, deliveredAt: nil, words: "") == nil)
    }

    @Test func `a charge-back has its own numbers`() {
        let amount = Money(minorUnits: 1, currency: .euro, exponent: .cents)
        for number in UInt8.min...UInt8.max {
            let isOne = RefundOrder.chargeBackNumbers.contains(number)
            #expect((ChargeBack(number: number, amount: amount) != nil) == isOne)
            #expect(!isOne || !RefundOrder.numbers.contains(number))
        }
    }
}
