// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Wire

/// What a Debit Result M said of the order, once it was opened and compared.
package struct Settlement: Equatable, Sendable {
    package let outcome: SaleOutcome
    package let reason: Refusal?
    /// Stable for a card at this merchant; it tells nothing else.
    package let cardPseudonym: String
    package let securityCard: SecurityCardIdentifier
    package let securityCardNumber: UInt32
    package let time: CardTime
    /// Of a proof of identity: the numbers of the card in the programmes of this site.
    package let memberships: [Membership]

    static let pseudonymBytesMax = 64

    init(
        outcome: SaleOutcome,
        reason: Refusal?,
        cardPseudonym: String,
        securityCard: SecurityCardIdentifier,
        securityCardNumber: UInt32,
        time: CardTime,
        memberships: [Membership]
    ) {
        self.outcome = outcome
        self.reason = reason
        self.cardPseudonym = cardPseudonym
        self.securityCard = securityCard
        self.securityCardNumber = securityCardNumber
        self.time = time
        self.memberships = memberships
    }

    /// - Returns: nil where the pseudonym is no name that can be kept.
    init?(_ result: MerchantDebitResult) {
        guard result.cardPseudonym.utf8.count <= Settlement.pseudonymBytesMax,
            result.cardPseudonym.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        self.init(
            outcome: result.outcome,
            reason: result.reason,
            cardPseudonym: result.cardPseudonym,
            securityCard: result.securityCard,
            securityCardNumber: result.securityCardNumber,
            time: result.time,
            memberships: result.memberships
        )
    }
}

extension ByteReader {
    /// `hasMember`: whether there is a byte that says whether there are member numbers (format 2).
    mutating func settlement(hasMember: Bool) throws(WireFailure) -> Settlement {
        let outcome = try value("outcome", bytes: 1) { SaleOutcome(rawValue: UInt8($0)) }
        let reason = try reason()
        return Settlement(
            outcome: outcome,
            reason: reason,
            cardPseudonym: try text("pseudonym", bytesMax: Settlement.pseudonymBytesMax),
            securityCard: try securityCard(),
            securityCardNumber: try number("NTPSAM"),
            time: try time(),
            memberships: hasMember
                ? try optional("member") { reader throws(WireFailure) in
                    try reader.memberships()
                } ?? [] : []
        )
    }

    /// One byte; 0 where there is no reason.
    private mutating func reason() throws(WireFailure) -> Refusal? {
        let code = try byte("reason")
        let reason = Refusal(rawValue: code)
        if code != 0 && reason == nil { throw failure("reason", .invalid) }
        return reason
    }

    /// Milliseconds since 1970, below the year 10000.
    mutating func instant(_ field: StaticString) throws(WireFailure) -> Instant {
        try value(field, bytes: 8) { milliseconds in
            milliseconds < 253_402_300_800_000 ? Instant(milliseconds: Int64(milliseconds)) : nil
        }
    }
}

extension ByteWriter {
    mutating func settlement(_ settlement: Settlement) {
        byte(settlement.outcome.rawValue)
        byte(settlement.reason?.rawValue ?? 0)
        text(settlement.cardPseudonym)
        securityCard(settlement.securityCard)
        number(settlement.securityCardNumber)
        time(settlement.time)
        let memberships = settlement.memberships
        optional(memberships.isEmpty ? nil : memberships) { $0.memberships($1) }
    }

    mutating func instant(_ instant: Instant) {
        integer(UInt64(bitPattern: instant.milliseconds), bytes: 8)
    }
}
