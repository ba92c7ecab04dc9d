// SPDX-License-Identifier: Apache-2.0

import Bank
import Hummingbird
import Kernel
import Traces
import Wire

// From *Load my card* to the load page (FIG. 18A, steps 871–875).
extension BankSite {
    static func path(ofLoad transaction: TransactionIdentifier) -> String {
        "/loads/\(transaction.text)"
    }

    // MARK: The card is asked

    /// *Load my card*: a page that leads to the card site with the bank's question.
    func askForCard(_ visit: Visit) async throws(SiteFailure) -> Response {
        let own = try await own(visit.form["account"], visit)
        try count(visit)
        let page = try await bankStep { () async throws(BankFailure) in
            try await bank.inquire(from: own.account.number, now: visit.now)
        }
        return response(
            "bank/ask-card",
            [
                "account": values(own, visit.reader),
                "onward": onward(
                    to: settings.inquiryURL,
                    page.fields.map { ["name": $0.rawValue, "value": $1] }
                ),
            ],
            visit,
            formOrigin: settings.cardOrigin
        )
    }

    /// Counts what a customer begins.
    private func count(_ visit: Visit) throws(SiteFailure) {
        if let until = rate.admit(visit.session.name.text, at: visit.now) {
            throw .tooMany(until: until)
        }
    }

    /// `onward` of the templates: a form that leads to the card site.
    private func onward(to url: String, _ fields: [[String: String]]) -> [String: Any] {
        ["action": url, "host": settings.cardHost, "fields": fields]
    }

    /// The card's information, as the browser brings it from the card site (step 872).
    func takeInformation(_ form: Form, _ request: Request) async throws(SiteFailure) -> Response {
        guard let transaction = TransactionIdentifier(form.text("transaction")) else {
            throw .badForm(.field("transaction"))
        }
        TraceSubject.note(transaction)
        do throws(BankFailure) {
            try await bank.receive(
                information: Array(form.text("information").utf8),
                of: transaction,
                now: now()
            )
            return SiteShell.seeOther("/amount/\(transaction.text)")
        } catch .alreadyBegun(let load) {
            return SiteShell.seeOther(BankSite.path(ofLoad: load))
        } catch .unknownInquiry, .resultForged {
            // One answer: it must not tell which questions there are.
            return unusable(.informationNotGenuine, .badRequest)
        } catch {
            throw SiteFailure(error)
        }
    }

    /// For who may not be signed in.
    func unusable(_ text: RefusalText, _ status: HTTPResponse.Status) -> Response {
        shell.response(
            Page(
                "bank/refused",
                [
                    "title": "Not used", "refusal": text.values(),
                    "actions": ["links": [["label": "To your accounts", "href": "/"]]],
                ],
                status: status
            )
        )
    }

    // MARK: The amount

    func showAmounts(_ visit: Visit) async throws(SiteFailure) -> Response {
        let inquiry = try visit.transaction("inquiry")
        return try await amounts(inquiry, visit)
    }

    private func amounts(
        _ inquiry: TransactionIdentifier,
        _ visit: Visit,
        typed: String = "",
        problem: String? = nil
    ) async throws(SiteFailure) -> Response {
        do throws(BankFailure) {
            let offer = try await offer(inquiry, visit)
            return amountPage(offer, visit, typed: typed, problem: problem)
        } catch .alreadyBegun(let load) {
            return SiteShell.seeOther(BankSite.path(ofLoad: load))
        } catch {
            guard let text = RefusalText(bank: error, visit.reader) else {
                throw SiteFailure(error)
            }
            return refused("Your card cannot be loaded", text, visit)
        }
    }

    /// What can be loaded, from the account for which the card was asked.
    private func offer(
        _ inquiry: TransactionIdentifier,
        _ visit: Visit
    ) async throws(BankFailure) -> LoadOffer {
        let numbers: [AccountNumber]
        do throws(SignInFailure) {
            numbers = try await customers.accounts(of: visit.session.name)
        } catch { throw .unknownInquiry }
        for number in numbers {
            do throws(BankFailure) {
                return try await bank.offer(inquiry, to: number, now: visit.now)
            } catch .unknownInquiry { continue }
        }
        throw .unknownInquiry
    }

