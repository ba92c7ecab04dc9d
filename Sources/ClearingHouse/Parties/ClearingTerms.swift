// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Wire

/// What holds for the whole scheme, as data: currencies, fees, cut-off. Format 2: currencies (list:
/// CURR 2, CEXP 1, payee, least payout 8), fees (list: CURR 2, behind a presence byte the category
/// 2, schedule), cut-off in minutes 2, offset of the clock in minutes + 720 2, value days 1. In
/// format 1 a fee had one rule 36 instead of the schedule: it applies from the beginning.
package struct ClearingTerms: Equatable, Sendable {
    /// A currency that is cleared in.
    package struct Unit: Equatable, Sendable {
        package let currency: Currency
        /// Of the smallest amount that a bank pays (ISO 4217); payouts are rounded down to it.
        package let exponent: Exponent
        /// The clearing house's own account, from which merchants are paid.
        package let account: Payee
        /// Less than this stays on the account until there is more, in minor units.
        package let payoutMinimum: UInt64

        package init(
            _ currency: Currency,
            _ exponent: Exponent,
            account: Payee,
            payoutMinimum: UInt64 = 1
        ) {
            self.currency = currency
            self.exponent = exponent
            self.account = account
            self.payoutMinimum = max(1, payoutMinimum)
        }
    }

    /// What merchants of a category pay, or all that have no rule of their own.
    package struct Fee: Equatable, Sendable {
        package let currency: Currency
        package let category: MerchantCategory?
        package let schedule: FeeSchedule

        package init(
            _ currency: Currency,
            _ category: MerchantCategory?,
            _ schedule: FeeSchedule
        ) {
            self.currency = currency
            self.category = category
            self.schedule = schedule
        }

        /// The same rule on all days.
        package init(_ currency: Currency, _ category: MerchantCategory?, _ rule: FeeRule) {
            self.init(currency, category, FeeSchedule(rule))
        }
    }

    package var units: [Unit]
    package private(set) var fees: [Fee]
    /// Minutes of the day at which a business day ends, by ``clock``.
    package var cutOff: UInt16
    /// It says on which day a sale was made, and a batch closed.
    package var clock: LocalOffset
    /// Workdays from the cut-off to the day on which payees have the money.
    package var valueDays: UInt8

    package static let cutOffRange: ClosedRange<UInt16> = 0...1_439

    /// A cut-off as it is written: `22:00`.
    package static func text(ofCutOff minutes: UInt16) -> String {
        [minutes / 60, minutes % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }

    private static let formats: ClosedRange<UInt8> = 1...2

    /// - Returns: nil for too many parts or rules of fees, a currency or category twice, one that
    ///   counts points, or numbers out of range.
    package init?(
        units: [Unit],
        fees: [Fee] = [],
        cutOff: UInt16 = 0,
        clock: LocalOffset = .utc,
        valueDays: UInt8 = 1
    ) {
        let currencies = Set(units.map(\.currency))
        let names = Set(fees.map { [$0.currency.bcd, $0.category?.bcd ?? 0xFFFF] })
        guard currencies.count == units.count, units.count <= ClearingLimits.currenciesMax,
            currencies.allSatisfy(\.isMoney),
            names.count == fees.count, ClearingTerms.count(fees) <= ClearingLimits.feesMax,
            ClearingTerms.cutOffRange.contains(cutOff), valueDays <= ClearingLimits.valueDaysMax
        else { return nil }
        self.units = units
        self.fees = fees
        self.cutOff = cutOff
        self.clock = clock
        self.valueDays = valueDays
    }

    package func unit(of currency: Currency) -> Unit? { units.first { $0.currency == currency } }

    /// What merchants of a category pay in a currency; on days without a rule of the category, what
    /// all pay.
    package func feeSchedule(
        of category: MerchantCategory?,
        in currency: Currency
    ) -> FeeSchedule {
        let all = ownSchedule(of: nil, in: currency)
        guard let category else { return all }
        return ownSchedule(of: category, in: currency).fallingBack(to: all)
    }

    /// The rules of a category alone, or those of all; none where there are none.
    package func ownSchedule(
        of category: MerchantCategory?,
        in currency: Currency
    ) -> FeeSchedule {
        let fee = fees.first { $0.currency == currency && $0.category == category }
        return fee?.schedule ?? FeeSchedule()
    }

    /// Puts a schedule in the place of the one that the category, or all, have in the currency. One
    /// without rules goes.
    ///
    /// - Returns: false where there would be more than ``ClearingLimits/feesMax`` rules; then
    ///   nothing has changed.
    package mutating func put(_ fee: Fee) -> Bool {
        var next = fees
        let place = next.firstIndex { $0.currency == fee.currency && $0.category == fee.category }
        if let place { next[place] = fee } else { next.append(fee) }
        next.removeAll { $0.schedule.entries.isEmpty }
        guard ClearingTerms.count(next) <= ClearingLimits.feesMax else { return false }
        fees = next
        return true
    }

    private static func count(_ fees: [Fee]) -> Int {
        fees.reduce(0) { $0 + $1.schedule.entries.count }
    }

    /// The last business day whose cut-off has passed.
    ///
    /// - Returns: nil in the first two days of 1970.
    package func businessDay(closedBefore moment: Instant) -> BusinessDay? {
        let day = clock.day(of: moment)
        let begin = clock.moment(ofDay: day).adding(.seconds(Int64(cutOff) * 60))
        let last = moment < begin ? day - 2 : day - 1
        return UInt32(exactly: last).flatMap(BusinessDay.init)
    }
}

extension ClearingTerms: ClearingRecord {
    static let kind = ClearingRecords.terms
    static let key: [UInt8] = [0]
    var key: [UInt8] { ClearingTerms.key }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(body, of: "clearing terms")
        let format = try reader.byte("format")
        guard ClearingTerms.formats.contains(format) else {
            throw reader.failure("format", .invalid)
        }
        let units = try reader.list(
            "currencies",
            max: ClearingLimits.currenciesMax
        ) { reader throws(WireFailure) in
            let currency = try reader.currency()
            let exponent = try reader.exponent()
            let account = try reader.payee()
            let minimum = try reader.integer("least payout", bytes: 8)
            return Unit(currency, exponent, account: account, payoutMinimum: minimum)
        }
        let fees = try reader.list(
            "fees",
            max: ClearingLimits.feesMax
        ) { reader throws(WireFailure) in
            let currency = try reader.currency()
            let category = try reader.optional("category") { reader throws(WireFailure) in
                try reader.value("category", bytes: 2) { MerchantCategory(bcd: UInt16($0)) }
            }
            return format == 1
                ? Fee(currency, category, try reader.feeRule())
                : Fee(currency, category, try reader.feeSchedule())
        }
        let cutOff = try reader.integer("cut-off", bytes: 2)
        let clock = try reader.value("clock", bytes: 2) {
            LocalOffset(minutes: Int($0) + LocalOffset.range.lowerBound)
        }
        let valueDays = try reader.byte("value days")
        try reader.end()
        guard
            let terms = ClearingTerms(
                units: units,
                fees: fees,
                cutOff: UInt16(cutOff),
                clock: clock,
                valueDays: valueDays
            )
        else { throw reader.failure("terms", .invalid) }
        self = terms
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.byte(ClearingTerms.formats.upperBound)
        writer.list(units) { writer, unit in
            writer.currency(unit.currency)
            writer.exponent(unit.exponent)
            writer.payee(unit.account)
            writer.integer(unit.payoutMinimum, bytes: 8)
        }
        writer.list(fees) { writer, fee in
            writer.currency(fee.currency)
            writer.optional(fee.category) { $0.integer(UInt64($1.bcd), bytes: 2) }
            writer.feeSchedule(fee.schedule)
        }
        writer.integer(UInt64(cutOff), bytes: 2)
        writer.integer(UInt64(clock.minutes - LocalOffset.range.lowerBound), bytes: 2)
        writer.byte(valueDays)
        return writer.bytes
    }
}
