// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@testable import opal

/// What `opal audit` says of disputes that were decided.
@Suite struct DisputeAuditTests {
    private static let decidedAt = Instant(milliseconds: 1_800_000_000_000)

    private func decided() throws -> Dispute {
        let sale = Dispute.Sale(
            transaction: TransactionIdentifier(high: 7, low: 9),
            card: try #require(CardIdentifier("9990010000000015")),
            merchant: try #require(MerchantIdentifier("FARTHINGPRESS01")),
            paid: Money(minorUnits: 150, currency: .euro, exponent: .cents),
            paidAt: Self.decidedAt
        )
        let complaint = Dispute.Complaint(
            .other,
            words: "It was not mine.",
            isByGuardian: false,
            filedAt: Self.decidedAt
        )
        var dispute = Dispute(of: sale, try #require(complaint))
        let decision = Dispute.Decision(by: "maria", words: "", decidedAt: Self.decidedAt)
        #expect(dispute.refund(100, rest: 150, try #require(decision)) == nil)
        return dispute
    }

    private func findings(of dispute: Dispute, after time: Duration) -> [String] {
        SchemeAudit.compare(
            [],
            [dispute.sale.transaction: dispute],
            now: Self.decidedAt.adding(time)
        )
    }

    @Test func `a decision whose refund does not come is named after three days, and not before`()
        throws
    {
        let dispute = try decided()
        let name = dispute.sale.transaction.text
        #expect(findings(of: dispute, after: DisputeLimits.postingTime) == [])
        let late = findings(of: dispute, after: DisputeLimits.postingTime + .seconds(1))
        #expect(late.count == 1 && late[0].hasPrefix("dispute of sale \(name): was decided"))
    }

    @Test func `one that is on the card is not`() throws {
        var dispute = try decided()
        _ = dispute.end(101, .refunded, rest: 150, at: Self.decidedAt)
        #expect(findings(of: dispute, after: DisputeLimits.postingTime + .seconds(1)) == [])
    }
}