    private func amountPage(
        _ offer: LoadOffer,
        _ visit: Visit,
        typed: String,
        problem: String?
    ) -> Response {
        let (account, information, reader) = (offer.account, offer.information, visit.reader)
        func text(_ minorUnits: UInt64) -> String { reader.amount(account.money(minorUnits)) }
        var values: [String: Any] = [
            "account": account.number.masked, "card": "•••• \(information.lastDigits)",
            "expiry": information.expiry.monthAndYear, "funds": text(account.available),
            "balance": reader.amount(information.balance), "maximum": text(information.balanceMax),
            "accountsHref": "/",
        ]
        if offer.loadable < offer.minimum {
            let reason: BankFailure =
                offer.maximum < offer.minimum
                ? .aboveMaximum(offer.maximum) : .insufficientFunds(account.available)
            values["refusal"] = RefusalText(bank: reason, reader, account)?.values()
            return response("bank/amount", values, visit)
        }
        values["range"] = ["least": text(offer.minimum), "most": text(offer.loadable)]
        let unit = account.exponent.unit
        let choices = BankSiteLimits.menu.map { $0 * unit }
            .filter { (offer.minimum...offer.loadable).contains($0) }
            .map { ["value": String($0), "label": text($0)] }
        if !choices.isEmpty { values["menu"] = ["choices": choices] }
        var field: [String: Any] = ["value": typed]
        if let problem {
            field["error"] = problem
            values["problems"] = [
                "title": "This amount cannot be loaded",
                "items": [["field": "amount", "text": problem]],
            ]
        }
        values["form"] = ["action": "/amount/\(offer.inquiry.text)", "amount": field]
        return response(
            "bank/amount",
            values,
            visit,
            status: problem == nil ? .ok : .unprocessableContent
        )
    }

    /// Holds the amount (steps 873 and 874); then the browser is sent to the load page.
    func beginLoad(_ visit: Visit) async throws(SiteFailure) -> Response {
        let inquiry = try visit.transaction("inquiry")
        let typed = String(visit.form.text("amount").prefix(BankSiteLimits.amountBytesMax))
        do throws(BankFailure) {
            let offer = try await offer(inquiry, visit)
            let account = offer.account
            let minorUnits =
                visit.form["choice"].map { UInt64($0) }
                ?? AmountEntry.minorUnits(typed, account.exponent)
            guard let minorUnits else {
                let example = visit.reader.amount(account.money(25 * account.exponent.unit))
                return amountPage(
                    offer,
                    visit,
                    typed: typed,
                    problem: "Enter an amount such as \(example)."
                )
            }
            do throws(BankFailure) {
                let load = try await bank.begin(
                    minorUnits,
                    from: account.number,
                    with: inquiry,
                    now: visit.now
                )
                return SiteShell.seeOther(BankSite.path(ofLoad: load) + "/card")
            } catch {
                guard let problem = error.problem(visit.reader, account) else { throw error }
                return amountPage(offer, visit, typed: typed, problem: problem)
            }
        } catch .alreadyBegun(let load) {
            // Pressed twice: both times it goes on to the card, and says for which amount.
            return SiteShell.seeOther(BankSite.path(ofLoad: load) + "/card")
        } catch {
            guard let text = RefusalText(bank: error, visit.reader) else {
                throw SiteFailure(error)
            }
            return refused("Your card cannot be loaded", text, visit)
        }
    }

    // MARK: The load page (step 875)

    func showPage(_ visit: Visit) async throws(SiteFailure) -> Response {
        let transaction = try visit.transaction("transaction")
        let load = try await ownLoad(transaction, visit)
        do throws(BankFailure) {
            let page = try await bank.page(of: transaction, from: load.account, now: visit.now)
            return response(
                "bank/load-page",
                [
                    "amount": visit.reader.amount(load.amount),
                    "card": "•••• \(load.lastDigits)", "account": load.account.masked,
                    "statusHref": BankSite.path(ofLoad: transaction),
                    "onward": onward(
                        to: settings.loadURL,
                        page.fields.map { ["name": $0.rawValue, "value": $1] }
                    ),
                ],
                visit,
                formOrigin: settings.cardOrigin
            )
        } catch .notOpen, .tooOld {
            return SiteShell.seeOther(BankSite.path(ofLoad: transaction))
        } catch {
            throw SiteFailure(error)
        }
    }

    /// A load from an account of the customer.
    func ownLoad(
        _ transaction: TransactionIdentifier,
        _ visit: Visit
    ) async throws(SiteFailure) -> HoldView {
        let load = try await bankStep { () async throws(BankFailure) in
            try await bank.load(transaction)
        }
        let own = try await ownAccounts(visit)
        guard own.contains(where: { $0.account.number == load.account }) else { throw .notFound }
        return load
    }
}

extension Exponent {
    /// Minor units in one major unit.
    var unit: UInt64 { (0..<decimals).reduce(1) { unit, _ in unit * 10 } }
}
