// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import Testing
import Wire

@testable import opal

/// The issuer's side of clearing, as the program composes it, and what the audit says of it.
@Suite(.timeLimit(.minutes(15))) struct FloatSchemeTests {
    static func forged(_ card: CardIdentifier) throws -> [UInt8] {
        let securityCard = SecurityCardIdentifier(acquirer: 7, serial: 9)
        let sale = CollectedSale(
            transaction: TransactionIdentifier(high: 5, low: 1),
            merchant: try #require(MerchantIdentifier("SHOP")),
            time: CardTime(SystemClock.now()),
            amount: Money(minorUnits: 350, currency: .euro, exponent: .cents),
            card: card,
            cardExpiry: try #require(CardDate(bcd: 0x30_1231)),
            keyVersion: 1,
            number: 9,
            balance: 0,
            securityCard: securityCard,
            securityCardNumber: 1,
            issuerProof: Signature(bits: 7)
        )
        return sale.bytes(at: BatchPlace(BatchName(securityCard, 1), 1))
    }

    @Test func `a forged sale is named by card, number and amount, and the float is as before`()
        async throws
    {
        try await FundedScheme.with { scheme in
            var card: CardIdentifier?
            try await scheme.running { running in
                let holder = try await running.cardholder(scheme.folder).card
                card = holder
                let float = running.opal.float
                let before = try await float.reporter.report(at: SystemClock.now()).sums
                #expect(try await float.proofs.prove([Self.forged(holder)]) == [.forged])
                #expect(try await float.reporter.report(at: SystemClock.now()).sums == before)
            }
            let digits = try #require(card).digits.suffix(4)
            let report = try await scheme.audit()
            #expect(
                report.findings == [
                    "OPAL server, card •••• •••• •••• \(digits): number 9: a sale of 350 of "
                        + "0978/2 came back with a wrong S6: it is forged"
                ]
            )
            #expect(report.proved == 0)
        }
    }
}
