// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

// Memberships and points in a card record (see ``CardRecord``).
extension ByteReader {
    mutating func memberships() throws(WireFailure) -> [Membership] {
        var memberships: [Membership] = []
        for _ in 0..<(try byte("memberships")) { memberships.append(try membership()) }
        guard Card.isSound(memberships) else { throw failure("memberships", .invalid) }
        return memberships
    }

    /// A purse with its points by day, which add up to its balance; a purse of money as it is.
    mutating func purse(_ purse: Purse) throws(WireFailure) -> Purse {
        guard purse.currency.isProgramme else { return purse }
        let points = try tranches("points")
        guard points.total == purse.balance else { throw failure("points", .invalid) }
        return Purse(
            currency: purse.currency,
            exponent: purse.exponent,
            points: points,
            balanceMax: purse.balanceMax
        )
    }
}

extension ByteWriter {
    mutating func memberships(_ memberships: [Membership]) {
        byte(UInt8(memberships.count))
        for membership in memberships { self.membership(membership) }
    }
}
