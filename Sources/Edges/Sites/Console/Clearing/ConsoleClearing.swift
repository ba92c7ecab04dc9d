// SPDX-License-Identifier: Apache-2.0

import ClearingHouse
import Hummingbird
import Kernel
import Records

/// The console's pages of the clearing house: its books, the days that were settled, payouts down
/// to each sale. Issuers, acquirers and merchants see what is their own.
struct ConsoleClearing: Sendable {
    let site: ConsoleSite
    let clearing: ConsoleParts.Clearing

    init(_ site: ConsoleSite, _ clearing: ConsoleParts.Clearing) {
        self.site = site
        self.clearing = clearing
    }

    // MARK: The books

    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        try await page(visit)
    }

    private func page(
        _ visit: ConsoleSite.Visit,
        notice: Page.Notice? = nil
    ) async throws(SiteFailure) -> Response {
        var values: [String: Any] = [:]
        let (accounts, payouts) = try await clearingStep { () async throws(ClearingFailure) in
            (
                try await clearing.accounts(),
                try await clearing.ownPayouts(limit: ConsoleLimits.pageRows)
            )
        }
        if !accounts.isEmpty { values["accounts"] = ["rows": accounts.map { row($0, visit) }] }
        if !payouts.isEmpty { values["payouts"] = ["rows": payouts.map { row($0, visit) }] }
        try await addFees(to: &values, visit)
        if clearing.merchant == nil { try await addDays(to: &values, visit) }
        if clearing.part == nil {
            values["whole"] = ["disputesHref": ConsoleMerchantDisputes.path]
            if site.role.acts { values["close"] = ["action": "/clearing/close"] }
        }
        return site.response(
            "console/clearing",
            values,
            visit,
            current: "/clearing",
            notice: notice
        )
    }

    /// The days that were settled, and how many sales wait for somebody.
    private func addDays(
        to values: inout [String: Any],
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) {
        let (runs, waiting) = try await clearingStep { () async throws(ClearingFailure) in
            (
                try await clearing.house.runs(before: nil, limit: ConsoleLimits.pageRows),
                try await clearing.suspended(after: nil, limit: ConsoleLimits.pageRows)
            )
        }
        var days: [String: Any] = [:]
        if !runs.isEmpty { days["table"] = ["rows": runs.map { row($0, visit) }] }
        values["days"] = days
        let count = waiting.items.count
        values["suspense"] = [
            "href": "/clearing/suspense",
            "waiting": waiting.next == nil ? "\(count)" : "\(count) or more",
        ]
    }

    /// What is paid now and later: of a merchant what it pays itself, else the terms of the scheme.
    /// An issuer pays no fee.
    private func addFees(
        to values: inout [String: Any],
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) {
        let (terms, merchant) = try await clearingStep { () async throws(ClearingFailure) in
            (try await clearing.house.terms(), try await ownRecord())
        }
        let fees = ConsoleFees(terms, visit.reader, now: visit.now)
        let rows =
            switch clearing.part {
            case nil, .acquirer: fees.rows()
            case .merchant: merchant.map(fees.rows) ?? []
            case .issuer: [[String: Any]]()
            }
        if !rows.isEmpty { values["fees"] = ["rows": rows] }
        if clearing.merchant == nil { values["terms"] = ["facts": fees.facts()] }
    }

    /// The record of the merchant whose operator looks; nil where there is none, or it does not
    /// open: its account is shown all the same.
    private func ownRecord() async throws(ClearingFailure) -> ClearedMerchant? {
        guard let merchant = clearing.merchant else { return nil }
        do throws(ClearingFailure) {
            return try await clearing.house.merchant(merchant)
        } catch .damaged { return nil } catch { throw error }
    }

    private func row(_ record: AccountRecord, _ visit: ConsoleSite.Visit) -> [String: Any] {
        [
            "name": record.account.owner.words,
            "balance": visit.reader.amount(record.balance, record.account.currency),
            "rows": visit.reader.count(record.lastRow),
        ]
    }

    private func row(_ run: SettlementRun, _ visit: ConsoleSite.Visit) -> [String: Any] {
        var row: [String: Any] = [
            "day": visit.reader.day(run.day), "href": "/clearing/days/\(run.day.digits)",
            "value": visit.reader.day(BusinessDay(run.valueDate)),
            "badge": run.endedAt == nil
                ? Shape.badge("Under way", .wait) : Shape.badge("Settled", .good),
        ]
        // Of all payees together.
        if clearing.part == nil {
            row["payouts"] = ["count": visit.reader.count(UInt64(run.payouts))]
        }
        return row
    }

    // MARK: Closing a day

    func close(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        try await site.write(.dayClosed, visit)
        let run = try await clearingStep { () async throws(ClearingFailure) in
            // What is whole and not credited yet is paid with this day.
            try await clearing.house.credit(site.now)
            return try await clearing.house.settle(visit.now, isEarly: true)
        }
        guard let run else {
            let text = "This day was closed before. What came since then is paid with the next one."
            return try await page(visit, notice: Page.Notice(.plain, text))
        }
        guard await clearing.writeFiles(run.day) else {
            let text =
                "The day is closed, and its files could not be written: use opal clearing files."
            return try await page(visit, notice: Page.Notice(.bad, text))
        }
        return SiteShell.seeOther("/clearing/days/\(run.day.digits)")
    }

    // MARK: One day

    func showDay(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        guard let day = BusinessDay(digits: visit.context.parameters.get("day") ?? "") else {
            throw .notFound
        }
        let after = UInt32(visit.form.text("after")) ?? 0
        let (terms, run) = try await clearingStep { () async throws(ClearingFailure) in
            (try await clearing.house.terms(), try await clearing.house.run(day))
        }
        guard let run else { throw .notFound }
        let facts = try await clearingStep { () async throws(ClearingFailure) in
            try await self.facts(run, terms, visit)
        }
        var values: [String: Any] = [
            "day": visit.reader.day(day), "clearingHref": "/clearing", "facts": facts,
        ]
        // To an issuer nothing is paid out.
        if !clearing.isIssuers { try await addPayouts(of: day, after: after, to: &values, visit) }
        return site.response("console/settlement", values, visit, current: "/clearing")
    }

    private func addPayouts(
        of day: BusinessDay,
        after number: UInt32,
        to values: inout [String: Any],
        _ visit: ConsoleSite.Visit
    ) async throws(SiteFailure) {
        let payouts = try await clearingStep { () async throws(ClearingFailure) in
            try await clearing.payouts(of: day, after: number, limit: ConsoleLimits.pageRows)
        }
        var list: [String: Any] = [:]
        if !payouts.items.isEmpty { list["table"] = ["rows": payouts.items.map { row($0, visit) }] }
        values["payouts"] = list
        if let next = payouts.next {
            values["pager"] = [
                "summary": "\(payouts.items.count) on this page",
                "next": "/clearing/days/\(day.digits)?after=\(next)",
            ]
        }
    }

    private func facts(
        _ run: SettlementRun,
        _ terms: ClearingTerms,
        _ visit: ConsoleSite.Visit
    ) async throws(ClearingFailure) -> [[String: Any]] {
        var facts = [
            Shape.fact("Closed", visit.reader.timeText(run.cutOff)),
            Shape.fact("Value date", visit.reader.day(BusinessDay(run.valueDate))),
        ]
        // Sums and records of all payees together are not of a part.
        for total in run.totals where clearing.part == nil {
            guard let unit = terms.unit(of: total.currency) else { continue }
            let sum = Money(
                minorUnits: total.sum,
                currency: total.currency,
                exponent: unit.exponent
            )
            facts.append(Shape.fact("Paid", visit.reader.amount(sum)))
        }
        for position in run.positions where clearing.covers(position.issuer) {
            let owed = visit.reader.amount(-position.amount, position.currency)
            facts.append(
                Shape.fact(
                    "Issuer \(position.issuer.digits) owes",
                    "\(owed), reference \(position.issuer.payInReference)"
                )
            )
        }
        // Positions come with a run's last step, and lack who has a record that does not open.
        if case .issuer(let issuer) = clearing.part, run.endedAt != nil, run.leftOut.isEmpty,
            !run.positions.contains(where: { $0.issuer == issuer })
        {
            facts.append(Shape.fact("Issuer \(issuer.digits) owes", "nothing"))
        }
        for place in run.leftOut where clearing.part == nil {
            facts.append(Shape.fact("Left out", "\(place): it does not open"))
        }
        for waiting in run.waiting {
            guard try await clearing.covers(waiting.account.owner) else { continue }
            let amount = waiting.amount.map { visit.reader.amount($0, waiting.account.currency) }
            // For which record may be another party's.
            facts.append(
                Shape.fact(
                    amount == nil ? "Not paid" : "Waits",
                    "\(amount.map { "\($0) of " } ?? "")\(waiting.account.owner.words)"
                        + (clearing.part == nil ? ", for \(waiting.place)" : "")
                )
            )
        }
        return facts
    }

    private func row(_ payout: Payout, _ visit: ConsoleSite.Visit) -> [String: Any] {
        [
            "reference": payout.name.reference,
            "href": "/clearing/payouts/\(payout.name.reference)",
            "payee": payout.payee.name, "account": payout.account.owner.words,
            "sales": visit.reader.count(payout.content.count),
            "amount": visit.reader.amount(payout.amount, payout.account.currency),
            "badge": payout.state.badge,
        ]
    }
}

