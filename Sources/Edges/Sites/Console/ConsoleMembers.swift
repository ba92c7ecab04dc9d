// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import LoyaltyServer
import Wire

/// The console's pages of a programme's members. Numbers are masked, and stand in no address; who
/// looks a member up by the whole number sees it, and that is written down.
struct ConsoleMembers: Sendable {
    let site: ConsoleSite
    let loyalty: ConsoleParts.Loyalty
    private let references: MemberReference

    init(_ site: ConsoleSite, _ loyalty: ConsoleParts.Loyalty) {
        self.site = site
        self.loyalty = loyalty
        references = MemberReference(loyalty.seals)
    }

    // MARK: List and search

    func list(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let programme = try await site.programme(visit, loyalty).programme
        let cursor = visit.form["before"].flatMap { TransactionIdentifier($0) }
        let limit = ConsoleLimits.pageRows
        let lines = try await loyaltyStep { () async throws(LoyaltyFailure) in
            try await loyalty.module.members(of: programme.code, before: cursor, limit: limit + 1)
        }
        let shown = lines.prefix(limit)
        var values = heads(programme)
        if !shown.isEmpty {
            var rows: [[String: Any]] = []
            for line in shown { rows.append(try await row(line, programme, visit.reader)) }
            values["members"] = ["rows": rows]
        }
        if cursor != nil || lines.count > limit {
            var pager: [String: Any] = ["summary": "\(shown.count) on this page, newest first"]
            if lines.count > limit, let last = shown.last {
                let path = "/programmes/\(programme.code.digits)/members"
                pager["next"] = "\(path)?before=\(last.proof.text)"
            }
            values["pager"] = pager
        }
        return site.response("console/members", values, visit, current: "/programmes")
    }

    /// Searches by the whole number, which stands in no address, so that the form is posted.
    func find(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let programme = try await site.programme(visit, loyalty).programme
        let text = visit.form.text("text").filter { !$0.isWhitespace }.uppercased()
        guard let number = MemberNumber(text),
            let member = try await find(Membership(programme: programme.code, number: number))
        else {
            // What was searched for is not shown again: it may be another number of a person.
            return site.response(
                "console/members",
                heads(programme, isSearch: true),
                visit,
                current: "/programmes"
            )
        }
        try await site.write(.memberShown, on: programme.code, visit, about: number.text)
        return try await page(member, programme, visit, showsNumber: true)
    }

    private func find(_ membership: Membership) async throws(SiteFailure) -> Member? {
        do throws(LoyaltyFailure) {
            return try await loyalty.module.member(membership)
        } catch .unknownMember { return nil } catch { throw SiteFailure(error) }
    }

    private func heads(_ programme: Programme, isSearch: Bool = false) -> [String: Any] {
        let path = "/programmes/\(programme.code.digits)"
        let empty: [String: Any] = [:]
        var form: [String: Any] = ["action": "\(path)/members/find", "text": empty]
        if isSearch { form["searched"] = true }
        return ["programme": ["name": programme.name, "href": path], "form": form]
    }

    private func row(
        _ line: MemberLine,
        _ programme: Programme,
        _ reader: Reader
    ) async throws(SiteFailure) -> [String: Any] {
        var row: [String: Any] = [
            "number": "not read", "enrolled": "not read",
            "pending": "not read", "here": "not read", "posted": "not read",
            "badge": Shape.badge("Does not open", .bad),
        ]
        guard let enrolment = line.enrolment else { return row }
        let membership = enrolment.membership
        let reference = try await references.text(membership)
        row["number"] = membership.number.masked
        row["enrolled"] = reader.day(enrolment.madeAt)
        row["href"] = "/programmes/\(programme.code.digits)/members/\(reference)"
        guard let member = line.member else { return row }
        func number(_ points: UInt64) -> String { reader.number(programme.points(points)) }
        row["pending"] = number(member.pending)
        row["here"] = number(member.tranches.total)
        row["posted"] = number(member.posted)
        row["badge"] = Self.badge(enrolment.state)
        if case .refused(let reason) = enrolment.state { row["note"] = reason.words }
        return row
    }

    /// Whether the card knows the number.
    private static func badge(_ state: Enrolment.State) -> [String: Any] {
        switch state {
        case .open: Shape.badge("Card not told yet", .wait)
        case .entered: Shape.badge("On the card", .good)
        case .refused: Shape.badge("Refused", .bad)
        }
    }

    // MARK: One member

    func show(_ visit: ConsoleSite.Visit) async throws(SiteFailure) -> Response {
        let programme = try await site.programme(visit, loyalty).programme
        let membership = try await references.member(visit.context.parameters.get("member") ?? "")
        guard membership.programme == programme.code, let member = try await find(membership)
        else { throw .notFound }
        return try await page(member, programme, visit)
    }

    private func page(
        _ member: Member,
        _ programme: Programme,
        _ visit: ConsoleSite.Visit,
        showsNumber: Bool = false
    ) async throws(SiteFailure) -> Response {
        let path = "/programmes/\(programme.code.digits)"
        let number = member.membership.number
        var head: [String: Any] = [
            "number": showsNumber ? number.text : number.masked,
            "here": visit.reader.amount(
                programme.points(member.tranches.total),
                of: programme.name
            ),
        ]
        // An enrolment that does not open is named by the audit; the member is shown all the same.
        if let state = try? await loyalty.module.enrolment(of: member).state {
            head["badge"] = Self.badge(state)
            if case .refused(let reason) = state { head["refused"] = reason.words }
        }
        var values: [String: Any] = [
            "member": head,
            "facts": facts(member, programme, visit),
            "programme": ["name": programme.name, "href": path],
            "membersHref": "\(path)/members",
        ]
        if let hold = member.hold {
            values["hold"] = [
                "reason": hold.reason.words, "since": visit.reader.timeText(hold.since),
            ]
        }
        try await addStatement(member, programme, visit, &values)
        return site.response("console/member", values, visit, current: "/programmes")
    }

