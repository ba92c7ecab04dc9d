// SPDX-License-Identifier: Apache-2.0

import Kernel
import Testing

/// Moments, limits and purchases for the tests of spending.
enum Limits {
    static let shop = MerchantIdentifier("SHOP")
    static let other = MerchantIdentifier("OTHER")

    /// `2026-11-22 16:14:05.006`, in UTC.
    static func moment(_ text: String) throws -> Instant {
        let numbers = text.split { !$0.isNumber }.compactMap { Int64($0) }
        let date = try #require(
            CivilDate(
                year: Int(numbers[0]),
                month: Int(numbers[1]),
                dayOfMonth: Int(numbers[2])
            )
        )
        let time = Array(numbers.dropFirst(3)) + [0, 0, 0, 0]
        let seconds = time[0] * 3600 + time[1] * 60 + time[2]
        return Instant(milliseconds: date.day * 86_400_000 + seconds * 1000 + time[3])
    }

    static func euros(_ minorUnits: UInt64) -> Money {
        Money(minorUnits: minorUnits, currency: .euro, exponent: .cents)
    }

    /// A purchase at the shop; its category is that of restaurants.
    static func request(
        _ minorUnits: UInt64 = 100,
        at merchant: MerchantIdentifier? = shop,
        category: String? = "5812"
    ) throws -> SpendingRequest {
        SpendingRequest(
            amount: euros(minorUnits),
            merchant: try #require(merchant),
            category: category.flatMap { MerchantCategory($0) }
        )
    }

    static func limits(
        offset minutes: Int = 0,
        _ change: (inout SpendingLimits) throws -> Void = { _ in }
    ) throws -> SpendingLimits {
        var limits = SpendingLimits(
            currency: .euro,
            exponent: .cents,
            offset: try #require(LocalOffset(minutes: minutes))
        )
        try change(&limits)
        return limits
    }

    static func spending(
        offset minutes: Int = 0,
        at moment: Instant,
        _ change: (inout SpendingLimits) throws -> Void
    ) throws -> CardSpending {
        try #require(
            CardSpending.setting(
                SpendingPolicy(limits: try limits(offset: minutes, change)),
                after: nil,
                at: moment,
                nextTransaction: 1
            )
        )
    }
}

extension CardSpending {
    /// Counts a purchase of so many cents.
    mutating func pay(_ minorUnits: UInt64, transaction: UInt32, at moment: Instant) {
        count(Limits.euros(minorUnits), transaction: transaction, exception: nil, at: moment)
    }
}
