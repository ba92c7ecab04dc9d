// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import SecurityModule
import Wire

// The weekly allowance of a child.
extension CardholderSite {
    func addAllowanceRoutes(to router: Router<SiteContext>, _ funding: CardholderFunding) {
        let path = "\(Self.childrenPath)/:child/allowance"
        router.get("\(path)") { request, context in
            try await withWard(request, context) { signed, ward throws(SiteFailure) in
                let order = try await order(of: ward, signed, funding)
                var typed = AllowanceForm()
                if let order {
                    typed = AllowanceForm(order)
                } else if let offset = try await offset(of: ward.card) {
                    typed.clock = String(offset.minutes)
                }
                return try await allowancePage(ward, order, typed, signed, reader(request), funding)
            }
        }
        router.get("\(path)/confirm") { request, context in
            try await withWard(request, context) { signed, ward throws(SiteFailure) in
                let form = try Form.query(request)
                return try await askForAllowance(ward, form, signed, reader(request), funding)
            }
        }
        router.post("\(path)/confirm") { request, context in
            try await withWardForm(request, context) {
                signed,
                ward,
                form throws(SiteFailure) in
                try await confirmAllowance(ward, form, signed, reader(request), funding)
            }
        }
        router.post("\(path)/stop") { request, context in
            try await withWardForm(request, context) {
                signed,
                ward,
                _ throws(SiteFailure) in
                try await asking {
                    try await funding.orders.endAllowance(for: ward.key, by: signed.user.key)
                }
                return SiteShell.seeOther(ward.path + "?allowance=stopped")
            }
        }
    }

