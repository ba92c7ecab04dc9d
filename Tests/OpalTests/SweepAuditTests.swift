// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

@testable import OPALServer
@testable import opal

/// What `opal audit` says of sweeps that the clearing house and the issuer do not both have.
@Suite struct SweepAuditTests {
    private static let issuer = IssuerIdentifier("999001")

    private func notice(_ number: UInt64, _ minorUnits: UInt64 = 500) throws -> SweepNotice {
        try #require(
            SweepNotice(
                number: number,
                transaction: TransactionIdentifier(high: 7, low: 9),
                amount: Money(minorUnits: minorUnits, currency: .euro, exponent: .cents),
                event: .swept(.expired)
            )
        )
    }

    @Test func `what stands in the books and not at the issuer says that cards were set back`()
        throws
    {
        let issuer = try #require(Self.issuer)
        let findings = SchemeAudit.compareSweeps(
            [issuer: [try notice(10)]],
            [:],
            now: Instant(milliseconds: 0)
        )
        #expect(findings.count == 1 && findings[0].contains("its cards were set back"))
        // Where the clearing house is elsewhere, nothing is compared.
        #expect(SchemeAudit.compareSweeps(nil, [:], now: Instant(milliseconds: 0)).isEmpty)
    }

    private func findings(
        _ sweep: SweepRecord,
        _ cleared: [SweepNotice],
        after time: Duration
    ) -> [String] {
        SchemeAudit.compareSweeps(
            [sweep.issuer: cleared],
            [.init(issuer: sweep.issuer, number: sweep.number): sweep],
            now: sweep.moment.adding(time)
        )
    }

    @Test func `both sides agree, or the clearing house has a day to ask`() throws {
        let amount = Money(minorUnits: 500, currency: .euro, exponent: .cents)
        let sweep = SweepRecord(
            10,
            try #require(CardIdentifier("9990010000000015")),
            TransactionIdentifier(high: 7, low: 9),
            amount,
            at: Instant(milliseconds: 1_800_000_000_000),
            .swept(.expired, return: nil)
        )
        let day = Duration.seconds(86_400)
        #expect(findings(sweep, [try notice(10)], after: day * 2).isEmpty)
        #expect(findings(sweep, [], after: day).isEmpty)
        let late = findings(sweep, [], after: day + .milliseconds(1))
        #expect(late.count == 1 && late[0].contains("is not in the books"))
        let other = findings(sweep, [try notice(10, 400)], after: .zero)
        #expect(other.count == 1 && other[0].contains("says something else"))
    }
}
