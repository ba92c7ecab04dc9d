// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer
import Traces

// Value from the account on file: amount, confirmation, outcome (patent, alternative loading
// embodiment). The same three screens are for the own card and for what a guardian gives a child.
extension CardholderSite {
    static let addValuePath = "/add-value"

    /// The card that is loaded.
    struct LoadTarget {
        let card: CardIdentifier
        /// Nil for the own card.
        var ward: Ward?

        var purpose: AccountLoadPurpose { ward == nil ? .own : .gift }
        var path: String { ward.map { $0.path + "/give" } ?? CardholderSite.addValuePath }
        var backHref: String { ward?.path ?? "/card" }
        var backLabel: String { ward?.name ?? "Your card" }
        var current: String { ward == nil ? "/card" : CardholderSite.childrenPath }
        var onto: String { ward.map { "Onto the card of \($0.name)" } ?? "Onto your card" }
    }

    func addAddValueRoutes(to router: Router<SiteContext>, _ funding: CardholderFunding) {
        let own = Self.addValuePath
        router.get("\(own)") { request, _ in
            try await withPayer(request) { signed throws(SiteFailure) in
                try await amountPage(LoadTarget(card: signed.user.card), signed, request, funding)
            }
        }
        router.get("\(own)/confirm") { request, _ in
            try await withPayer(request) { signed throws(SiteFailure) in
                try await confirmPage(LoadTarget(card: signed.user.card), signed, request, funding)
            }
        }
        router.post("\(own)/confirm") { request, _ in
            try await withPayerForm(request) { signed, form throws(SiteFailure) in
                let target = LoadTarget(card: signed.user.card)
                return try await load(target, form, signed, request, funding)
            }
        }
        router.get("\(own)/load/:transaction") { request, context in
            try await withPayer(request) { signed throws(SiteFailure) in
                let target = LoadTarget(card: signed.user.card)
                return try await statusPage(target, signed, request, context, funding)
            }
        }
        addGiftRoutes(to: router, funding)
    }

    private func addGiftRoutes(to router: Router<SiteContext>, _ funding: CardholderFunding) {
        let path = "\(Self.childrenPath)/:child/give"
        router.get("\(path)") { request, context in
            try await withWard(request, context) { signed, ward throws(SiteFailure) in
                let target = LoadTarget(card: ward.card, ward: ward)
                return try await amountPage(target, signed, request, funding)
            }
        }
        router.get("\(path)/confirm") { request, context in
            try await withWard(request, context) { signed, ward throws(SiteFailure) in
                let target = LoadTarget(card: ward.card, ward: ward)
                return try await confirmPage(target, signed, request, funding)
            }
        }
        router.post("\(path)/confirm") { request, context in
            try await withWardForm(request, context) {
                signed,
                ward,
                form throws(SiteFailure) in
                let target = LoadTarget(card: ward.card, ward: ward)
                return try await load(target, form, signed, request, funding)
            }
        }
        router.get("\(path)/load/:transaction") { request, context in
            try await withWard(request, context) { signed, ward throws(SiteFailure) in
                let target = LoadTarget(card: ward.card, ward: ward)
                return try await statusPage(target, signed, request, context, funding)
            }
        }
    }

    // MARK: The amount

