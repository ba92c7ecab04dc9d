// SPDX-License-Identifier: Apache-2.0

import Kernel
import LoyaltyServer

// What the demo's airline gives, and for what.
extension AirlineFounding {
    /// On the card, and in the airline's own database.
    static let programmes = [
        programme(0x9001, "Skylark Miles", .card),
        programme(0x9002, "Skylark Club points", .database),
    ]

    private static func programme(
        _ code: UInt16,
        _ name: String,
        _ home: Programme.Home
    ) -> Programme {
        guard let currency = Currency(bcd: code),
            let airline = MerchantIdentifier(MerchantParty.airline),
            let shop = MerchantIdentifier(MerchantParty.shop),
            let programme = Programme(
                code: currency,
                exponent: .units,
                name: name,
                home: home,
                balanceMax: 10_000_000,
                sites: [airline],
                partners: [shop]
            )
        else { preconditionFailure("The programmes of the demo are programmes.") }
        return programme
    }

    /// A point for 0.10, twice as many on Sundays, to be used at once and for two years.
    static func rule() throws -> EarnRule {
        guard let sunday = BonusDays(weekday: .sunday, dates: nil, tenths: 20) else {
            preconditionFailure("Twice as many is a multiple.")
        }
        return try EarnRule(
            points: 1,
            per: Money(minorUnits: 10, currency: .euro, exponent: .cents),
            rounding: .down,
            bonus: [sunday],
            pendingDays: 0,
            expiry: .months(24)
        )
    }

    static func benefits() throws -> [(Benefit, stock: UInt64?)] {
        let miles = programmes[0]
        let club = programmes[1]
        return [
            (benefit("lounge", miles, "Lounge, one hour", "A quiet hour with tea", 9), 40),
            (benefit("window", miles, "A window seat", "On your next flight", 4), nil),
            (
                benefit("upgrade", miles, "Seat upgrade", "One row to the front", 3, cents: 50),
                12
            ),
            (benefit("tea", club, "A pot of tea", "On board, with a biscuit", 5), 100),
            (
                benefit(
                    "routes",
                    miles,
                    "A map of our routes",
                    "To print and hang up",
                    2,
                    handout: .file(name: "skylark-routes.svg", mediaType: "image/svg+xml")
                ), nil
            ),
            (benefit("dusk", club, "A seat at dusk", "The 18:10 to the islands", 8), 1),
        ]
    }

    private static func benefit(
        _ code: String,
        _ programme: Programme,
        _ title: String,
        _ description: String,
        _ points: UInt64,
        cents: UInt64? = nil,
        handout: Benefit.Handout = .voucher
    ) -> Benefit {
        let money = cents.map { Money(minorUnits: $0, currency: .euro, exponent: .cents) }
        guard let name = BenefitCode(code),
            let price = Benefit.Price(points: programme.points(points), money: money),
            let benefit = Benefit(
                code: name,
                programme: programme.code,
                title: title,
                description: description,
                price: price,
                handout: handout
            )
        else { preconditionFailure("The benefits of the demo are benefits.") }
        return benefit
    }
}
