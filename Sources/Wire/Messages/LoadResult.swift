// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// The Load Result for the OPAL server (FIG. 18C, step 890): outcome 1, reason 1 (0 where there is
/// none), DTHR 7; 9 bytes.
package struct CardLoadResult: Equatable, Sendable {
    package let outcome: LoadOutcome
    package let reason: LoadRefusal?
    package let time: CardTime

    package static let length = 9

    package init(outcome: LoadOutcome, reason: LoadRefusal?, time: CardTime) {
        self.outcome = outcome
        self.reason = reason
        self.time = time
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "load result for the card")
        outcome = try reader.value("outcome", bytes: 1) { LoadOutcome(rawValue: UInt8($0)) }
        let code = try reader.byte("reason")
        reason = LoadRefusal(rawValue: code)
        if code != 0 && reason == nil { throw reader.failure("reason", .invalid) }
        time = try reader.time()
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: CardLoadResult.length)
        writer.byte(outcome.rawValue)
        writer.byte(reason?.rawValue ?? 0)
        writer.time(time)
        return writer.bytes
    }
}

/// The Load Result for the bank (FIG. 18C, step 890). It travels as JSON inside a JWE; the vault
/// makes and reads the JSON.
package struct BankLoadResult: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    package let bank: BankIdentifier
    /// The card for which the bank began the load.
    package let card: CardPseudonym
    package let amount: Money
    package let outcome: LoadOutcome
    package let reason: LoadRefusal?
    /// Whose card was loaded, and whose funds pool gets the money; nil unless loaded.
    package let issuer: IssuerIdentifier?
    package let time: CardTime

    package init(
        transaction: TransactionIdentifier,
        bank: BankIdentifier,
        card: CardPseudonym,
        amount: Money,
        outcome: LoadOutcome,
        reason: LoadRefusal?,
        issuer: IssuerIdentifier?,
        time: CardTime
    ) {
        self.transaction = transaction
        self.bank = bank
        self.card = card
        self.amount = amount
        self.outcome = outcome
        self.reason = reason
        self.issuer = issuer
        self.time = time
    }
}

/// What a bank learns of a card before a load (FIG. 18A, step 872), proved by the card's S1 and
/// sealed by the load server. It travels as JSON inside a JWE.
package struct CardInformation: Equatable, Sendable {
    package let transaction: TransactionIdentifier
    package let bank: BankIdentifier
    package let card: CardPseudonym
    package let issuer: IssuerIdentifier
    /// The last four digits of the card number, for the person.
    package let lastDigits: String
    package let expiry: CardDate
    package let balance: Money
    /// BALMAX: no load may take the balance above it.
    package let balanceMax: UInt64
    package let time: CardTime

    package init(
        transaction: TransactionIdentifier,
        bank: BankIdentifier,
        card: CardPseudonym,
        issuer: IssuerIdentifier,
        lastDigits: String,
        expiry: CardDate,
        balance: Money,
        balanceMax: UInt64,
        time: CardTime
    ) {
        self.transaction = transaction
        self.bank = bank
        self.card = card
        self.issuer = issuer
        self.lastDigits = lastDigits
        self.expiry = expiry
        self.balance = balance
        self.balanceMax = balanceMax
        self.time = time
    }

    /// The maximum load: maximum balance − balance (FIG. 18A, step 873); a balance above the
    /// maximum, after a recovery, leaves none.
    package var loadMax: UInt64 {
        balance.minorUnits < balanceMax ? balanceMax - balance.minorUnits : 0
    }
}
