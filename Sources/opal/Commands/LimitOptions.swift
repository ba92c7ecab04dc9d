// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kernel

/// A limit that is set to a number, or lifted.
struct LimitArgument<Number: FixedWidthInteger & Sendable>: ExpressibleByArgument {
    /// Nil for none.
    let most: Number?

    init?(argument: String) {
        if argument == "none" {
            most = nil
        } else if let number = Number(argument) {
            most = number
        } else {
            return nil
        }
    }
}

/// The limits of a card, as options.
struct LimitOptions: ParsableArguments {
    @Option(name: .long, help: "The most for one purchase, or none.")
    var purchase: LimitArgument<UInt64>?
    @Option(name: .long, help: "The most for a day, or none.")
    var day: LimitArgument<UInt64>?
    @Option(name: .long, help: "The most for a week from Monday, or none.")
    var week: LimitArgument<UInt64>?
    @Option(name: .long, help: "The most for a month, or none.")
    var month: LimitArgument<UInt64>?
    @Option(name: .long, help: "Purchases a day, or none.")
    var dayCount: LimitArgument<UInt32>?
    @Option(name: .long, help: "Purchases a week, or none.")
    var weekCount: LimitArgument<UInt32>?
    @Option(name: .long, help: "Purchases a month, or none.")
    var monthCount: LimitArgument<UInt32>?
    @Option(
        name: .long,
        help: "Merchants: all, `only A,B` or `except A,B`; at most 64."
    )
    var merchants: String?
    @Option(
        name: .long,
        help: "Categories of ISO 18245: all, `only 5812,5411` or `except 7995`; at most 64."
    )
    var categories: String?
    @Option(name: .long, help: "Hours: always, never, or as `mon-fri 7-20, sat 9-12`.")
    var hours: String?
    @Option(name: .long, help: "Minutes that the local clock is ahead of UTC, −720 to 840.")
    var offset: Int?
    @Flag(name: .long, help: "Lift all limits.")
    var none = false

    /// Whether a single limit is set.
    var isSet: Bool {
        purchase != nil || day != nil || week != nil || month != nil || dayCount != nil
            || weekCount != nil || monthCount != nil || merchants != nil || categories != nil
            || hours != nil || offset != nil
    }

    func validate() throws {
        if isSet && none { throw ValidationError("Set limits, or lift all of them.") }
        var trial = SpendingLimits(currency: .nothing, exponent: .units)
        try change(&trial)
    }

    func change(_ limits: inout SpendingLimits) throws {
        if let purchase { limits.purchaseMax = purchase.most }
        for (period, amount, count) in [
            (SpendingPeriod.day, day, dayCount), (.week, week, weekCount),
            (.month, month, monthCount),
        ] {
            if let amount { limits[period].minorUnitsMax = amount.most }
            if let count { limits[period].purchasesMax = count.most }
        }
        if let merchants {
            limits.merchants = try Self.rule(merchants, "A merchant has 1 to 15 characters.") {
                MerchantIdentifier($0)
            }
        }
        if let categories {
            limits.categories = try Self.rule(categories, "A category has four digits.") {
                MerchantCategory($0)
            }
        }
        if let hours {
            guard let parsed = SpendingHours(hours) else {
                throw ValidationError("Hours are always, never, or as `mon-fri 7-20, sat 9-12`.")
            }
            limits.hours = parsed
        }
        if let offset {
            guard let parsed = LocalOffset(minutes: offset) else {
                throw ValidationError("The offset is −720 to 840 minutes.")
            }
            limits.offset = parsed
        }
    }

    /// `all`, `only A,B`, `except A,B`.
    private static func rule<Element: Hashable & Sendable>(
        _ text: String,
        _ problem: String,
        _ element: (String) -> Element?
    ) throws -> SpendingRule<Element> {
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        let kind: SpendingRule<Element>.Kind
        switch (words.first, words.count) {
        case ("all", 1): return .all
        case ("only", 2): kind = .only
        case ("except", 2): kind = .except
        default: throw ValidationError("It is all, `only` and a list, or `except` and a list.")
        }
        let names = words[1].split(separator: ",").map { $0.filter { $0 != " " } }
        let elements = names.compactMap { element(String($0)) }
        guard elements.count == names.count else { throw ValidationError(problem) }
        guard let rule = SpendingRule(kind, Set(elements)) else {
            throw ValidationError("A list has at most \(SpendingLimits.listedMax) entries.")
        }
        return rule
    }
}

/// Freezing, and what is allowed once, as options.
struct ExceptionOptions: ParsableArguments {
    @Flag(name: .long, help: "Freeze the card: it pays nothing until it is unfrozen.")
    var freeze = false
    @Flag(name: .long, help: "Unfreeze the card.")
    var unfreeze = false
    @Option(name: .long, help: "Allow one purchase from this merchant that a limit refuses.")
    var allow: String?
    @Option(name: .long, help: "The most that the allowed purchase may cost.")
    var atMost: UInt64?
    @Option(name: .long, help: "For how many minutes it is allowed.")
    var minutes: Int64 = 24 * 60
    @Option(name: .long, help: "Take back the exception with this number.")
    var withdraw: UInt32?

    private static let minutesRange: ClosedRange<Int64> = 1...366 * 24 * 60

    var isFrozen: Bool? { freeze ? true : unfreeze ? false : nil }

    func merchant() throws -> MerchantIdentifier? {
        guard let allow else { return nil }
        guard let merchant = MerchantIdentifier(allow) else {
            throw ValidationError("A merchant identifier has 1 to 15 visible characters.")
        }
        return merchant
    }

    func validate() throws {
        if freeze && unfreeze { throw ValidationError("Freeze the card or unfreeze it.") }
        if try merchant() != nil, atMost == nil {
            throw ValidationError("Say with --at-most what the purchase may cost.")
        }
        guard Self.minutesRange.contains(minutes) else {
            throw ValidationError("It is allowed for a minute to a year.")
        }
    }
}