    private func order(
        of ward: Ward,
        _ signed: Signed,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> AllowanceRecord? {
        try await asking {
            try await funding.orders.allowance(for: ward.key, by: signed.user.key)
        }
    }

    /// By whose clock the limits of a card go.
    func offset(of card: CardIdentifier) async throws(SiteFailure) -> LocalOffset? {
        try await describe(card)?.spending?.policy.limits?.offset
    }

    /// `allowance` of the child's page.
    func allowance(
        of ward: Ward,
        _ signed: Signed,
        _ reader: Reader,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> [String: Any] {
        var values: [String: Any] = ["href": ward.path + "/allowance"]
        guard let order = try await order(of: ward, signed, funding) else { return values }
        values["text"] = Self.words(order, reader)
        values["badge"] = order.isActive ? badge(.good, "Running") : badge(.plain, "Stopped")
        if order.isActive { values["next"] = reader.time(order.dueAt) }
        return values
    }

    /// `€5.00 every Friday at 12:00 (UTC+02:00)`.
    private static func words(_ order: AllowanceRecord, _ reader: Reader) -> String {
        "\(reader.amount(order.amount)) every \(order.schedule.words)"
    }

    private func allowancePage(
        _ ward: Ward,
        _ order: AllowanceRecord?,
        _ typed: AllowanceForm,
        _ signed: Signed,
        _ reader: Reader,
        _ funding: CardholderFunding,
        problems: EntryProblems = EntryProblems(),
        refusal: RefusalText? = nil
    ) async throws(SiteFailure) -> Response {
        let purse = try await describe(ward.card)?.purses[0].balance
        var values: [String: Any] = [
            "name": ward.name, "backHref": ward.path,
            "form": [
                "action": ward.path + "/allowance/confirm",
                "amount": problems.field("amount", typed.amount),
                "weekday": problems.choice(
                    "weekday",
                    Weekday.allCases.map {
                        EntryProblems.option(String($0.rawValue), $0.name, typed.weekday)
                    }
                ),
                "hour": problems.choice(
                    "hour",
                    (0..<24).map {
                        EntryProblems.option(String($0), "\(DateWords.two($0)):00", typed.hour)
                    }
                ),
                "clock": problems.choice("clock", ClockChoice.options(selected: typed.clock)),
            ] as [String: Any],
        ]
        if let purse {
            let least = Money(minorUnits: funding.loads.settings.minimum, as: purse)
            values["hint"] = "At least \(reader.amount(least)), from your account."
        }
        if let order {
            values["present"] = Self.words(order, reader)
            if order.isActive { values["stopAction"] = ward.path + "/allowance/stop" }
        }
        if let problems = problems.values { values["problems"] = problems }
        if let refusal { values["refusal"] = refusal.values() }
        let isGood = problems.isEmpty && refusal == nil
        return page(
            Page("cardholder/allowance", values, status: isGood ? .ok : .unprocessableContent),
            of: signed,
            current: Self.childrenPath
        )
    }

    // MARK: Confirmation

    private func askForAllowance(
        _ ward: Ward,
        _ form: Form,
        _ signed: Signed,
        _ reader: Reader,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> Response {
        let proposed = try await proposed(ward, form, signed, reader, funding)
        return try await ask(for: proposed, signed, reader) { () throws(SiteFailure) in
            try await screen(ward, AllowanceForm(form), signed, reader, funding)
        }
    }

    private func confirmAllowance(
        _ ward: Ward,
        _ form: Form,
        _ signed: Signed,
        _ reader: Reader,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> Response {
        let typed = AllowanceForm(form)
        return try await confirm(
            try await proposed(ward, form, signed, reader, funding),
            by: form,
            signed,
            reader,
            done: ward.path + "?allowance=set"
        ) { () throws(SiteFailure) in
            try await screen(ward, typed, signed, reader, funding)
        } refused: { text throws(SiteFailure) in
            let order = try await order(of: ward, signed, funding)
            return try await allowancePage(
                ward,
                order,
                typed,
                signed,
                reader,
                funding,
                refusal: text
            )
        }
    }

    private func screen(
        _ ward: Ward,
        _ typed: AllowanceForm,
        _ signed: Signed,
        _ reader: Reader,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> OrderScreen {
        let order = try await order(of: ward, signed, funding)
        return OrderScreen(
            title: "Weekly allowance of \(ward.name)",
            button: "Set the allowance",
            action: ward.path + "/allowance/confirm",
            backHref: ward.path + "/allowance",
            current: Self.childrenPath,
            fields: typed.fields,
            name: ward.name,
            present: order.flatMap { $0.isActive ? Self.words($0, reader) : nil }
        )
    }

    /// What would be ordered by these entries, or what is wrong with them.
    private func proposed(
        _ ward: Ward,
        _ form: Form,
        _ signed: Signed,
        _ reader: Reader,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> ProposedOrder {
        guard let purse = try await describe(ward.card)?.purses[0] else {
            return .told(try await damaged(signed))
        }
        let typed = AllowanceForm(form)
        var problems = EntryProblems()
        var refusal: RefusalText?
        let example = Money(minorUnits: 10 * purse.balance.exponent.unit, as: purse.balance)
        let read = typed.read(purse.balance.exponent, reader.amount(example), &problems)
        if let (amount, schedule) = read {
            do throws(StandingOrderRefusal) {
                let (amount, user) = (Money(minorUnits: amount, as: purse.balance), signed.user.key)
                let proposal = try await funding.orders.proposal(
                    of: amount,
                    schedule,
                    for: ward.key,
                    by: user,
                    at: now
                )
                return .proposal(proposal) { () throws(StandingOrderRefusal) in
                    try await funding.orders.setAllowance(
                        of: amount,
                        schedule,
                        for: ward.key,
                        by: user,
                        at: now
                    )
                }
            } catch {
                if error == .unavailable { throw .unavailable(error) }
                if let text = error.problem(funding, purse, reader) {
                    problems.add("amount", text)
                } else {
                    refusal = RefusalText(order: error)
                }
            }
        }
        let order = try await order(of: ward, signed, funding)
        let response = try await allowancePage(
            ward,
            order,
            typed,
            signed,
            reader,
            funding,
            problems: problems,
            refusal: refusal
        )
        return .told(response)
    }
}

/// What is typed about an allowance.
private struct AllowanceForm {
    var amount = ""
    var weekday = String(Weekday.friday.rawValue)
    var hour = "12"
    var clock = "0"

    init() {}

    init(_ order: AllowanceRecord) {
        amount = AmountEntry.text(order.amount.minorUnits, order.amount.exponent)
        weekday = String(order.schedule.weekday.rawValue)
        hour = String(order.schedule.hour)
        clock = String(order.schedule.offset.minutes)
    }

    init(_ form: Form) {
        amount = String(form.text("amount").prefix(CardholderSite.amountLettersMax))
        weekday = form.text("weekday")
        hour = form.text("hour")
        clock = form.text("clock")
    }

    /// The same entries for the confirmation.
    var fields: [[String: Any]] {
        [("amount", amount), ("weekday", weekday), ("hour", hour), ("clock", clock)].map {
            ["name": $0, "value": $1]
        }
    }

    /// Minor units and schedule, where every entry is right.
    func read(
        _ exponent: Exponent,
        _ example: String,
        _ problems: inout EntryProblems
    ) -> (UInt64, WeeklySchedule)? {
        let units = AmountEntry.minorUnits(amount, exponent)
        if units == nil { problems.add("amount", "Enter an amount such as \(example).") }
        let day = Int(weekday).flatMap { Weekday(rawValue: $0) }
        if day == nil { problems.add("weekday", "Choose a day from the list.") }
        let offset = ClockChoice.offset(clock)
        if offset == nil { problems.add("clock", "Choose a clock from the list.") }
        let schedule = Int(hour).flatMap {
            WeeklySchedule(weekday: day ?? .monday, hour: $0, offset: offset ?? .utc)
        }
        if schedule == nil { problems.add("hour", "Choose an hour from the list.") }
        guard problems.isEmpty, let units, let schedule else { return nil }
        return (units, schedule)
    }
}
