// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Kernel

/// What is paid for sales, today and from a coming day on, as rows of the pages of the clearing
/// house; and when a day ends.
struct ConsoleFees {
    let terms: ClearingTerms
    let reader: Reader
    /// Days since 1970-01-01, by the scheme's clock.
    private let today: Int64

    init(_ terms: ClearingTerms, _ reader: Reader, now: Instant) {
        self.terms = terms
        self.reader = reader
        today = terms.clock.day(of: now)
    }

    /// What a merchant pays in each of its currencies, by whichever rule it is.
    func rows(of merchant: ClearedMerchant) -> [[String: Any]] {
        merchant.accounts.flatMap { account in
            let schedule = merchant.feeSchedule(in: account.currency, terms)
            // Where there is no rule for anybody, nothing is paid.
            return rows(
                schedule.fallingBack(to: FeeSchedule(FeeRule.none)),
                reader.currency(account.currency),
                account.currency
            )
        }
    }

    /// What all pay, and merchants of a category: the first of them.
    func rows() -> [[String: Any]] {
        terms.fees.prefix(ConsoleLimits.feeRows).flatMap { fee in
            let payer = fee.category.map { "Category \($0.digits)" } ?? "All others"
            let name = "\(payer), \(reader.currency(fee.currency))"
            return rows(fee.schedule, name, fee.currency)
        }
    }

    private func rows(
        _ schedule: FeeSchedule,
        _ name: String,
        _ currency: Currency
    ) -> [[String: Any]] {
        let inForce = schedule.rule(on: today).map { row($0, name, currency, from: "Now") }
        let coming = schedule.entries(after: today).map { entry in
            let day = reader.day(CivilDate(day: entry.firstDay))
            return row(entry.rule, name, currency, from: "From \(day)")
        }
        return [inForce].compactMap(\.self) + coming
    }

    private func row(
        _ rule: FeeRule?,
        _ name: String,
        _ currency: Currency,
        from: String
    ) -> [String: Any] {
        var row: [String: Any] = ["name": name, "from": from]
        if let rule {
            row["rate"] = percent(rule, currency)
            row["minimum"] = reader.amount(rule.minimum, currency)
            row["batch"] = reader.amount(rule.perBatch, currency)
        } else {
            (row["rate"], row["minimum"], row["batch"]) = ("As all others", "–", "–")
        }
        return row
    }

    private func percent(_ rule: FeeRule, _ currency: Currency) -> String {
        // Millionths are per cent with four decimals.
        let rate = Money(
            minorUnits: UInt64(rule.rate),
            currency: currency,
            exponent: .tenThousandths
        )
        return "\(reader.number(rate)) %"
    }

    /// When a day ends, and what is paid then.
    func facts() -> [[String: Any]] {
        let time = ClearingTerms.text(ofCutOff: terms.cutOff)
        let ahead = terms.clock.minutes
        let clock = ahead == 0 ? "UTC" : "\(ahead) minutes ahead of UTC"
        let units = terms.units.map { unit in
            let least = Money(
                minorUnits: unit.payoutMinimum,
                currency: unit.currency,
                exponent: unit.exponent
            )
            return Shape.fact("Least payout", reader.amount(least))
        }
        return [
            Shape.fact("A day ends at", "\(time), \(clock)"),
            Shape.fact("Workdays until money arrives", "\(terms.valueDays)"),
        ] + units
    }
}
