// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// The payouts of one business day. Format 1: cut-off 8, value date 4, number of payouts 4, totals
/// (list: CURR 2, count 4, sum 8), positions (list: BIN 3, CURR 2, amount 16), behind a presence
/// byte the account up to which the run has come, ended 8 behind another one. Format 2: then what
/// was left out (list of names, counted). Format 3: then the own accounts (list: CURR 2, CEXP 1,
/// payee) and what waits (list: account, behind a presence byte the amount 16, name of the record,
/// counted). The key is the day 4. Open until the last account.
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

    /// From where the payouts of a currency go out, as the terms said when the run came to them:
    /// what its files are made of, whenever they are written.
    package struct Unit: Equatable, Sendable {
        package let currency: Currency
        /// Of the smallest amount that a bank pays.
        package let exponent: Exponent
        /// The clearing house's own account.
        package let account: Payee
    }

    /// An account that is not paid, or not all of it, because of a record that does not open.
    package struct Waiting: Equatable, Sendable {
        package let account: LedgerAccount
        /// What of it waits; nil for all that is there.
        package let amount: ExactAmount?
        /// The record, in the words of the audit.
        package let place: String
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
    /// Who was not paid for that: the first ``leftOutMax`` of them.
    package private(set) var waiting: [Waiting] = []
    /// Empty in a run that ended before they were kept.
    package private(set) var units: [Unit] = []
    /// The last account that was looked at.
    var cursor: LedgerAccount?
    package internal(set) var endedAt: Instant?

    private static let formats: ClosedRange<UInt8> = 1...3
    private static let positionsMax = 10_000
    /// Records that are named.
    package static let leftOutMax = 1_000
    fileprivate static let placeBytesMax = 200

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
        let place = SettlementRun.kept(place)
        guard !leftOut.contains(place), leftOut.count < SettlementRun.leftOutMax else { return }
        leftOut.append(place)
    }

    /// Names an account that is not paid, or not all of it, and the record that keeps it out.
    mutating func wait(_ account: LedgerAccount, _ amount: ExactAmount?, for place: String) {
        leaveOut(place)
        guard waiting.count < SettlementRun.leftOutMax else { return }
        let place = SettlementRun.kept(place)
        waiting.append(Waiting(account: account, amount: amount, place: place))
    }

    private static func kept(_ place: String) -> String {
        String(decoding: place.utf8.prefix(placeBytesMax), as: UTF8.self)
    }

    /// Keeps what the terms say of currencies that are new to the run; what it has stays.
    mutating func keep(_ terms: ClearingTerms) {
        for unit in terms.units where !units.contains(where: { $0.currency == unit.currency }) {
            units.append(Unit(unit))
        }
    }

    /// What its files are made of: where nothing was kept, what the terms say now.
    package func units(or terms: ClearingTerms) -> [Unit] {
        units.isEmpty ? terms.units.map(Unit.init) : units
    }
}

extension SettlementRun.Unit {
    fileprivate init(_ unit: ClearingTerms.Unit) {
        self.init(currency: unit.currency, exponent: unit.exponent, account: unit.account)
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
        if format > 2 {
            units = try reader.units()
            waiting = try reader.waiting()
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
        writer.list(units) { writer, unit in
            writer.currency(unit.currency)
            writer.exponent(unit.exponent)
            writer.payee(unit.account)
        }
        writer.list(waiting) { writer, waiting in
            writer.account(waiting.account)
            writer.optional(waiting.amount) { $0.exact($1) }
            writer.text(waiting.place)
        }
        return writer.bytes
    }
}

extension ByteReader {
    fileprivate mutating func units() throws(WireFailure) -> [SettlementRun.Unit] {
        try list("own accounts", max: ClearingLimits.currenciesMax) {
            reader throws(WireFailure) in
            SettlementRun.Unit(
                currency: try reader.currency(),
                exponent: try reader.exponent(),
                account: try reader.payee()
            )
        }
    }

    fileprivate mutating func waiting() throws(WireFailure) -> [SettlementRun.Waiting] {
        try list("waiting", max: SettlementRun.leftOutMax) { reader throws(WireFailure) in
            SettlementRun.Waiting(
                account: try reader.account(),
                amount: try reader.optional("amount") { reader throws(WireFailure) in
                    try reader.exact("amount")
                },
                place: try reader.text("place", bytesMax: SettlementRun.placeBytesMax)
            )
        }
    }
}
