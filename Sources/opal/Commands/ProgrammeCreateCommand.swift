// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kernel
import LoyaltyServer
import OPALServer
import RecordsSQLite
import Sites

extension ProgrammeCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a programme with its rule.",
            discussion: """
                The rule is data: so many points for so much money, rounded once for each \
                purchase, more on bonus days, pending for some days, spent until the end of a \
                month. A rule that could give more points than can be counted is refused.

                A bonus is a weekday, a range of days, or both: sunday=2.0, \
                2026-12-01:2026-12-24=1.5, friday/2026-12-01:2026-12-24=3.0. Of several the \
                highest counts.

                The OPAL server of this data folder gets to know the programme; restart nothing.
                """
        )

        @Argument(help: "The code, 9001 to 9999.")
        var code: String
        @Option(name: .long, help: "What people call its points.")
        var name: String
        @Option(name: .long, help: "Where points are kept: card or database.")
        var home = "card"
        @Option(name: .long, help: "The number of decimals of its points.")
        var exponent: UInt8 = 0
        @Option(name: .long, help: "The most points that a card may hold, in minor units.")
        var balanceMax: UInt64 = 10_000_000
        @Option(name: .long, help: "Points, in minor units …")
        var points: UInt64 = 1
        @Option(name: .long, help: "… for so many minor units of money.")
        var per: UInt64 = 10
        @Option(name: .long, help: "The money: 0 and its ISO 4217 number.")
        var currency = "0978"
        @Option(name: .long, help: "The number of decimals of the money.")
        var currencyExponent: UInt8 = 2
        @Option(name: .long, help: "Rounding of each purchase: down, nearest or up.")
        var rounding = "down"
        @Option(name: .long, help: "Bonus days; may be given more than once.")
        var bonus: [String] = []
        @Option(name: .long, help: "Days until points of a purchase can be used.")
        var pendingDays: UInt16 = 0
        @Option(name: .long, help: "Months until points expire; without it they never do.")
        var expiryMonths: UInt8?
        @Option(name: .long, help: "A merchant whose purchases earn points; more than once.")
        var partner: [String] = []
        @Option(name: .long, help: "A web server of the programme; more than once.")
        var site: [String] = [MerchantParty.airline]
        @OptionGroup var options: DataOptions

        func run() async throws {
            let (programme, rule) = try read()
            let access = try Access(options)
            // First where points are made of purchases, then where purchases are told.
            _ = try await access.step {
                try await access.module.create(programme, rule, now: SystemClock.now())
            }
            if options.folder.exists(.opalServer) {
                let issuer = try PartyAccess(options, .opalServer, OPALServerRecords.schema)
                try await ProgrammeDirectory(store: issuer.store, seals: issuer.seals)
                    .put(.init(programme, peer: Role.airline.rawValue))
                await issuer.store.close()
            }
            let words = Wording().reader(.english).words(rule, of: programme)
            print("Created \(programme.code.digits), \(programme.name): \(words).")
        }

        func validate() throws {
            _ = try read()
        }

        private func read() throws -> (programme: Programme, rule: EarnRule) {
            // An exponent that is none is told of before the amounts.
            func amount(_ minorUnits: UInt64, _ exponent: UInt8) -> String {
                AmountEntry.text(minorUnits, Exponent(exponent) ?? .units)
            }
            var entry = ProgrammeEntry()
            entry[.code] = code
            entry[.name] = name
            entry[.home] = home
            entry[.exponent] = "\(exponent)"
            entry[.balanceMax] = amount(balanceMax, exponent)
            entry[.points] = amount(points, exponent)
            entry[.per] = amount(per, currencyExponent)
            entry[.currency] = currency
            entry[.currencyExponent] = "\(currencyExponent)"
            entry[.rounding] = rounding
            entry[.bonus] = bonus.joined(separator: " ")
            entry[.pendingDays] = "\(pendingDays)"
            entry[.expiryMonths] = expiryMonths.map(String.init) ?? ""
            entry[.partners] = partner.joined(separator: " ")
            entry[.sites] = site.joined(separator: " ")
            do throws(ProgrammeEntry.Problems) {
                return try entry.read()
            } catch {
                throw ValidationError(error.all.map(\.text).joined(separator: "\n"))
            }
        }
    }
}
