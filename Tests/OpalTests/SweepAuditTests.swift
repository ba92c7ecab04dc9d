// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Testing

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
}
