// SPDX-License-Identifier: Apache-2.0

import Kernel

/// What a card may pay, in the words of a page: each limit with what was used of it.
struct LimitWords {
    private let spending: CardSpending?
    private let reader: Reader
    private let now: Instant

    init(_ spending: CardSpending?, _ reader: Reader, at now: Instant) {
        self.spending = spending
        self.reader = reader
        self.now = now
    }

    var isFrozen: Bool { spending?.policy.isFrozen ?? false }

    /// `facts` of the templates; nil where nothing is limited.
    var facts: [[String: Any]]? {
        guard let limits = spending?.policy.limits else { return nil }
        func money(_ units: UInt64) -> String {
            reader.amount(
                Money(minorUnits: units, currency: limits.currency, exponent: limits.exponent)
            )
        }
        var facts: [(String, String)] = []
        if let most = limits.purchaseMax { facts.append(("One purchase", "up to \(money(most))")) }
        for period in SpendingPeriod.allCases {
            let total = spending?.usage?.total(of: period, at: now, limits.offset)
            if let most = limits[period].minorUnitsMax {
                let used = total?.minorUnits ?? 0
                facts.append(("A \(period.word)", "\(money(used)) of \(money(most)) spent"))
            }
            if let most = limits[period].purchasesMax {
                let used = total?.purchases ?? 0
                facts.append(("Purchases a \(period.word)", "\(used) of \(most) made"))
            }
        }
        if let text = Self.text(limits.merchants, \.text) { facts.append(("Shops", text)) }
        if let text = Self.text(limits.categories, \.digits) {
            facts.append(("Kinds of shop", text))
        }
        if limits.hours != .always {
            facts.append(
                ("Hours", "\(Self.hours(limits.hours)) (\(ClockChoice.text(limits.offset)))")
            )
        }
        guard !facts.isEmpty else { return nil }
        return facts.map { ["label": $0.0, "value": $0.1] }
    }

    /// What is allowed once and not used, or nil. With numbers for who may take it back.
    var exceptions: [[String: Any]]? {
        guard let policy = spending?.policy, let limits = policy.limits else { return nil }
        let open = policy.exceptions.filter { $0.isOpen(at: now) }
        guard !open.isEmpty else { return nil }
        return open.map { exception in
            let most = Money(
                minorUnits: exception.minorUnitsMax,
                currency: limits.currency,
                exponent: limits.exponent
            )
            return [
                "number": String(exception.number), "merchant": exception.merchant.text,
                "amount": reader.amount(most), "until": reader.time(exception.end),
            ]
        }
    }

    private static func text<Element>(
        _ rule: SpendingRule<Element>,
        _ text: (Element) -> String
    ) -> String? {
        let list = rule.elements.map(text).sorted().joined(separator: ", ")
        return switch rule.kind {
        case .all: nil
        case .only: list.isEmpty ? "none" : "only \(list)"
        case .except: list.isEmpty ? nil : "all but \(list)"
        }
    }

    /// `Mon–Fri 7–20, Sat 9–12`.
    private static func hours(_ hours: SpendingHours) -> String {
        if hours == .never { return "none" }
        return hours.text.replacing("-", with: "–").split(separator: " ").map { word in
            word.split(separator: "–").map { $0.prefix(1).uppercased() + $0.dropFirst() }
                .joined(separator: "–")
        }.joined(separator: " ")
    }
}
