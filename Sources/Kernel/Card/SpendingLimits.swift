// SPDX-License-Identifier: Apache-2.0

/// What a card may pay for: a value that a guardian sets for a child's card, a person for a program
/// that pays, or the issuer. Amounts are minor units of one currency; what is nil is not limited.
package struct SpendingLimits: Equatable, Sendable {
    /// The most in one period.
    package struct Period: Equatable, Sendable {
        package var minorUnitsMax: UInt64?
        package var purchasesMax: UInt32?

        package init(minorUnitsMax: UInt64? = nil, purchasesMax: UInt32? = nil) {
            self.minorUnitsMax = minorUnitsMax
            self.purchasesMax = purchasesMax
        }
    }

    /// Merchants, or categories, that one list holds at the most.
    package static let listedMax = 64

    package let currency: Currency
    package let exponent: Exponent
    /// By which clock periods and hours are reckoned.
    package var offset: LocalOffset
    package var purchaseMax: UInt64?
    package var day: Period
    package var week: Period
    package var month: Period
    package var merchants: SpendingRule<MerchantIdentifier>
    /// A list of either kind refuses merchants whose category is not known: else it would be enough
    /// to take a merchant out of the directory.
    package var categories: SpendingRule<MerchantCategory>
    package var hours: SpendingHours

    /// Limits that refuse nothing yet.
    package init(currency: Currency, exponent: Exponent, offset: LocalOffset = .utc) {
        self.currency = currency
        self.exponent = exponent
        self.offset = offset
        purchaseMax = nil
        day = Period()
        week = Period()
        month = Period()
        merchants = .all
        categories = .all
        hours = .always
    }

    package subscript(period: SpendingPeriod) -> Period {
        get {
            switch period {
            case .day: day
            case .week: week
            case .month: month
            }
        }
        set {
            switch period {
            case .day: day = newValue
            case .week: week = newValue
            case .month: month = newValue
            }
        }
    }

    /// Whether amounts are counted in this currency at this exponent.
    package func counts(_ amount: Money) -> Bool {
        amount.currency == currency && amount.exponent == exponent
    }

    /// Which limit refuses a purchase, in the order of ``SpendingRefusal``, or nil.
    ///
    /// `usage`: what was spent before.
    /// `moment`: the clock of the module; what a terminal says of the time decides nothing.
    package func refusal(
        of request: SpendingRequest,
        _ usage: SpendingUsage,
        at moment: Instant
    ) -> SpendingRefusal? {
        guard counts(request.amount) else { return .otherCurrency }
        guard merchants.allows(request.merchant) else { return .merchant(request.merchant) }
        if categories.kind != .all {
            guard let category = request.category, categories.allows(category) else {
                return .category(request.category)
            }
        }
        guard hours.contains(moment, offset) else {
            return .hour(opens: hours.next(after: moment, offset))
        }
        let amount = request.amount.minorUnits
        if let most = purchaseMax, amount > most { return .purchase(most: most) }
        for period in SpendingPeriod.allCases {
            let total = usage.total(of: period, at: moment, offset)
            guard let most = self[period].purchasesMax, total.purchases >= most else { continue }
            return .count(period, most: most, renews: period.end(of: total.number, offset))
        }
        for period in SpendingPeriod.allCases {
            let total = usage.total(of: period, at: moment, offset)
            guard let most = self[period].minorUnitsMax else { continue }
            let left = most - min(most, total.minorUnits)
            if amount <= left { continue }
            return .amount(
                period,
                most: most,
                left: left,
                renews: period.end(of: total.number, offset)
            )
        }
        return nil
    }
}
