// SPDX-License-Identifier: Apache-2.0

package import Kernel

// The bytes of a spending policy, in a card's record and in its history. Format 1, flags 1 (bit 0
// frozen, bit 1 has limits), number of the last exception 4, number of exceptions 1 and each
// number 4, MERCH 15, most 8, end 8; then the limits, if there are any. Each policy has one
// encoding: lists stand in ascending order.
extension SpendingPolicy {
    private static let format: UInt8 = 1

    /// Above the longest policy: 8 exceptions, 64 merchants, 64 categories.
    package static let bytesMax = 2048

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "spending policy")
        guard try reader.byte("format") == SpendingPolicy.format else {
            throw reader.failure("format", .invalid)
        }
        let flags = try reader.byte("flags")
        guard flags <= 3 else { throw reader.failure("flags", .invalid) }
        let lastException = try reader.number("last exception")
        var exceptions: [SpendingException] = []
        for _ in 0..<(try reader.count("exceptions", max: SpendingPolicy.exceptionsMax)) {
            exceptions.append(
                SpendingException(
                    number: try reader.number("exception"),
                    merchant: try reader.merchant(),
                    minorUnitsMax: try reader.integer("most", bytes: 8),
                    end: try reader.moment("end")
                )
            )
        }
        let limits = flags & 2 == 0 ? nil : try SpendingLimits(&reader)
        guard
            let policy = SpendingPolicy(
                limits: limits,
                isFrozen: flags & 1 == 1,
                exceptions: exceptions,
                lastException: lastException
            )
        else { throw reader.failure("exceptions", .invalid) }
        try reader.end()
        self = policy
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.byte(SpendingPolicy.format)
        writer.byte((isFrozen ? 1 : 0) | (limits == nil ? 0 : 2))
        writer.number(lastException)
        writer.byte(UInt8(exceptions.count))
        for exception in exceptions {
            writer.number(exception.number)
            writer.merchant(exception.merchant)
            writer.integer(exception.minorUnitsMax, bytes: 8)
            writer.integer(UInt64(bitPattern: exception.end.milliseconds), bytes: 8)
        }
        limits?.write(to: &writer)
        return writer.bytes
    }
}

// CURR 2, CEXP 1, minutes ahead of UTC 2 (two's complement), which amounts and counts are limited 1
// (bit 0 a purchase; then for day, week and month a bit for the amount and one for the count), each
// of these, amounts 8 and counts 4; for each day from Monday 24 bits of hours 3; merchants: kind 1,
// number 1, MERCH 15 each; categories: kind 1, number 1, each 2.
extension SpendingLimits {
    fileprivate init(_ reader: inout ByteReader) throws(WireFailure) {
        self.init(
            currency: try reader.currency(),
            exponent: try reader.exponent(),
            offset: try reader.value("offset", bytes: 2) {
                LocalOffset(minutes: Int(Int16(bitPattern: UInt16($0))))
            }
        )
        let present = try reader.byte("limits")
        guard present < 0x80 else { throw reader.failure("limits", .invalid) }
        if present & 1 == 1 { purchaseMax = try reader.integer("purchase", bytes: 8) }
        for period in SpendingPeriod.allCases {
            if present & period.amountBit != 0 {
                self[period].minorUnitsMax = try reader.integer("amount", bytes: 8)
            }
            if present & period.countBit != 0 {
                self[period].purchasesMax = try reader.number("count")
            }
        }
        var days: [UInt32] = []
        for _ in Weekday.allCases { days.append(UInt32(try reader.integer("hours", bytes: 3))) }
        guard let hours = SpendingHours(bits: days) else {
            throw reader.failure("hours", .invalid)
        }
        self.hours = hours
        merchants = try reader.rule("merchants", before: { $0.text < $1.text }) {
            reader throws(WireFailure) in
            try reader.merchant()
        }
        categories = try reader.rule("categories", before: <) { reader throws(WireFailure) in
            try reader.value("category", bytes: 2) { MerchantCategory(bcd: UInt16($0)) }
        }
    }

    fileprivate func write(to writer: inout ByteWriter) {
        writer.currency(currency)
        writer.exponent(exponent)
        writer.integer(UInt64(UInt16(bitPattern: Int16(offset.minutes))), bytes: 2)
        var present: UInt8 = purchaseMax == nil ? 0 : 1
        for period in SpendingPeriod.allCases {
            if self[period].minorUnitsMax != nil { present |= period.amountBit }
            if self[period].purchasesMax != nil { present |= period.countBit }
        }
        writer.byte(present)
        if let purchaseMax { writer.integer(purchaseMax, bytes: 8) }
        for period in SpendingPeriod.allCases {
            if let most = self[period].minorUnitsMax { writer.integer(most, bytes: 8) }
            if let most = self[period].purchasesMax { writer.number(most) }
        }
        for day in hours.days { writer.integer(UInt64(day), bytes: 3) }
        writer.byte(merchants.kind.rawValue)
        writer.byte(UInt8(merchants.elements.count))
        for merchant in merchants.elements.sorted(by: { $0.text < $1.text }) {
            writer.merchant(merchant)
        }
        writer.byte(categories.kind.rawValue)
        writer.byte(UInt8(categories.elements.count))
        for category in categories.elements.sorted() {
            writer.integer(UInt64(category.bcd), bytes: 2)
        }
    }
}

extension SpendingPeriod {
    fileprivate var amountBit: UInt8 { 2 << (rawValue * 2) }
    fileprivate var countBit: UInt8 { 4 << (rawValue * 2) }
}

extension ByteReader {
    fileprivate mutating func count(
        _ field: StaticString,
        max: Int
    ) throws(WireFailure) -> Int {
        try value(field, bytes: 1) { $0 <= UInt64(max) ? Int($0) : nil }
    }

    fileprivate mutating func rule<Element: Hashable & Sendable>(
        _ field: StaticString,
        before: (Element, Element) -> Bool,
        _ element: (inout ByteReader) throws(WireFailure) -> Element
    ) throws(WireFailure) -> SpendingRule<Element> {
        let kind = try value(field, bytes: 1) { SpendingRule<Element>.Kind(rawValue: UInt8($0)) }
        var elements: [Element] = []
        for _ in 0..<(try count(field, max: SpendingLimits.listedMax)) {
            let next = try element(&self)
            if let last = elements.last, !before(last, next) { throw failure(field, .invalid) }
            elements.append(next)
        }
        guard let rule = SpendingRule(kind, Set(elements)) else { throw failure(field, .invalid) }
        return rule
    }
}
