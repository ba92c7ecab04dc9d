// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer

/// A float report for people and for programs.
struct FloatView: Encodable {
    struct Line: Encodable {
        let cards: Int
        /// Minor units.
        let value: UInt64

        init(_ line: FloatReport.Line) {
            cards = line.cards
            value = line.value
        }

        var cells: [String] { ["\(cards)", "\(value)"] }
    }

    struct Named: Encodable {
        let name: String
        let cards: Int
        /// Minor units.
        let value: UInt64

        init(_ name: String, _ line: FloatReport.Line) {
            self.name = name
            cards = line.cards
            value = line.value
        }

        var cells: [String] { [name, "\(cards)", "\(value)"] }
    }

    struct Rule: Encodable {
        let months: Int
        let expiredMonths: Int
        let dormant: FloatCommand.Rule.Word
        let expired: FloatCommand.Rule.Word

        init(_ rule: DormancyRule) {
            months = rule.months
            expiredMonths = rule.monthsExpired
            dormant = FloatCommand.Rule.Word(rule.dormant)
            expired = FloatCommand.Rule.Word(rule.expired)
        }

        var words: String {
            "dormant after \(months) months: \(dormant.rawValue), expired after "
                + "\(expiredMonths) months: \(expired.rawValue)"
        }
    }

    struct Unit: Encodable {
        let issuer: String
        let currency: String
        let exponent: UInt8
        let outstanding: Line
        let dormant: Line
        let expired: Line
        let rule: Rule
        /// By whole months since the last movement.
        let byLastUse: [Named]
        /// By year and month of expiry.
        let byExpiry: [Named]

        var name: [String] { [issuer, currency, "\(exponent)"] }
    }

    let units: [Unit]
    let damagedCards: Int

    init(_ report: FloatReport) {
        damagedCards = report.damaged
        units = report.sums.map { unit, sums in
            Unit(
                issuer: unit.issuer.digits,
                currency: unit.currency.digits,
                exponent: unit.exponent.decimals,
                outstanding: Line(sums.all),
                dormant: Line(sums.dormant),
                expired: Line(sums.expired),
                rule: Rule(report.rules[unit.issuer] ?? .standard),
                byLastUse: FloatReport.Age.allCases.compactMap { age in
                    sums.byAge[age].map { Named(age.words, $0) }
                },
                byExpiry: sums.byExpiry.sorted { $0.key < $1.key }.map { month, line in
                    Named(Self.month(month), line)
                }
            )
        }
        .sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// YYYY-MM.
    private static func month(_ number: Int) -> String {
        "\(number / 100)-\(number % 100 < 10 ? "0" : "")\(number % 100)"
    }

    func show() {
        let name = ["issuer", "currency", "decimals"]
        Output.table(
            name + ["cards", "outstanding", "dormant", "value", "expired", "value"],
            units.map { $0.name + $0.outstanding.cells + $0.dormant.cells + $0.expired.cells }
        )
        show("last used", name, \.byLastUse)
        show("expires", name, \.byExpiry)
        if damagedCards > 0 {
            print("\(damagedCards) cards do not open and are in no sum: see opal audit")
        }
    }

    private func show(_ title: String, _ name: [String], _ lines: (Unit) -> [Named]) {
        print()
        Output.table(
            name + [title, "cards", "value"],
            units.flatMap { unit in lines(unit).map { unit.name + $0.cells } }
        )
    }
}

extension FloatReport.Age {
    /// For people.
    fileprivate var words: String {
        switch self {
        case .underOne: "under 1 month ago"
        case .underThree: "1 to 3 months ago"
        case .underSix: "3 to 6 months ago"
        case .underTwelve: "6 to 12 months ago"
        case .underTwentyFour: "12 to 24 months ago"
        case .underThirtySix: "24 to 36 months ago"
        case .older: "36 months ago or more"
        case .never: "never"
        }
    }
}
