// SPDX-License-Identifier: Apache-2.0

import Kernel
import Sites

/// What is printed of a card's spending policy.
struct LimitsView: Encodable {
    struct Period: Encodable {
        let amountMax: UInt64?
        let amountUsed: UInt64
        let purchasesMax: UInt32?
        let purchasesUsed: UInt32
    }

    struct Rule: Encodable {
        /// `all`, `only` or `except`.
        let rule: String
        let list: [String]

        init<Element>(_ rule: SpendingRule<Element>, _ text: (Element) -> String) {
            self.rule =
                switch rule.kind {
                case .all: "all"
                case .only: "only"
                case .except: "except"
                }
            list = rule.elements.map(text).sorted()
        }

        var text: String { ([rule] + [list.joined(separator: ",")]).joined(separator: " ") }
    }

    struct Exception: Encodable {
        let number: UInt32
        let merchant: String
        let amountMax: UInt64
        let until: String
    }

    struct Limits: Encodable {
        let currency: String
        let exponent: UInt8
        let offsetMinutes: Int
        let purchaseMax: UInt64?
        let day: Period
        let week: Period
        let month: Period
        let merchants: Rule
        let categories: Rule
        let hours: String
    }

    /// Masked.
    let card: String
    let frozen: Bool
    /// Nil where nothing is limited.
    let limits: Limits?
    let exceptions: [Exception]

    init(_ card: CardIdentifier, _ spending: CardSpending?, at now: Instant) {
        self.card = card.masked
        let policy = spending?.policy ?? .none
        frozen = policy.isFrozen
        let reader = Wording().reader(.english)
        exceptions = policy.exceptions.map {
            Exception(
                number: $0.number,
                merchant: $0.merchant.text,
                amountMax: $0.minorUnitsMax,
                until: reader.iso($0.end)
            )
        }
        limits = policy.limits.map { Limits($0, spending?.usage, at: now) }
    }

    /// Rows of a table: limit, value, used.
    var rows: [[String]] {
        var rows = [["frozen", frozen ? "yes" : "no", ""]]
        if let limits { rows += limits.rows }
        for exception in exceptions {
            rows.append([
                "allowed once, \(exception.number)",
                "\(exception.merchant) up to \(exception.amountMax) until \(exception.until)", "",
            ])
        }
        return rows
    }
}

extension LimitsView.Limits {
    init(_ limits: SpendingLimits, _ usage: SpendingUsage?, at now: Instant) {
        func period(_ period: SpendingPeriod) -> LimitsView.Period {
            let total = usage?.total(of: period, at: now, limits.offset)
            return LimitsView.Period(
                amountMax: limits[period].minorUnitsMax,
                amountUsed: total?.minorUnits ?? 0,
                purchasesMax: limits[period].purchasesMax,
                purchasesUsed: total?.purchases ?? 0
            )
        }
        self.init(
            currency: limits.currency.digits,
            exponent: limits.exponent.decimals,
            offsetMinutes: limits.offset.minutes,
            purchaseMax: limits.purchaseMax,
            day: period(.day),
            week: period(.week),
            month: period(.month),
            merchants: LimitsView.Rule(limits.merchants, \.text),
            categories: LimitsView.Rule(limits.categories, \.digits),
            hours: limits.hours.text
        )
    }

    var rows: [[String]] {
        var rows = [["one purchase", Self.text(purchaseMax), ""]]
        for (name, period) in [("day", day), ("week", week), ("month", month)] {
            rows.append(["a \(name)", Self.text(period.amountMax), "\(period.amountUsed)"])
            rows.append([
                "purchases a \(name)", Self.text(period.purchasesMax), "\(period.purchasesUsed)",
            ])
        }
        return rows + [
            ["merchants", merchants.text, ""], ["categories", categories.text, ""],
            ["hours", "\(hours), UTC and \(offsetMinutes) minutes", ""],
        ]
    }

    private static func text(_ most: (some FixedWidthInteger)?) -> String {
        most.map { "\($0)" } ?? "none"
    }
}
