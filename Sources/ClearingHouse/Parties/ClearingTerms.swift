// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Wire

/// What holds for the whole scheme, as data: currencies, fees, cut-off. Format 1: currencies (list:
/// CURR 2, CEXP 1, payee, least payout 8), fees (list: CURR 2, behind a presence byte the category
/// 2, rule 36), cut-off in minutes 2, offset of the clock in minutes + 720 2, value days 1.
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
        package let rule: FeeRule

        package init(_ currency: Currency, _ category: MerchantCategory?, _ rule: FeeRule) {
            self.currency = currency
            self.category = category
            self.rule = rule
        }
    }

    package var units: [Unit]
    package var fees: [Fee]
    /// Minutes of the day at which a business day ends, by ``clock``.
    package var cutOff: UInt16
    package var clock: LocalOffset
    /// Workdays from the cut-off to the day on which payees have the money.
    package var valueDays: UInt8

    package static let cutOffRange: ClosedRange<UInt16> = 0...1_439
    private static let format: UInt8 = 1

    /// - Returns: nil for too many parts, a currency or category twice, one that counts points, or
    ///   numbers out of range.
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
            currencies.allSatisfy({ !$0.isProgramme && $0 != .nothing }),
            names.count == fees.count, fees.count <= ClearingLimits.feesMax,
            ClearingTerms.cutOffRange.contains(cutOff), valueDays <= ClearingLimits.valueDaysMax
        else { return nil }
        self.units = units
        self.fees = fees
        self.cutOff = cutOff
        self.clock = clock
        self.valueDays = valueDays
    }

    package func unit(of currency: Currency) -> Unit? { units.first { $0.currency == currency } }

    /// The rule of a category; where it has none, that of all.
    package func fee(_ currency: Currency, _ category: MerchantCategory?) -> FeeRule {
        let rules = fees.filter { $0.currency == currency }
        let own = rules.first { $0.category != nil && $0.category == category }
        return (own ?? rules.first { $0.category == nil })?.rule ?? .none
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
        guard try reader.byte("format") == ClearingTerms.format else {
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
            return Fee(currency, category, try reader.feeRule())
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
        writer.byte(ClearingTerms.format)
        writer.list(units) { writer, unit in
            writer.currency(unit.currency)
            writer.exponent(unit.exponent)
            writer.payee(unit.account)
            writer.integer(unit.payoutMinimum, bytes: 8)
        }
        writer.list(fees) { writer, fee in
            writer.currency(fee.currency)
            writer.optional(fee.category) { $0.integer(UInt64($1.bcd), bytes: 2) }
            writer.feeRule(fee.rule)
        }
        writer.integer(UInt64(cutOff), bytes: 2)
        writer.integer(UInt64(clock.minutes - LocalOffset.range.lowerBound), bytes: 2)
        writer.byte(valueDays)
        return writer.bytes
    }
}
