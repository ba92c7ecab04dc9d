// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A programme and its rule as somebody typed them, on a page or behind a command.
package struct ProgrammeEntry: Sendable {
    package enum Field: String, CaseIterable, Sendable {
        case code, name, home, exponent, balanceMax
        case points, per, currency, currencyExponent, rounding
        case bonus, pendingDays, expiryMonths, partners, sites
    }

    /// What is wrong with an entry.
    package struct Problem: Equatable, Sendable {
        package let field: Field
        package let text: String

        package init(_ field: Field, _ text: String) {
            self.field = field
            self.text = text
        }
    }

    package struct Problems: Error, Equatable, Sendable {
        /// At least one, in the order of the entries.
        package let all: [Problem]
    }

    private var texts: [Field: String] = [:]

    package init() {}

    package subscript(_ field: Field) -> String {
        get { texts[field] ?? "" }
        set { texts[field] = newValue }
    }

    /// - Throws: all that is wrong.
    package func read() throws(Problems) -> (programme: Programme, rule: EarnRule) {
        var problems: [Problem] = []
        let programme = programme(&problems)
        let rule = rule(&problems)
        let order = Field.allCases
        problems.sort {
            (order.firstIndex(of: $0.field) ?? 0) < (order.firstIndex(of: $1.field) ?? 0)
        }
        guard problems.isEmpty, let programme, let rule else { throw Problems(all: problems) }
        return (programme, rule)
    }

    /// CURR of a programme.
    package static func code(_ text: String) -> Currency? {
        guard let digits = BCD.parse(text, count: 4),
            let code = Currency(bcd: UInt16(digits)), code.isProgramme
        else { return nil }
        return code
    }

    // MARK: The programme

    private func programme(_ problems: inout [Problem]) -> Programme? {
        let code = Self.code(self[.code])
        let home = Programme.Home.allCases.first { $0.name == self[.home] }
        let exponent = UInt8(self[.exponent]).flatMap { Exponent($0) }
        let balanceMax = AmountEntry.minorUnits(self[.balanceMax], exponent ?? .units)
        let name = self[.name]
        let isName = Programme(
            code: code ?? Self.first,
            exponent: .units,
            name: name,
            home: .card,
            balanceMax: 1,
            sites: [],
            partners: []
        )
        if code == nil { add(.code, "A programme has a code from 9001 to 9999.", &problems) }
        if isName == nil {
            add(.name, "A name has 1 to \(Programme.nameBytesMax) bytes.", &problems)
        }
        if home == nil { add(.home, "Points are on the card or in the database.", &problems) }
        if exponent == nil {
            add(.exponent, "Points have 0 to \(Exponent.max) decimals.", &problems)
        } else if let exponent, (balanceMax ?? 0) == 0 {
            add(.balanceMax, "Give an amount\(upTo(exponent)), more than zero.", &problems)
        }
        let sites = merchants(.sites, &problems)
        let partners = merchants(.partners, &problems)
        guard let code, let home, let exponent, let balanceMax, let sites, let partners else {
            return nil
        }
        return Programme(
            code: code,
            exponent: exponent,
            name: name,
            home: home,
            balanceMax: balanceMax,
            sites: sites,
            partners: partners
        )
    }

    /// Any code, to look at a name alone.
    private static var first: Currency {
        guard let code = Currency(bcd: 0x9001) else {
            preconditionFailure("9001 is decimal.")
        }
        return code
    }

    private func merchants(
        _ field: Field,
        _ problems: inout [Problem]
    ) -> [MerchantIdentifier]? {
        var merchants: [MerchantIdentifier] = []
        for word in words(field) {
            guard let merchant = MerchantIdentifier(word) else {
                add(field, "A merchant has 1 to 15 visible characters: \(word).", &problems)
                return nil
            }
            merchants.append(merchant)
        }
        guard merchants.count <= Programme.merchantsMax else {
            add(field, "There are at most \(Programme.merchantsMax) merchants.", &problems)
            return nil
        }
        return merchants
    }

    // MARK: The rule

    private func rule(_ problems: inout [Problem]) -> EarnRule? {
        let count = problems.count
        let exponent = UInt8(self[.exponent]).flatMap { Exponent($0) }
        let points = AmountEntry.minorUnits(self[.points], exponent ?? .units)
        let digits = BCD.parse(self[.currency], count: 4).map { UInt16($0) }
        let currency = digits.flatMap { Currency(bcd: $0) }
        let decimals = UInt8(self[.currencyExponent]).flatMap { Exponent($0) }
        let per = AmountEntry.minorUnits(self[.per], decimals ?? .cents)
        let rounding = EarnRounding.allCases.first { $0.name == self[.rounding] }
        let pendingDays = UInt16(self[.pendingDays])
        let expiry = expiry
        // Which amounts there are depends on the decimals.
        if points == nil, let exponent {
            add(.points, "Give an amount of points\(upTo(exponent)).", &problems)
        }
        if currency?.isProgramme ?? true {
            add(.currency, "A currency of money has four digits, the first of them 0.", &problems)
        }
        if decimals == nil {
            add(.currencyExponent, "Money has 0 to \(Exponent.max) decimals.", &problems)
        } else if let decimals, (per ?? 0) == 0 {
            add(.per, "Give an amount of money\(upTo(decimals)), more than zero.", &problems)
        }
        if rounding == nil { add(.rounding, "Rounding is down, nearest or up.", &problems) }
        if pendingDays == nil {
            add(.pendingDays, "Points are pending for a whole number of days.", &problems)
        }
        if expiry == nil {
            add(.expiryMonths, "Give a whole number of months, or nothing.", &problems)
        }
        let bonus = bonus(&problems)
        guard problems.count == count, let points, let currency, let decimals, let per,
            let rounding, let pendingDays, let expiry
        else { return nil }
        do throws(EarnRuleRefusal) {
            return try EarnRule(
                points: points,
                per: Money(minorUnits: per, currency: currency, exponent: decimals),
                rounding: rounding,
                bonus: bonus,
                pendingDays: pendingDays,
                expiry: expiry
            )
        } catch {
            add(error.field, error.words, &problems)
            return nil
        }
    }

    private var expiry: EarnExpiry? {
        let text = self[.expiryMonths]
        return text.isEmpty ? .never : UInt8(text).map { .months($0) }
    }

    private func bonus(_ problems: inout [Problem]) -> [BonusDays] {
        var days: [BonusDays] = []
        for word in words(.bonus) {
            guard let one = BonusDays(typed: word) else {
                add(
                    .bonus,
                    "A bonus is like sunday=2.0 or 2026-12-01:2026-12-24=1.5, from 1.1 to "
                        + "100.0: \(word).",
                    &problems
                )
                return []
            }
            days.append(one)
        }
        return days
    }

    private func upTo(_ exponent: Exponent) -> String {
        switch exponent.decimals {
        case 0: " without decimals"
        case 1: " with at most one decimal"
        case let decimals: " with at most \(decimals) decimals"
        }
    }

    /// What stands between blanks.
    private func words(_ field: Field) -> [String] {
        self[field].split(whereSeparator: \.isWhitespace).map(String.init)
    }

    private func add(_ field: Field, _ text: String, _ problems: inout [Problem]) {
        problems.append(Problem(field, text))
    }
}

extension EarnRuleRefusal {
    fileprivate var field: ProgrammeEntry.Field {
        switch self {
        case .empty, .overflow: .points
        case .tooManyBonusDays: .bonus
        case .pendingTooLong: .pendingDays
        case .expiryTooFar: .expiryMonths
        }
    }

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
