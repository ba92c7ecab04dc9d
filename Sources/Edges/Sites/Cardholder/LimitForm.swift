// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The form for all limits of a card: what is typed in it, and the value that it says.
struct LimitForm {
    /// In the order of the page. The raw values are the names of the entries.
    enum Entry: String, CaseIterable {
        case purchase, day, week, month, dayCount, weekCount, monthCount
        case merchantsRule, merchants, categoriesRule, categories, hours, clock
    }

    /// Letters of one entry that are read: a list of 64 merchants is the longest.
    private static let lettersMax = 1_200

    private(set) var typed: [Entry: String] = [:]
    private(set) var problems = EntryProblems()
    /// Says the currency of the limits.
    private let purse: Money

    /// The form with the limits that there are.
    init(_ limits: SpendingLimits?, of purse: Money) {
        self.purse = purse
        let exponent = purse.exponent
        let limits = limits ?? SpendingLimits(currency: purse.currency, exponent: exponent)
        func amount(_ most: UInt64?) -> String {
            most.map { AmountEntry.text($0, exponent) } ?? ""
        }
        func count(_ most: UInt32?) -> String { most.map { String($0) } ?? "" }
        typed = [
            .purchase: amount(limits.purchaseMax), .day: amount(limits.day.minorUnitsMax),
            .week: amount(limits.week.minorUnitsMax), .month: amount(limits.month.minorUnitsMax),
            .dayCount: count(limits.day.purchasesMax), .weekCount: count(limits.week.purchasesMax),
            .monthCount: count(limits.month.purchasesMax),
            .merchantsRule: limits.merchants.kind.word,
            .merchants: limits.merchants.elements.map(\.text).sorted().joined(separator: ", "),
            .categoriesRule: limits.categories.kind.word,
            .categories: limits.categories.elements.map(\.digits).sorted()
                .joined(separator: ", "),
            .hours: limits.hours == .always ? "" : limits.hours.text,
            .clock: String(limits.offset.minutes),
        ]
    }

    /// The form as it was sent.
    init(_ form: Form, of purse: Money) {
        self.purse = purse
        for entry in Entry.allCases {
            typed[entry] = String(form.text(entry.rawValue).prefix(Self.lettersMax))
        }
    }

    private func text(_ entry: Entry) -> String { typed[entry] ?? "" }

    // MARK: The value

    /// The limits that the form says, where every entry is right; else ``problems`` says which is
    /// not. Entries that are empty limit nothing.
    mutating func limits(_ reader: Reader) -> SpendingLimits? {
        var limits = SpendingLimits(currency: purse.currency, exponent: purse.exponent)
        limits.purchaseMax = amount(.purchase, reader)
        limits.day = .init(minorUnitsMax: amount(.day, reader), purchasesMax: count(.dayCount))
        limits.week = .init(minorUnitsMax: amount(.week, reader), purchasesMax: count(.weekCount))
        limits.month = .init(
            minorUnitsMax: amount(.month, reader),
            purchasesMax: count(.monthCount)
        )
        limits.merchants = rule(
            .merchantsRule,
            .merchants,
            "has 1 to 15 signs without blanks"
        ) { MerchantIdentifier($0) }
        limits.categories = rule(.categoriesRule, .categories, "has four digits") {
            MerchantCategory($0)
        }
        limits.hours = hours()
        if let offset = ClockChoice.offset(text(.clock)) {
            limits.offset = offset
        } else {
            problems.add(Entry.clock.rawValue, "Choose a clock from the list.")
        }
        return problems.isEmpty ? limits : nil
    }

    private mutating func amount(_ entry: Entry, _ reader: Reader) -> UInt64? {
        let typed = text(entry)
        if typed.allSatisfy(\.isWhitespace) { return nil }
        if let units = AmountEntry.minorUnits(typed, purse.exponent) { return units }
        let example = Money(
            minorUnits: 5 * purse.exponent.unit,
            currency: purse.currency,
            exponent: purse.exponent
        )
        problems.add(
            entry.rawValue,
            "Enter an amount such as \(reader.amount(example)), or nothing."
        )
        return nil
    }

    private mutating func count(_ entry: Entry) -> UInt32? {
        let typed = text(entry).filter { !$0.isWhitespace }
        if typed.isEmpty { return nil }
        if typed.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = UInt32(typed) {
            return count
        }
        problems.add(entry.rawValue, "Enter a whole number such as 3, or nothing.")
        return nil
    }

    private mutating func rule<Element: Hashable & Sendable>(
        _ kindEntry: Entry,
        _ entry: Entry,
        _ shape: String,
        _ element: (String) -> Element?
    ) -> SpendingRule<Element> {
        let names = text(entry).split { $0 == "," || $0 == ";" || $0.isWhitespace }.map(String.init)
        guard let kind = SpendingRule<Element>.Kind(word: text(kindEntry)) else {
            problems.add(kindEntry.rawValue, "Choose one from the list.")
            return .all
        }
        if kind == .all {
            guard !names.isEmpty else { return .all }
            problems.add(
                kindEntry.rawValue,
                "There is a list. Choose what it is for, or empty it."
            )
            return .all
        }
        guard !names.isEmpty else {
            problems.add(entry.rawValue, "Name at least one, or allow all.")
            return .all
        }
        var elements: Set<Element> = []
        for name in names {
            guard let found = element(name) else {
                problems.add(
                    entry.rawValue,
                    "“\(name.prefix(Self.shownMax))” cannot be one: it \(shape)."
                )
                return .all
            }
            elements.insert(found)
        }
        guard let rule = SpendingRule(kind, elements) else {
            problems.add(
                entry.rawValue,
                "A list has at most \(SpendingLimits.listedMax) entries."
            )
            return .all
        }
        return rule
    }

    /// Letters of a wrong entry that are said again.
    private static let shownMax = 20

    private mutating func hours() -> SpendingHours {
        // People write a dash where a hyphen is meant, and capitals.
        let typed = text(.hours).lowercased().replacing("–", with: "-")
        let words = typed.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if words.isEmpty { return .always }
        if let hours = SpendingHours(words) { return hours }
        problems.add(
            Entry.hours.rawValue,
            "Write days and full hours as mon-fri 7-20, sat 9-12, or leave it empty."
        )
        return .always
    }

    // MARK: The page

    /// `Form` of the template.
    func values(action: String) -> [String: Any] {
        var values: [String: Any] = ["action": action]
        for entry in Entry.allCases {
            let name = entry.rawValue
            switch entry {
            case .merchantsRule:
                values[name] = problems.choice(name, Self.rules("shop", text(entry)))
            case .categoriesRule:
                values[name] = problems.choice(name, Self.rules("kind", text(entry)))
            case .clock:
                values[name] = problems.choice(name, ClockChoice.options(selected: text(entry)))
            default: values[name] = problems.field(name, text(entry))
            }
        }
        return values
    }

    private static func rules(_ what: String, _ selected: String) -> [[String: Any]] {
        [
            EntryProblems.option("all", "Every \(what)", selected),
            EntryProblems.option("only", "Only those in the list", selected),
            EntryProblems.option("except", "Every \(what) but those in the list", selected),
        ]
    }
}

extension SpendingRule.Kind {
    init?(word: String) {
        switch word {
        case "all": self = .all
        case "only": self = .only
        case "except": self = .except
        default: return nil
        }
    }

    var word: String {
        switch self {
        case .all: "all"
        case .only: "only"
        case .except: "except"
        }
    }
}