extension Payout.State {
    var badge: [String: Any] {
        switch self {
        case .instructed: Shape.badge("At the bank", .wait)
        case .paid: Shape.badge("Paid", .good)
        case .returned: Shape.badge("Came back", .bad)
        case .refused: Shape.badge("Refused by the bank", .bad)
        }
    }
}

extension LedgerAccount.Owner {
    /// Whose account it is, for people.
    var words: String {
        switch self {
        case .bank: "Account at the bank"
        case .pool(let issuer): "Pool of issuer \(issuer.digits)"
        case .acquirer(let acquirer): "Acquirer \(acquirer)"
        case .merchant(let merchant): "Merchant \(merchant.text)"
        case .suspense(let acquirer): "Suspense of acquirer \(acquirer)"
        case .expired(let issuer): "Expired value of issuer \(issuer.digits)"
        case .inTransit: "Payouts at the bank"
        }
    }
}

extension Reader {
    /// An amount of the books, exact: with at most six decimals as amounts are written, and with
    /// more of them as a plain number.
    func amount(_ amount: ExactAmount, _ currency: Currency) -> String {
        for decimals in [2, Exponent.max] {
            guard let exponent = Exponent(decimals) else { continue }
            let (units, rest) = amount.split(at: exponent)
            guard rest == .zero, let minorUnits = UInt64(exactly: units.magnitude) else { continue }
            let text = self.amount(
                Money(minorUnits: minorUnits, currency: currency, exponent: exponent)
            )
            return amount.isNegative ? "−" + text : text
        }
        return amount.decimal
    }

    func day(_ day: BusinessDay) -> String {
        self.day(day.date)
    }
}

/// Does one step with the clearing house; what no page tells of becomes an error page.
func clearingStep<Value>(
    _ step: () async throws(ClearingFailure) -> Value
) async throws(SiteFailure) -> Value {
    do throws(ClearingFailure) {
        return try await step()
    } catch { throw SiteFailure(error) }
}

extension SiteFailure {
    /// For failures of the clearing house that no page tells of in its own words.
    init(_ failure: ClearingFailure) {
        self = failure.isTransient ? .unavailable(failure) : .broken(failure)
    }
}
