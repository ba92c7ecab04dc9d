// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import SecurityModule
import Wire

// The standing top-up of the own card: when below X, load Y, at most Z a month.
extension CardholderSite {
    static let topUpPath = "/top-up"

    func addTopUpRoutes(to router: Router<SiteContext>, _ funding: CardholderFunding) {
        let path = Self.topUpPath
        router.get("\(path)") { request, _ in
            try await withPayer(request) { signed throws(SiteFailure) in
                var typed = TopUpForm()
                if let rule = try await order(of: signed, funding)?.rule {
                    let exponent = rule.amount.exponent
                    typed.threshold = AmountEntry.text(rule.threshold, exponent)
                    typed.amount = AmountEntry.text(rule.amount.minorUnits, exponent)
                    typed.monthMax = AmountEntry.text(rule.monthMax, exponent)
                }
                return try await topUpPage(typed, signed, reader(request), funding)
            }
        }
        router.get("\(path)/confirm") { request, _ in
            try await withPayer(request) { signed throws(SiteFailure) in
                let form = try Form.query(request)
                return try await askForTopUp(form, signed, reader(request), funding)
            }
        }
        router.post("\(path)/confirm") { request, _ in
            try await withPayerForm(request) { signed, form throws(SiteFailure) in
                try await confirmTopUp(form, signed, reader(request), funding)
            }
        }
        router.post("\(path)/stop") { request, _ in
            try await withPayerForm(request) { signed, _ throws(SiteFailure) in
                try await asking { try await funding.orders.endTopUp(for: signed.user.key) }
                return SiteShell.seeOther("/card?top-up=stopped")
            }
        }
    }

