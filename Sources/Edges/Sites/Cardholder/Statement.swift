// SPDX-License-Identifier: Apache-2.0

import Kernel
import OPALServer
import SecurityModule
import Wire

/// A month of the calendar, in UTC as all times of the pages.
struct StatementMonth: Equatable {
    let year: Int
    let month: Int

    init(of instant: Instant) {
        let date = CivilDate(day: instant.day)
        (year, month) = (date.year, date.month)
    }

    /// Text as `2026-11`; nil for anything else.
    init?(_ text: String) {
        guard let first = DateWords.date(text + "-01") else { return nil }
        (year, month) = (first.year, first.month)
    }

    private init(year: Int, month: Int) {
        (self.year, self.month) = (year, month)
    }

    /// `2026-11`.
    var text: String { String(DateWords.iso(first).prefix(7)) }

    var first: CivilDate { date(1) }
    var last: CivilDate { date(CivilDate.lastDay(of: month, in: year)) }

    var previous: StatementMonth {
        month == 1
            ? StatementMonth(year: year - 1, month: 12)
            : StatementMonth(year: year, month: month - 1)
    }

    var next: StatementMonth {
        month == 12
            ? StatementMonth(year: year + 1, month: 1)
            : StatementMonth(year: year, month: month + 1)
    }

    private func date(_ dayOfMonth: Int) -> CivilDate {
        guard let date = CivilDate(year: year, month: month, dayOfMonth: dayOfMonth) else {
            preconditionFailure("Each month has this day.")
        }
        return date
    }
}

/// What one month did to the money on a card: the balance before it, each transaction, and the
/// balance after it.
struct Statement {
    /// Rows of one statement; a card that is used more often gets its month as CSV.
    static let rowsMax = 2_000

    let month: StatementMonth
    /// Oldest first.
    private(set) var rows: [CardRows.Row] = []
    /// Minor units of the purse.
    private(set) var (opening, closing): (UInt64, UInt64) = (0, 0)
    private(set) var (paid, loaded, putBack): (UInt64, UInt64, UInt64) = (0, 0, 0)
    /// What shops gave back.
    private(set) var refunded: UInt64 = 0
    /// What went to the card that follows this one.
    private(set) var moved: UInt64 = 0
    /// To the issuer, because nobody used it.
    private(set) var swept: UInt64 = 0
    /// Whether the month has more rows than are shown here.
    private(set) var isCut = false
    let purse: Money

    init(
        _ month: StatementMonth,
        of history: CardRows,
        on card: CardDescription
    ) async throws(SiteFailure) {
        self.month = month
        purse = card.purses[0].balance
        let begin = try await history.firstNumber(since: month.first)
        opening = try await balance(before: begin, history)
        closing = opening
        var number = begin
        scan: while number <= history.count {
            let page = try await history.rows(from: number)
            guard let last = page.last else { break }
            for row in page where concerns(row.entry) {
                if row.entry.moment.day > month.last.day { break scan }
                guard rows.count < Statement.rowsMax else {
                    isCut = true
                    break scan
                }
                add(row)
            }
            number = last.number + 1
        }
    }

    /// The balance that the newest row before `number` left.
    private func balance(
        before number: UInt64,
        _ history: CardRows
    ) async throws(SiteFailure) -> UInt64 {
        var end = number
        while end > 1 {
            let page = try await history.rows(before: end)
            guard let first = page.first else { return 0 }
            let balances = page.compactMap { row in
                row.entry.movement.flatMap { $0.amount.isComparable(to: purse) ? $0.balance : nil }
            }
            if let balance = balances.last { return balance }
            end = first.number
        }
        return 0
    }

    /// Whether a row moves money, or changes what the money may be spent on.
    private func concerns(_ entry: CardHistoryEntry) -> Bool {
        if case .expired(let expired) = entry.event {
            return expired.amount.isComparable(to: purse)
        }
        return entry.movement.map { $0.amount.isComparable(to: purse) } ?? true
    }

    private mutating func add(_ row: CardRows.Row) {
        rows.append(row)
        guard let movement = row.entry.movement else { return }
        closing = movement.balance
        let units = movement.amount.minorUnits
        switch row.entry.kind {
        case .payment: paid += units
        case .load, .allowance: loaded += units
        case .refund: refunded += units
        case .recovery: putBack += units
        case .moved: moved += units
        case .swept: swept += units
        case .setting, .expired, .proof: break
        }
    }

    /// `facts` of the template: the sum of the month, which adds up.
    func facts(_ reader: Reader) -> [[String: Any]] {
        func money(_ units: UInt64) -> Money {
            Money(minorUnits: units, currency: purse.currency, exponent: purse.exponent)
        }
        var facts: [[String: Any]] = [
            ["name": "opening", "label": "Balance before", "value": reader.amount(money(opening))]
        ]
        for (name, label, units) in [
            ("loaded", "Loaded", loaded), ("refunded", "Refunded by shops", refunded),
            ("putBack", "Put back", putBack),
        ] where units > 0 {
            facts.append(["name": name, "label": label, "value": reader.credit(money(units))])
        }
        for (name, label, units) in [
            ("paid", "Paid", paid), ("moved", "Moved to the new card", moved),
            ("swept", "Not used, moved to the issuer", swept),
        ] where units > 0 {
            facts.append(["name": name, "label": label, "value": reader.debit(money(units))])
        }
        facts.append(
            ["name": "closing", "label": "Balance after", "value": reader.amount(money(closing))]
        )
        return facts
    }
}
