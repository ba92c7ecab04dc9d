// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Debit Result C: what the payment server tells the OPAL server once the sale has ended. Outcome
/// 1, reason 1 (0 where there is none), DTHR 7, IDPSAM 8, NTPSAM 4, SV 8 (zero unless void);
/// 29 bytes.
package struct CardDebitResult: Equatable, Sendable {
    package let outcome: SaleOutcome
    package let reason: Refusal?
    package let time: CardTime
    package let securityCard: SecurityCardIdentifier
    package let securityCardNumber: UInt32
    /// SV, with which the card puts a debited value back.
    package let voidProof: Signature

    package init(
        outcome: SaleOutcome,
        reason: Refusal?,
        time: CardTime,
        securityCard: SecurityCardIdentifier,
        securityCardNumber: UInt32,
        voidProof: Signature
    ) {
        self.outcome = outcome
        self.reason = reason
        self.time = time
        self.securityCard = securityCard
        self.securityCardNumber = securityCardNumber
        self.voidProof = voidProof
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "debit result C")
        outcome = try reader.value("outcome", bytes: 1) { SaleOutcome(rawValue: UInt8($0)) }
        let code = try reader.byte("reason")
        reason = Refusal(rawValue: code)
        if code != 0 && reason == nil { throw reader.failure("reason", .invalid) }
        time = try reader.time()
        securityCard = try reader.securityCard()
        securityCardNumber = try reader.number("NTPSAM")
        voidProof = try reader.signature("SV")
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 29)
        writer.byte(outcome.rawValue)
        writer.byte(reason?.rawValue ?? 0)
        writer.time(time)
        writer.securityCard(securityCard)
        writer.number(securityCardNumber)
        writer.signature(voidProof)
        return writer.bytes
    }
}

/// A Debit Result M that is true if, and only if, the card's S3 is the expected one (FIGS. 7
/// and 8). It is never in the hands of who does not compare.
package struct ExpectedResult: Equatable, Sendable {
    package let result: MerchantDebitResult
    package let signature: Signature

    package init(result: MerchantDebitResult, signature: Signature) {
        self.result = result
        self.signature = signature
    }
}

/// Debit Result M: what the payment server tells the merchant. It travels as JSON inside a JWE, so
/// that a merchant can open it with any JOSE library; the vault makes and reads the JSON. Of a
/// proof of identity it is the Authentication Result (FIG. 16): of no amount, with the member
/// numbers.
package struct MerchantDebitResult: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    package let merchant: MerchantIdentifier
    package let amount: Money
    package let outcome: SaleOutcome
    package let reason: Refusal?
    /// Stable for a card and a merchant, and tells nothing else: 32 hexadecimal digits.
    package let cardPseudonym: String
    package let securityCard: SecurityCardIdentifier
    package let securityCardNumber: UInt32
    package let time: CardTime
    /// Of a proof of identity: the numbers that the programmes of this site have entered on the
    /// card, by ascending programme.
    package let memberships: [Membership]
    /// Of a mixed payment: the other half, which has ended in the same way.
    package let otherHalf: OtherHalf?

    package init(
        transaction: TransactionIdentifier,
        merchant: MerchantIdentifier,
        amount: Money,
        outcome: SaleOutcome,
        reason: Refusal?,
        cardPseudonym: String,
        securityCard: SecurityCardIdentifier,
        securityCardNumber: UInt32,
        time: CardTime,
        memberships: [Membership] = [],
        otherHalf: OtherHalf? = nil
    ) {
        self.transaction = transaction
        self.merchant = merchant
        self.amount = amount
        self.outcome = outcome
        self.reason = reason
        self.cardPseudonym = cardPseudonym
        self.securityCard = securityCard
        self.securityCardNumber = securityCardNumber
        self.time = time
        self.memberships = memberships
        self.otherHalf = otherHalf
    }

    /// Whether it says that a card has proved its identity, and nothing of value.
    package var isProof: Bool { amount.currency == .nothing }
}
