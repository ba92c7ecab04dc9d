// SPDX-License-Identifier: Apache-2.0

import Foundation
package import Kernel
package import LoyaltyServer

/// The airline of the demonstration: two programmes, *Skylark Miles* on the card and *Skylark Club*
/// in the airline's database, and what they give.
package struct DemoAirline: Sendable {
    /// A benefit with the pieces that there are of it; nil where there is no end of them.
    package struct Offer: Sendable {
        package let benefit: Benefit
        package let stock: UInt64?
    }

    package enum Failure: Error, Sendable {
        case missing(String)
        /// A benefit breaks a rule of the loyalty server.
        case unsuitable(String)
    }

    package let offers: [Offer]
    package let content: AirlineContent

    /// CURR 9001, on the card.
    package static let miles = programme(0x9001)
    /// CURR 9002, in the database.
    package static let club = programme(0x9002)

    private static func programme(_ bcd: UInt16) -> Currency {
        guard let currency = Currency(bcd: bcd) else {
            preconditionFailure("The code of a programme is decimal.")
        }
        return currency
    }

    /// Reads the resources of this module.
    package init() throws(Failure) {
        let directory = SiteResources.folder.appendingPathComponent("goods")
        var offers: [Offer] = []
        var drawings: [BenefitCode: String] = [:]
        var files: [String: [UInt8]] = [:]
        for entry in Self.entries {
            guard let benefit = entry.benefit else { throw .unsuitable(entry.code) }
            if case .file(let name, _) = benefit.handout {
                let file = directory.appendingPathComponent(name)
                guard let bytes = try? Data(contentsOf: file) else { throw .missing(name) }
                files[name] = Array(bytes)
            }
            drawings[benefit.code] = entry.drawing
            offers.append(Offer(benefit: benefit, stock: entry.stock))
        }
        self.offers = offers
        content = AirlineContent(drawings: drawings, files: files)
    }

    /// What the two programmes are. Both take proofs at the airline's site, and purchases at the
    /// partners earn miles.
    ///
    /// - Parameters:
    ///   - site: MERCH of the airline.
    ///   - partners: MERCH of the shops.
    /// - Returns: nil where there are too many partners.
    package static func programmes(
        site: MerchantIdentifier,
        partners: [MerchantIdentifier]
    ) -> [Programme]? {
        guard
            let miles = Programme(
                code: miles,
                exponent: .units,
                name: "Skylark Miles",
                home: .card,
                balanceMax: 1_000_000,
                sites: [site],
                partners: partners
            ),
            let club = Programme(
                code: club,
                exponent: .units,
                name: "Skylark Club",
                home: .database,
                balanceMax: 1_000_000,
                sites: [site],
                partners: []
            )
        else { return nil }
        return [miles, club]
    }

    /// Puts the offers into the catalogue; asking twice changes nothing.
    ///
    /// - Throws: what ``Benefits/put(_:stock:now:)`` throws.
    package func put(into benefits: Benefits, now: Instant) async throws(BenefitFailure) {
        for offer in offers {
            try await benefits.put(offer.benefit, stock: offer.stock, now: now)
        }
    }

    // MARK: Data

    private struct File: Sendable {
        let name: String
        let mediaType: String
    }

    private struct Entry: Sendable {
        let code: String
        let programme: Currency
        let title: String
        let text: String
        var points: UInt64?
        /// In cents of a euro.
        var cents: UInt64?
        let drawing: String
        var stock: UInt64?
        var file: File?

        var benefit: Benefit? {
            let points = points.map {
                Money(minorUnits: $0, currency: programme, exponent: .units)
            }
            let money = cents.map { Money(minorUnits: $0, currency: .euro, exponent: .cents) }
            guard let code = BenefitCode(code),
                let price = Benefit.Price(points: points, money: money)
            else { return nil }
            return Benefit(
                code: code,
                programme: programme,
                title: title,
                description: text,
                price: price,
                handout: file.map { .file(name: $0.name, mediaType: $0.mediaType) } ?? .voucher
            )
        }
    }

    private static let entries = [
        Entry(
            code: "lounge-visit",
            programme: miles,
            title: "Lounge visit",
            text: "One visit to the Skylark lounge, with tea and a window.",
            points: 300,
            drawing: "lounge",
            stock: 200
        ),
        Entry(
            code: "route-map",
            programme: miles,
            title: "The route map",
            text: "All Skylark routes on one sheet, to print.",
            points: 25,
            drawing: "routes",
            file: File(name: "skylark-routes.svg", mediaType: "image/svg+xml")
        ),
        Entry(
            code: "window-seat",
            programme: miles,
            title: "Window seat",
            text: "A window seat on any flight, for miles and a little money.",
            points: 50,
            cents: 250,
            drawing: "window",
            stock: 40
        ),
        Entry(
            code: "wing-badge",
            programme: club,
            title: "Silver wings",
            text: "The badge of the club. There is one left.",
            points: 100,
            drawing: "wings",
            stock: 1
        ),
        Entry(
            code: "second-bag",
            programme: club,
            title: "Second bag",
            text: "One more bag on any flight, for points and a little money.",
            points: 80,
            cents: 400,
            drawing: "bag",
            stock: 100
        ),
        Entry(
            code: "club-dinner",
            programme: club,
            title: "Dinner above the clouds",
            text: "A hot dinner on any flight of more than two hours.",
            points: 250,
            drawing: "dinner",
            stock: 60
        ),
    ]
}