    private func facts(
        _ member: Member,
        _ programme: Programme,
        _ visit: ConsoleSite.Visit
    ) -> [[String: Any]] {
        func fact(_ label: String, _ points: UInt64) -> [String: Any] {
            Shape.fact(label, visit.reader.number(programme.points(points)))
        }
        var facts = [
            Shape.fact("Member since", visit.reader.day(member.enrolledAt)),
            fact("Earned", member.earned), fact("Pending", member.pending),
            fact("Undone", member.undone), fact("On the way to the card", member.inPostings),
            fact("Put on the card", member.posted),
            fact("Redeemed in the database", member.redeemed),
            fact("Expired in the database", member.expired),
        ]
        for tranche in member.tranches.all {
            let label =
                tranche.expiry == PointsTranche.never
                ? "Never expire" : "Until \(visit.reader.day(tranche.expiry.civilDate))"
            facts.append(fact(label, tranche.minorUnits))
        }
        return facts
    }

    /// A page of the statement, newest first; `before` is the row behind the newest one shown.
    private func addStatement(
        _ member: Member,
        _ programme: Programme,
        _ visit: ConsoleSite.Visit,
        _ values: inout [String: Any]
    ) async throws(SiteFailure) {
        let before = visit.form["before"].flatMap { DecimalText.integer($0) }
        let limit = ConsoleLimits.pageRows
        let rows = try await loyaltyStep { () async throws(LoyaltyFailure) in
            try await loyalty.module.statement(
                of: member.membership,
                before: before,
                limit: limit
            )
        }
        guard let newest = rows.first?.number, let oldest = rows.last?.number else { return }
        values["statement"] = ["rows": rows.map { row($0.entry, programme, visit.reader) }]
        let reference = try await references.text(member.membership)
        let path = "/programmes/\(programme.code.digits)/members/\(reference)"
        var pager: [String: Any] = [
            "summary": "Rows \(oldest) to \(newest) of \(member.lastRow)"
        ]
        if oldest > 1 { pager["next"] = "\(path)?before=\(oldest)" }
        if newest < member.lastRow {
            let end = min(newest + UInt64(limit), member.lastRow)
            pager["previous"] = "\(path)?before=\(end + 1)"
        }
        values["pager"] = pager
    }

    private func row(
        _ entry: MemberEntry,
        _ programme: Programme,
        _ reader: Reader
    ) -> [String: Any] {
        let (what, sign) = entry.event.operatorWords
        var row: [String: Any] = [
            "time": reader.time(entry.time), "what": what,
            "direction": sign == "+" ? "in" : sign == "−" ? "out" : "none",
            "amount": entry.amount > 0
                ? sign + reader.number(programme.points(entry.amount)) : "–",
            "balance": reader.number(programme.points(entry.here)),
        ]
        var notes: [String] = []
        if let reference = entry.reference { notes.append(reference) }
        if !entry.note.isEmpty { notes.append(entry.note) }
        if let expiry = entry.expiry, expiry != PointsTranche.never {
            notes.append("until \(reader.day(expiry.civilDate))")
        }
        if let transaction = entry.transaction { notes.append(transaction.text) }
        if !notes.isEmpty { row["note"] = notes.joined(separator: " · ") }
        return row
    }
}

extension MemberEntry.Event {
    /// What an operator reads, and the sign of the amount in what the member has here.
    fileprivate var operatorWords: (String, sign: String) {
        switch self {
        case .enrolled: ("Became a member", "")
        case .rejoined: ("Joined again: the card is asked for the number once more", "")
        case .earned: ("Earn file", "+")
        case .pending: ("Purchase, pending", "")
        case .matured: ("Purchase, pending no more", "+")
        case .undone: ("Purchase recovered, undone", "")
        case .posting: ("On the way to the card", "−")
        case .posted: ("Put on the card", "")
        case .putBack: ("Refused by the OPAL server, put back", "+")
        case .debited: ("Redeemed", "−")
        case .givenBack: ("Given back", "+")
        case .takenAgain: ("Redeemed after all", "−")
        case .expired: ("Expired", "−")
        }
    }
}

extension PointsRefusal {
    /// What an operator reads.
    var words: String {
        switch self {
        case .malformed, .unknownMessage: "the OPAL server could not read the message"
        case .unknownProgramme: "the OPAL server does not know the programme"
        case .termsDiffer: "the transaction was used for something else"
        case .unknownProof: "the OPAL server knows no such proof of identity"
        case .alreadyEnrolled: "the card has another number of the programme"
        case .numberTaken: "the number is that of another card"
        case .pointsExpired: "the points had expired"
        case .unknownMember: "no card has the number"
        case .cardDamaged: "the card's record does not open"
        case .cardBlocked: "the card is blocked"
        case .cardExpired: "the card has expired"
        case .cardFull: "the card holds as many programmes as it can"
        case .aboveMaximum: "the card would hold more than it may"
        case .numbersUsedUp: "the card has used up its transaction numbers"
        case .busy, .storeUnavailable, .cardChanged: "the OPAL server was busy"
        }
    }
}
