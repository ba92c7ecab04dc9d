// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// The payouts of one business day. Format 1: cut-off 8, value date 4, number of payouts 4, totals
/// (list: CURR 2, count 4, sum 8), positions (list: BIN 3, CURR 2, amount 16), behind a presence
/// byte the account up to which the run has come, ended 8 behind another one. Format 2: then what
/// was left out (list of names, counted). The key is the day 4. Open until the last account.
package struct SettlementRun: Equatable, Sendable {
    package struct Total: Equatable, Sendable {
        package let currency: Currency
        package internal(set) var count: UInt32
        /// In minor units of the currency.
        package internal(set) var sum: UInt64
    }

    /// What an issuer owes after netting: below zero.
    package struct Position: Equatable, Sendable {
        package let issuer: IssuerIdentifier
        package let currency: Currency
        package let amount: ExactAmount
    }

    package let day: BusinessDay
    package let cutOff: Instant
    package let valueDate: CivilDate
    package private(set) var payouts: UInt32 = 0
    package private(set) var totals: [Total] = []
    package internal(set) var positions: [Position] = []
    /// Records that do not open, in the words of the audit: what they are of was not paid, and is
    /// with the run after they were restored. The first ``leftOutMax`` of them.
    package private(set) var leftOut: [String] = []
    /// The last account that was looked at.
    var cursor: LedgerAccount?
    package internal(set) var endedAt: Instant?

    private static let formats: ClosedRange<UInt8> = 1...2
    private static let positionsMax = 10_000
    /// Records that are named.
    package static let leftOutMax = 1_000
    private static let placeBytesMax = 200

    init(_ day: BusinessDay, cutOff: Instant, valueDate: CivilDate) {
        self.day = day
        self.cutOff = cutOff
        self.valueDate = valueDate
    }

    /// Counts a payout.
    ///
    /// - Returns: its number; nil where a sum would be too large.
    mutating func add(_ minorUnits: UInt64, _ currency: Currency) -> UInt32? {
        let index = totals.firstIndex { $0.currency == currency }
        var total = index.map { totals[$0] } ?? Total(currency: currency, count: 0, sum: 0)
        let (sum, isTooLarge) = total.sum.addingReportingOverflow(minorUnits)
        guard !isTooLarge else { return nil }
        (total.sum, total.count) = (sum, total.count + 1)
        if let index { totals[index] = total } else { totals.append(total) }
        payouts += 1
        return payouts
    }

    /// Names a record that keeps what it is of out of the run, once.
    mutating func leaveOut(_ place: String) {
        let place = String(decoding: place.utf8.prefix(SettlementRun.placeBytesMax), as: UTF8.self)
        guard !leftOut.contains(place), leftOut.count < SettlementRun.leftOutMax else { return }
        leftOut.append(place)
    }
}

extension SettlementRun: ClearingRecord {
    static let kind = ClearingRecords.run
    static func key(_ day: BusinessDay) -> [UInt8] { day.number.bigEndianBytes }
    var key: [UInt8] { SettlementRun.key(day) }
    var isOpen: Bool { endedAt == nil }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "settlement key")
        day = try name.day("day")
        var reader = ByteReader(body, of: "settlement")
        let format = try reader.byte("format")
        guard SettlementRun.formats.contains(format) else {
            throw reader.failure("format", .invalid)
        }
        cutOff = try reader.moment("cut-off")
        valueDate = try reader.day("value date").date
        payouts = try reader.number("payouts")
        totals = try reader.list(
            "totals",
            max: ClearingLimits.currenciesMax
        ) { reader throws(WireFailure) in
            Total(
                currency: try reader.currency(),
                count: try reader.number("count"),
                sum: try reader.integer("sum", bytes: 8)
            )
        }
        positions = try reader.list(
            "positions",
            max: SettlementRun.positionsMax
        ) { reader throws(WireFailure) in
            Position(
                issuer: try reader.issuer(),
                currency: try reader.currency(),
                amount: try reader.exact("amount")
            )
        }
        cursor = try reader.optional("cursor") { reader throws(WireFailure) in
            try reader.account()
        }
        endedAt = try reader.optional("ended") { reader throws(WireFailure) in
            try reader.moment("ended")
        }
        if format > 1 {
            leftOut = try reader.list(
                "left out",
                max: SettlementRun.leftOutMax
            ) { reader throws(WireFailure) in
                try reader.text("place", bytesMax: SettlementRun.placeBytesMax)
            }
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(SettlementRun.formats.upperBound)
        writer.moment(cutOff)
        writer.day(BusinessDay(valueDate))
        writer.number(payouts)
        writer.list(totals) { writer, total in
            writer.currency(total.currency)
            writer.number(total.count)
            writer.integer(total.sum, bytes: 8)
        }
        writer.list(Array(positions.prefix(SettlementRun.positionsMax))) { writer, position in
            writer.issuer(position.issuer)
            writer.currency(position.currency)
            writer.exact(position.amount)
        }
        writer.optional(cursor) { $0.account($1) }
        writer.optional(endedAt) { $0.moment($1) }
        writer.list(leftOut) { $0.text($1) }
        return writer.bytes
    }
}