    private func order(
        of signed: Signed,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> TopUpRecord? {
        try await asking { try await funding.orders.topUp(of: signed.user.key) }
    }

    static func topUpNotice(_ query: Form) -> Page.Notice? {
        switch query["top-up"] {
        case "set": Page.Notice(.good, "The top-up is set.")
        case "stopped": Page.Notice(.good, "The top-up is stopped.")
        default: nil
        }
    }

    /// `topUp` of the card's page.
    func topUp(
        of signed: Signed,
        _ reader: Reader,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> [String: Any] {
        var values: [String: Any] = ["href": Self.topUpPath]
        guard let order = try await order(of: signed, funding) else { return values }
        values["text"] = words(order.rule, reader)
        if order.isActive {
            values["badge"] = badge(.good, "Running")
        } else if order.stoppedFor != nil {
            values["badge"] = badge(.bad, "Stopped: it could not be loaded")
        } else {
            values["badge"] = badge(.plain, "Stopped")
        }
        return values
    }

    private func words(_ rule: TopUpRule, _ reader: Reader) -> String {
        func text(_ units: UInt64) -> String {
            reader.amount(Money(minorUnits: units, as: rule.amount))
        }
        return "Below \(text(rule.threshold)) load \(reader.amount(rule.amount)), at most "
            + "\(text(rule.monthMax)) a month"
    }

    private func topUpPage(
        _ typed: TopUpForm,
        _ signed: Signed,
        _ reader: Reader,
        _ funding: CardholderFunding,
        problems: EntryProblems = EntryProblems(),
        refusal: RefusalText? = nil
    ) async throws(SiteFailure) -> Response {
        var values: [String: Any] = [
            "form": [
                "action": Self.topUpPath + "/confirm",
                "threshold": problems.field("threshold", typed.threshold),
                "amount": problems.field("amount", typed.amount),
                "monthMax": problems.field("monthMax", typed.monthMax),
            ] as [String: Any]
        ]
        if let order = try await order(of: signed, funding) {
            var present: [String: Any] = ["text": words(order.rule, reader)]
            if order.isActive, order.month == order.rule.month(of: now) {
                let loaded = Money(minorUnits: order.loadedThisMonth, as: order.rule.amount)
                present["loaded"] = reader.amount(loaded)
            }
            if let reason = order.stoppedFor {
                present["stopped"] = RefusalText(accountLoad: reason).title
            }
            if order.isActive { present["stopAction"] = Self.topUpPath + "/stop" }
            values["present"] = present
        }
        if let purse = try await describe(signed.user.card)?.purses[0].balance {
            let least = Money(minorUnits: funding.loads.settings.minimum, as: purse)
            values["hint"] = "At least \(reader.amount(least)), from your account."
        }
        if let problems = problems.values { values["problems"] = problems }
        if let refusal { values["refusal"] = refusal.values() }
        let isGood = problems.isEmpty && refusal == nil
        return page(
            Page("cardholder/top-up", values, status: isGood ? .ok : .unprocessableContent),
            of: signed,
            current: "/card"
        )
    }

    // MARK: Confirmation

    private func askForTopUp(
        _ form: Form,
        _ signed: Signed,
        _ reader: Reader,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> Response {
        let proposed = try await proposed(form, signed, reader, funding)
        return try await ask(for: proposed, signed, reader) { () throws(SiteFailure) in
            try await screen(TopUpForm(form), signed, reader, funding)
        }
    }

    private func confirmTopUp(
        _ form: Form,
        _ signed: Signed,
        _ reader: Reader,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> Response {
        let typed = TopUpForm(form)
        return try await confirm(
            try await proposed(form, signed, reader, funding),
            by: form,
            signed,
            reader,
            done: "/card?top-up=set"
        ) { () throws(SiteFailure) in
            try await screen(typed, signed, reader, funding)
        } refused: { text throws(SiteFailure) in
            try await topUpPage(typed, signed, reader, funding, refusal: text)
        }
    }

    private func screen(
        _ typed: TopUpForm,
        _ signed: Signed,
        _ reader: Reader,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> OrderScreen {
        let order = try await order(of: signed, funding)
        return OrderScreen(
            title: "Standing top-up",
            button: "Set the top-up",
            action: Self.topUpPath + "/confirm",
            backHref: Self.topUpPath,
            current: "/card",
            fields: typed.fields,
            present: order.flatMap { $0.isActive ? words($0.rule, reader) : nil }
        )
    }

    /// What would be ordered by these entries, or what is wrong with them.
    private func proposed(
        _ form: Form,
        _ signed: Signed,
        _ reader: Reader,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> ProposedOrder {
        guard let purse = try await describe(signed.user.card)?.purses[0] else {
            return .told(try await damaged(signed))
        }
        let typed = TopUpForm(form)
        var problems = EntryProblems()
        var refusal: RefusalText?
        let example = Money(minorUnits: 25 * purse.balance.exponent.unit, as: purse.balance)
        let offset = try await offset(of: signed.user.card) ?? .utc
        let read = typed.read(purse.balance, offset, reader.amount(example), &problems)
        if let rule = read {
            do throws(StandingOrderRefusal) {
                let user = signed.user.key
                let proposal = try await funding.orders.proposal(of: rule, for: user, at: now)
                return .proposal(proposal) { () throws(StandingOrderRefusal) in
                    try await funding.orders.setTopUp(rule, for: user, at: now)
                }
            } catch {
                if error == .unavailable { throw .unavailable(error) }
                if error == .aboveMaximum {
                    let most = reader.amount(Money(minorUnits: purse.balanceMax, as: purse.balance))
                    problems.add("amount", "Both together must fit on the card: it holds \(most).")
                } else if let text = error.problem(funding, purse, reader) {
                    problems.add("amount", text)
                } else {
                    refusal = RefusalText(order: error)
                }
            }
        }
        let response = try await topUpPage(
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

/// What is typed about a top-up.
private struct TopUpForm {
    var threshold = ""
    var amount = ""
    var monthMax = ""

    init() {}

    init(_ form: Form) {
        func text(_ name: String) -> String {
            String(form.text(name).prefix(CardholderSite.amountLettersMax))
        }
        threshold = text("threshold")
        amount = text("amount")
        monthMax = text("monthMax")
    }

    /// The same entries for the confirmation.
    var fields: [[String: Any]] {
        [("threshold", threshold), ("amount", amount), ("monthMax", monthMax)].map {
            ["name": $0, "value": $1]
        }
    }

    /// The rule, where every entry is right. `purse`: in whose currency it is.
    func read(
        _ purse: Money,
        _ offset: LocalOffset,
        _ example: String,
        _ problems: inout EntryProblems
    ) -> TopUpRule? {
        func units(_ name: String, _ typed: String) -> UInt64 {
            if let units = AmountEntry.minorUnits(typed, purse.exponent), units > 0 {
                return units
            }
            problems.add(name, "Enter an amount such as \(example).")
            return 0
        }
        let threshold = units("threshold", threshold)
        let amount = units("amount", amount)
        let monthMax = units("monthMax", monthMax)
        if problems.isEmpty, monthMax < amount {
            problems.add("monthMax", "It must be at least what is loaded at once.")
        }
        guard problems.isEmpty else { return nil }
        return TopUpRule(
            threshold: threshold,
            amount: Money(minorUnits: amount, currency: purse.currency, exponent: purse.exponent),
            monthMax: monthMax,
            offset: offset
        )
    }
}
