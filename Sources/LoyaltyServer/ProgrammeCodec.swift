// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

// A programme and its rule as bytes, without CURR, which is the key. The rule: points 8, for M 11,
// rounding 1, pending days 2, behind a presence byte the months until expiry 1, number of bonus
// days 1, and for each: behind a presence byte each the weekday 1 (Monday is 0) and the dates 3 +
// 3, then tenths 2.
extension ByteReader {
    mutating func programmeTerms(of code: Currency) throws(WireFailure) -> Programme {
        let exponent = try exponent()
        let name = try text("name", bytesMax: Programme.nameBytesMax)
        let home = try value("home", bytes: 1) { Programme.Home(rawValue: UInt8($0)) }
        let balanceMax = try integer("BALMAX", bytes: 8)
        let sites = try merchants("sites")
        let partners = try merchants("partners")
        let programme = Programme(
            code: code,
            exponent: exponent,
            name: name,
            home: home,
            balanceMax: balanceMax,
            sites: sites,
            partners: partners
        )
        guard let programme else { throw failure("name", .invalid) }
        return programme
    }

    private mutating func merchants(
        _ field: StaticString
    ) throws(WireFailure) -> [MerchantIdentifier] {
        let count = try value(field, bytes: 2) { count in
            count <= Programme.merchantsMax ? Int(count) : nil
        }
        var merchants: [MerchantIdentifier] = []
        for _ in 0..<count { merchants.append(try merchant()) }
        return merchants
    }

    mutating func earnRule() throws(WireFailure) -> EarnRule {
        let points = try integer("points", bytes: 8)
        let per = try money()
        let rounding = try value("rounding", bytes: 1) { EarnRounding(rawValue: UInt8($0)) }
        let pendingDays = UInt16(try integer("pending days", bytes: 2))
        let months = try optional("expiry") { reader throws(WireFailure) in
            try reader.byte("expiry")
        }
        let count = try byte("bonus days")
        var bonus: [BonusDays] = []
        for _ in 0..<count { bonus.append(try bonusDays()) }
        do throws(EarnRuleRefusal) {
            return try EarnRule(
                points: points,
                per: per,
                rounding: rounding,
                bonus: bonus,
                pendingDays: pendingDays,
                expiry: months.map { .months($0) } ?? .never
            )
        } catch { throw failure("rule", .invalid) }
    }

    private mutating func bonusDays() throws(WireFailure) -> BonusDays {
        let weekday = try optional("weekday") { reader throws(WireFailure) in
            try reader.value("weekday", bytes: 1) { Weekday(rawValue: Int($0)) }
        }
        let dates = try optional("dates") { reader throws(WireFailure) in
            try reader.dates()
        }
        let tenths = UInt16(try integer("tenths", bytes: 2))
        guard let days = BonusDays(weekday: weekday, dates: dates, tenths: tenths) else {
            throw failure("bonus days", .invalid)
        }
        return days
    }

    private mutating func dates() throws(WireFailure) -> ClosedRange<CivilDate> {
        let (first, last) = (try expiry().civilDate, try expiry().civilDate)
        guard first <= last else { throw failure("dates", .invalid) }
        return first...last
    }
}

extension ByteWriter {
    mutating func programmeTerms(_ programme: Programme) {
        exponent(programme.exponent)
        text(programme.name)
        byte(programme.home.rawValue)
        integer(programme.balanceMax, bytes: 8)
        for merchants in [programme.sites, programme.partners] {
            integer(UInt64(merchants.count), bytes: 2)
            for merchant in merchants { self.merchant(merchant) }
        }
    }

    mutating func earnRule(_ rule: EarnRule) {
        integer(rule.points, bytes: 8)
        money(rule.per)
        byte(rule.rounding.rawValue)
        integer(UInt64(rule.pendingDays), bytes: 2)
        switch rule.expiry {
        case .never: byte(0)
        case .months(let months):
            byte(1)
            byte(months)
        }
        byte(UInt8(rule.bonus.count))
        for days in rule.bonus {
            optional(days.weekday) { $0.byte(UInt8($1.rawValue)) }
            optional(days.dates) { writer, dates in
                writer.expiry(CardDate(dates.lowerBound))
                writer.expiry(CardDate(dates.upperBound))
            }
            integer(UInt64(days.tenths), bytes: 2)
        }
    }
}
