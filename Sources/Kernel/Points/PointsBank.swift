// SPDX-License-Identifier: Apache-2.0

// IDBANK of points: the programme is the bank of its points. S1 covers IDBANK, so that the day on
// which they expire is signed with the load.
extension BankIdentifier {
    /// `PT`, CURR of the programme, the last day of the points (BCD YYMMDD), a zero byte.
    package static func points(of programme: Currency, until expiry: CardDate) -> BankIdentifier {
        precondition(programme.isProgramme)
        return BankIdentifier(
            bits: 0x5054_0000_0000_0000 | UInt64(programme.bcd) << 32 | UInt64(expiry.bcd) << 8
        )
    }

    /// Until when what this bank loads can be spent, in the purse of a programme. Points that an
    /// independent load server loads, with an IDBANK of its own, do not expire: the purse profile
    /// knows no last day of points.
    ///
    /// - Returns: nil where these are points of another programme.
    package func lastDay(of programme: Currency) -> CardDate? {
        bits >> 48 == 0x5054 ? pointsExpiry(of: programme) : PointsTranche.never
    }

    /// The last day of points of this programme; nil where this is another bank's identifier.
    package func pointsExpiry(of programme: Currency) -> CardDate? {
        guard bits >> 48 == 0x5054, UInt16(truncatingIfNeeded: bits >> 32) == programme.bcd,
            bits & 0xFF == 0
        else { return nil }
        return CardDate(bcd: UInt32(truncatingIfNeeded: bits >> 8) & 0xFF_FFFF)
    }
}
