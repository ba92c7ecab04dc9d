// SPDX-License-Identifier: Apache-2.0

import Bank
import Hummingbird
import Kernel
import Wire

// Accounts and their statements.
extension BankSite {
    /// An account of the customer. No page names it by its number: pages count the accounts of the
    /// customer from 1.
    struct Own: Sendable {
        let position: Int
        let account: Account

        var path: String { "/accounts/\(position)" }
    }

    func ownAccounts(_ visit: Visit) async throws(SiteFailure) -> [Own] {
        let numbers: [AccountNumber]
        do throws(SignInFailure) {
            numbers = try await customers.accounts(of: visit.session.name)
        } catch {
            throw .unavailable(error)
        }
        var own: [Own] = []
        for (index, number) in numbers.enumerated() {
            let account = try await bankStep { () async throws(BankFailure) in
                try await bank.account(number)
            }
            own.append(Own(position: index + 1, account: account))
        }
        return own
    }

    /// The account that a form or a path names by its position.
    func own(_ position: String?, _ visit: Visit) async throws(SiteFailure) -> Own {
        let own = try await ownAccounts(visit).first { String($0.position) == position }
        guard let own else { throw .notFound }
        return own
    }

    func showAccounts(_ visit: Visit) async throws(SiteFailure) -> Response {
        let accounts = try await ownAccounts(visit).map { self.values($0, visit.reader) }
        var values: [String: Any] = ["loadAction": "/load"]
        if !accounts.isEmpty { values["accounts"] = ["rows": accounts] }
        return response("bank/accounts", values, visit, current: "/")
    }

    /// `Account` of the templates.
    func values(_ own: Own, _ reader: Reader) -> [String: Any] {
        let account = own.account
        var values: [String: Any] = [
            "id": String(own.position), "number": account.number.masked, "href": own.path,
            "balance": reader.amount(account.money(account.balance)),
            "available": reader.amount(account.money(account.available)),
        ]
        if account.held > 0 { values["held"] = reader.amount(account.money(account.held)) }
        return values
    }

    // MARK: Statement

    func showStatement(_ visit: Visit) async throws(SiteFailure) -> Response {
        let own = try await own(visit.context.parameters.get("account"), visit)
        let rows = own.account.lastRow
        // The first row of the page before; pages are counted from the newest row.
        let typed = UInt64(visit.form.text("before")) ?? .max
        let end = min(rows, typed > 1 ? typed - 1 : 0)
        let begin = end > BankSiteLimits.pageRows ? end - BankSiteLimits.pageRows : 0
        let entries =
            begin == end
            ? []
            : try await bankStep { () async throws(BankFailure) in
                try await bank.statement(
                    of: own.account.number,
                    after: begin,
                    limit: Int(end - begin)
                )
            }
        var lines: [[String: Any]] = []
        for entry in entries.reversed() {
            if let line = try await line(entry, own.account, visit.reader) { lines.append(line) }
        }
        var values: [String: Any] = [
            "account": self.values(own, visit.reader), "loadAction": "/load", "accountsHref": "/",
        ]
        if !lines.isEmpty { values["transactions"] = ["rows": lines] }
        if rows > BankSiteLimits.pageRows {
            values["pager"] = Self.pager(own.path, begin: begin, end: end, of: rows)
        }
        return response("bank/statement", values, visit, current: "/")
    }

    private static func pager(
        _ path: String,
        begin: UInt64,
        end: UInt64,
        of rows: UInt64
    ) -> [String: Any] {
        var pager: [String: Any] = ["summary": "\(rows - end + 1) to \(rows - begin) of \(rows)"]
        if end < rows {
            let newer = min(rows, end + BankSiteLimits.pageRows)
            pager["previous"] = "\(path)?before=\(newer + 1)"
        }
        if begin > 0 { pager["next"] = "\(path)?before=\(begin + 1)" }
        return pager
    }

    /// `Transactions` of the templates. A hold is a row until its load ends; then the row of the
    /// end says it all.
    private func line(
        _ entry: AccountEntry,
        _ account: Account,
        _ reader: Reader
    ) async throws(SiteFailure) -> [String: Any]? {
        let amount = account.money(entry.amount)
        var line: [String: Any] = [
            "time": reader.time(entry.time), "balance": reader.amount(account.money(entry.balance)),
            "amount": reader.amount(amount), "direction": "none",
        ]
        switch entry.event {
        case .opened:
            line["what"] = "Account opened"
        case .credited:
            line["what"] = "Paid in"
            line["amount"] = reader.credit(amount)
            line["direction"] = "in"
        case .debited:
            line["what"] = "Paid out"
            line["amount"] = reader.debit(amount)
            line["direction"] = "out"
        case .held:
            guard let load = try await load(entry), load.state.isOpen else { return nil }
            line["what"] = "Load of card •••• \(load.lastDigits)"
            line["note"] = "waits for its end; it is asked about until then"
            line["badge"] = ["text": "Held", "tone": Tone.wait.rawValue]
            line["href"] = BankSite.path(ofLoad: load.transaction)
        case .released:
            let load = try await load(entry)
            line["what"] = load.map { "Card •••• \($0.lastDigits) not loaded" } ?? "Not loaded"
            line["note"] = "\(reader.amount(amount)) was held and is free again"
            line["amount"] = reader.amount(account.money(0))
        case .paid:
            let load = try await load(entry)
            line["what"] = load.map { "Loaded onto card •••• \($0.lastDigits)" } ?? "Loaded"
            line["amount"] = reader.debit(amount)
            line["direction"] = "out"
        }
        return line
    }

    private func load(_ entry: AccountEntry) async throws(SiteFailure) -> HoldView? {
        guard let transaction = entry.transaction else { return nil }
        return try await bankStep { () async throws(BankFailure) in
            try await bank.load(transaction)
        }
    }
}

/// Does one step of the bank module; what no page tells of becomes an error page.
func bankStep<Value>(
    _ step: () async throws(BankFailure) -> Value
) async throws(SiteFailure) -> Value {
    do throws(BankFailure) {
        return try await step()
    } catch {
        throw SiteFailure(error)
    }
}

extension SiteFailure {
    /// For failures of the bank that no page tells of in its own words.
    init(_ failure: BankFailure) {
        switch failure {
        case .unknownAccount, .unknownInquiry, .unknownLoad: self = .notFound
        case _ where failure.isTransient: self = .unavailable(failure)
        default: self = .broken(failure)
        }
    }
}
