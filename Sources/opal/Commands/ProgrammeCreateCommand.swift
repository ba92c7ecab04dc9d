// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kernel
import LoyaltyServer
import OPALServer
import RecordsSQLite

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
            let (programme, rule) = (try programme(), try rule())
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
            print("Created \(programme.code.digits), \(programme.name): \(rule.words).")
        }

        private func programme() throws -> Programme {
            guard let home = Programme.Home.allCases.first(where: { $0.name == home }) else {
                throw ValidationError("--home is card or database.")
            }
            guard let exponent = Exponent(exponent) else {
                throw ValidationError("--exponent is 0 to \(Exponent.max).")
            }
            guard
                let programme = Programme(
                    code: try ProgrammeCommand.code(code),
                    exponent: exponent,
                    name: name,
                    home: home,
                    balanceMax: balanceMax,
                    sites: try ProgrammeCommand.merchants(site),
                    partners: try ProgrammeCommand.merchants(partner)
                )
            else {
                throw ValidationError(
                    "A name has 1 to \(Programme.nameBytesMax) bytes, --balance-max is at least "
                        + "1, and there are at most \(Programme.merchantsMax) merchants."
                )
            }
            return programme
        }

        private func rule() throws -> EarnRule {
            guard let digits = BCD.parse(currency, count: 4),
                let currency = Currency(bcd: UInt16(digits)),
                let exponent = Exponent(currencyExponent)
            else {
                throw ValidationError("A currency has four digits, its exponent is 0 to 6.")
            }
            guard let rounding = EarnRounding.allCases.first(where: { $0.name == rounding }) else {
                throw ValidationError("--rounding is down, nearest or up.")
            }
            do throws(EarnRuleRefusal) {
                return try EarnRule(
                    points: points,
                    per: Money(minorUnits: per, currency: currency, exponent: exponent),
                    rounding: rounding,
                    bonus: try bonusDays(),
                    pendingDays: pendingDays,
                    expiry: expiryMonths.map(EarnExpiry.months) ?? .never
                )
            } catch {
                throw ValidationError(error.words)
            }
        }

        private func bonusDays() throws(EarnRuleRefusal) -> [BonusDays] {
            var days: [BonusDays] = []
            for text in bonus {
                guard let one = BonusDays(argument: text) else { throw .empty }
                days.append(one)
            }
            return days
        }

        func validate() throws {
            for text in bonus where BonusDays(argument: text) == nil {
                throw ValidationError(
                    "A bonus is like sunday=2.0 or 2026-12-01:2026-12-24=1.5, from 1.1 to 100.0: "
                        + text
                )
            }
        }
    }
}

extension EarnRuleRefusal {
    fileprivate var words: String {
        switch self {
        case .empty: "A rule gives at least one minor unit of points for at least one of money."
        case .tooManyBonusDays: "A rule has at most \(EarnRule.bonusMax) bonus days."
        case .pendingTooLong: "Points are pending for at most \(EarnRule.pendingDaysMax) days."
        case .expiryTooFar:
            "Points expire within \(EarnExpiry.monthsRange.upperBound) months, or never."
        case .overflow:
            "The largest purchase would earn more points than can be counted. Give fewer."
        }
    }
}

extension BonusDays {
    /// `sunday=2.0`, `2026-12-01:2026-12-24=1.5`, `friday/2026-12-01:2026-12-24=3.0`.
    fileprivate init?(argument text: String) {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let tenths = Self.tenths(parts[1]) else { return nil }
        var weekday: Weekday?
        var dates: ClosedRange<CivilDate>?
        for part in parts[0].split(separator: "/", omittingEmptySubsequences: false) {
            if let day = Weekday.allCases.first(where: { "\($0)" == part }) {
                guard weekday == nil else { return nil }
                weekday = day
            } else {
                let ends = part.split(separator: ":", omittingEmptySubsequences: false)
                guard dates == nil, ends.count == 2, let first = CivilDate(iso: String(ends[0])),
                    let last = CivilDate(iso: String(ends[1])), first <= last
                else { return nil }
                dates = first...last
            }
        }
        self.init(weekday: weekday, dates: dates, tenths: tenths)
    }

    /// `2` or `2.5`, in tenths.
    private static func tenths(_ text: Substring) -> UInt16? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = UInt16(parts[0]), whole <= 1000,
            let tenth = parts.count == 2 ? UInt16(parts[1]) : 0, tenth <= 9
        else { return nil }
        return whole * 10 + tenth
    }
}