    private func amountPage(
        _ target: LoadTarget,
        _ signed: Signed,
        _ request: Request,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> Response {
        do throws(AccountLoadRefusal) {
            let offer = try await funding.loads.offer(for: target.card, by: signed.user.key)
            return amountPage(offer, target, signed, reader(request))
        } catch {
            return try await refusedPage(error, target, signed, reader(request))
        }
    }

    private func amountPage(
        _ offer: AccountLoadOffer,
        _ target: LoadTarget,
        _ signed: Signed,
        _ reader: Reader,
        typed: String = "",
        problems: EntryProblems = EntryProblems()
    ) -> Response {
        func text(_ minorUnits: UInt64) -> String {
            reader.amount(Money(minorUnits: minorUnits, as: offer.balance))
        }
        var values: [String: Any] = [
            "title": target.ward.map { "Give value to \($0.name)" } ?? "Load from your account",
            "backHref": target.backHref, "backLabel": target.backLabel,
            "balance": reader.amount(offer.balance), "maximum": text(offer.balanceMax),
            "account": account(offer.account),
        ]
        if offer.canLoad {
            values["range"] = ["least": text(offer.minimum), "most": text(offer.maximum)]
            let choices = offer.menu.map { ["value": String($0), "label": text($0)] }
            if !choices.isEmpty { values["menu"] = ["choices": choices] }
            values["form"] = [
                "action": target.path + "/confirm", "amount": problems.field("amount", typed),
            ]
        } else {
            values["refusal"] = RefusalText(accountLoad: .aboveMaximum).values()
        }
        if let problems = problems.values { values["problems"] = problems }
        return page(
            Page(
                "cardholder/add-value",
                values,
                status: problems.isEmpty ? .ok : .unprocessableContent
            ),
            of: signed,
            current: target.current
        )
    }

    /// `{lastDigits, expiry}` of the templates.
    func account(_ account: AccountOnFile) -> [String: Any] {
        ["lastDigits": account.lastFour, "expiry": account.expiry.text]
    }

    /// Why this amount cannot be loaded, beside its entry.
    private func problem(
        of amount: UInt64?,
        _ offer: AccountLoadOffer,
        _ reader: Reader
    ) -> String? {
        func text(_ minorUnits: UInt64) -> String {
            reader.amount(Money(minorUnits: minorUnits, as: offer.balance))
        }
        guard let amount else {
            let example = offer.balance.exponent.unit.multipliedReportingOverflow(by: 25)
            return "Enter an amount such as \(text(example.partialValue))."
        }
        if amount < offer.minimum { return "At least \(text(offer.minimum)) can be loaded." }
        if amount > offer.maximum {
            return "The card can take at most \(text(offer.maximum)) more."
        }
        return nil
    }

    // MARK: Confirmation

    private func confirmPage(
        _ target: LoadTarget,
        _ signed: Signed,
        _ request: Request,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> Response {
        let (query, reader) = (try Form.query(request), reader(request))
        let offer: AccountLoadOffer
        do throws(AccountLoadRefusal) {
            offer = try await funding.loads.offer(for: target.card, by: signed.user.key)
        } catch {
            return try await refusedPage(error, target, signed, reader)
        }
        let typed = String(query.text("amount").prefix(Self.amountLettersMax))
        let minorUnits =
            query["choice"].map { UInt64($0) }
            ?? AmountEntry.minorUnits(typed, offer.balance.exponent)
        if let problem = problem(of: minorUnits, offer, reader) {
            let problems = EntryProblems("amount", problem)
            return amountPage(offer, target, signed, reader, typed: typed, problems: problems)
        }
        let amount = Money(minorUnits: minorUnits ?? 0, as: offer.balance)
        return confirmation(of: amount, offer, target, signed, reader, funding)
    }

    /// Letters of an amount that are read, and shown again.
    static let amountLettersMax = 24

    /// `Order` of the templates.
    func order(_ amount: Money, _ target: LoadTarget, _ reader: Reader) -> [String: Any] {
        [
            "merchant": "From your account", "amount": reader.amount(amount),
            "article": target.onto,
        ]
    }

    // MARK: Loading

    /// Loads, once for each transaction: it was made with the confirmation, so that a second click
    /// is the same load, and for it alone.
    private func load(
        _ target: LoadTarget,
        _ form: Form,
        _ signed: Signed,
        _ request: Request,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> Response {
        guard let transaction = TransactionIdentifier(form.text("transaction")) else {
            throw .badForm(.field("transaction"))
        }
        TraceSubject.note(transaction)
        guard let minorUnits = UInt64(form.text("amount")) else {
            throw .badForm(.field("amount"))
        }
        let reader = reader(request)
        let payer = signed.user.key
        do {
            if let known = try await funding.loads.load(transaction, by: payer) {
                guard known.card == target.card, known.amount.minorUnits == minorUnits else {
                    throw AccountLoadRefusal.transactionReused
                }
                return try await outcomePage(known.outcome, known.amount, target, signed, reader)
            }
            let offer = try await funding.loads.offer(for: target.card, by: payer)
            if let problem = problem(of: minorUnits, offer, reader) {
                return amountPage(
                    offer,
                    target,
                    signed,
                    reader,
                    typed: AmountEntry.text(minorUnits, offer.balance.exponent),
                    problems: EntryProblems("amount", problem)
                )
            }
            let amount = Money(minorUnits: minorUnits, as: offer.balance)
            let code = SecurityCodeEntry(form.text(SecurityCodeEntry.name))
            if code == .malformed {
                let problems = EntryProblems(SecurityCodeEntry.name, SecurityCodeEntry.problem)
                return confirmation(of: amount, offer, target, signed, reader, funding, problems)
            }
            let outcome = await funding.loads.begin(
                AccountLoadRequest(
                    transaction: transaction,
                    proof: Hex.bytes(form.text("proof")) ?? [],
                    payer: payer,
                    card: target.card,
                    amount: amount,
                    purpose: target.purpose,
                    verificationValue: code.value
                )
            )
            return try await answer(to: outcome, transaction, amount, target, signed, reader)
        } catch let refusal as AccountLoadRefusal {
            return try await refusedPage(refusal, target, signed, reader)
        } catch let failure as SiteFailure {
            throw failure
        } catch {
            throw .unavailable(error)
        }
    }

    private func answer(
        to outcome: AccountLoadOutcome,
        _ transaction: TransactionIdentifier,
        _ amount: Money,
        _ target: LoadTarget,
        _ signed: Signed,
        _ reader: Reader
    ) async throws(SiteFailure) -> Response {
        switch outcome {
        // It is remembered: to be looked at again, and reloaded, without sending the form.
        case .loaded, .pending: SiteShell.seeOther(target.path + "/load/" + transaction.text)
        case .refused, .throttled:
            try await outcomePage(outcome, amount, target, signed, reader)
        }
    }

    /// How a load of this card has gone, as far as it is known now.
    private func statusPage(
        _ target: LoadTarget,
        _ signed: Signed,
        _ request: Request,
        _ context: SiteContext,
        _ funding: CardholderFunding
    ) async throws(SiteFailure) -> Response {
        guard
            let transaction = context.parameters.get("transaction").flatMap({
                TransactionIdentifier($0)
            })
        else { throw .notFound }
        let found = try await asking {
            try await funding.loads.load(transaction, by: signed.user.key)
        }
        guard let found, found.card == target.card else { throw .notFound }
        return try await outcomePage(
            found.outcome,
            found.amount,
            target,
            signed,
            reader(request),
            transaction: transaction
        )
    }
}
