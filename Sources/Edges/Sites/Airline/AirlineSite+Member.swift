// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import LoyaltyServer

// The member's page: numbers, points, what expires when, what was redeemed.
extension AirlineSite {
    func showMember(_ request: Request) async throws(SiteFailure) -> Response {
        guard let visitor = visitor(request) else { return SiteShell.seeOther("/") }
        let reader = shell.wording.reader(request)
        var programmes: [[String: Any]] = []
        var redemptions: [BenefitRedemption] = []
        for code in settings.programmes {
            let programme = try await desk.programme(code)
            var values: [String: Any] = [
                "name": programme.name, "id": code.digits, "note": Self.note(programme),
            ]
            let standing = try await standing(of: visitor, in: code)
            if let member = standing.membership {
                for (key, value) in try await account(member, programme, reader) {
                    values[key] = value
                }
                redemptions += try await benefitStep { () async throws(BenefitFailure) in
                    try await desk.benefits.redemptions(of: member, limit: AirlineLimits.rowsMax)
                }
            }
            for (key, value) in joining(programme, standing) { values[key] = value }
            programmes.append(values)
        }
        var values: [String: Any] = ["programmes": programmes, "homeHref": "/"]
        let rows = redemptions.sorted { $0.reservedAt > $1.reservedAt }
            .filter { $0.state != .released }.map { row($0, reader) }
        if !rows.isEmpty { values["redemptions"] = ["rows": rows] }
        return response("airline/member", values, request, visitor, current: "/member")
    }

    // MARK: Values

    /// What there is to say and to do about the number on the card.
    private func joining(_ programme: Programme, _ standing: Standing) -> [String: Any] {
        switch standing {
        case .stranger: return ["join": joinForm(programme, isAgain: false)]
        case .unknownNumber: return ["refusal": RefusalText.numberUnknown.values()]
        case .member: return [:]
        case .refused(_, let reason, let canJoin):
            let text = RefusalText.numberRefused(reason, canJoin: canJoin)
            var values: [String: Any] = ["refusal": text.values()]
            if canJoin { values["join"] = joinForm(programme, isAgain: true) }
            return values
        }
    }

    private func account(
        _ membership: Membership,
        _ programme: Programme,
        _ reader: Reader
    ) async throws(SiteFailure) -> [String: Any] {
        let (member, rows) = try await loyaltyStep { () async throws(LoyaltyFailure) in
            (
                try await desk.loyalty.member(membership),
                try await desk.loyalty.statement(of: membership, limit: AirlineLimits.rowsMax)
            )
        }
        func points(_ amount: UInt64) -> String { reader.amount(programme.points(amount)) }
        var facts: [[String: Any]] = [
            ["label": "Member number", "value": membership.number.text, "code": true]
        ]
        var values: [String: Any] = [:]
        if member.pending > 0 {
            facts.append(["label": "Pending", "value": points(member.pending)])
        }
        switch programme.home {
        case .card:
            facts.append(["label": "Sent to your card so far", "value": points(member.posted)])
            let under = member.inPostings + member.available(at: CardTime(now()))
            if under > 0 { facts.append(["label": "On the way to it", "value": points(under)]) }
            values["onCard"] = [
                "host": settings.checkoutHost, "href": settings.checkoutOrigin + "/",
            ]
            if member.hold != nil { values["refusal"] = RefusalText.pointsHeld.values() }
        case .database:
            values["total"] = points(member.available(at: CardTime(now())))
            facts += member.tranches.all.filter { !$0.expiry.isPast(at: CardTime(now())) }.map {
                ["label": until($0.expiry, reader), "value": points($0.minorUnits)]
            }
        }
        values["account"] = ["facts": facts]
        let history = rows.map { row($0.entry, programme, reader) }
        if !history.isEmpty { values["history"] = ["rows": history] }
        return values
    }

    private func until(_ date: CardDate, _ reader: Reader) -> String {
        date == PointsTranche.never ? "Do not expire" : "Until \(reader.day(date.civilDate))"
    }

    private func row(
        _ entry: MemberEntry,
        _ programme: Programme,
        _ reader: Reader
    ) -> [String: Any] {
        let (what, sign) = entry.event.words
        let amount = programme.points(entry.amount)
        var row: [String: Any] = ["time": reader.time(entry.time), "what": what]
        if entry.amount > 0 {
            row["amount"] =
                switch sign {
                case .plus: reader.credit(amount)
                case .minus: reader.debit(amount)
                case .none: reader.amount(amount)
                }
        }
        if !entry.note.isEmpty { row["note"] = entry.note }
        return row
    }

    private func row(_ redemption: BenefitRedemption, _ reader: Reader) -> [String: Any] {
        var row: [String: Any] = [
            "title": redemption.benefit.title, "time": reader.time(redemption.reservedAt),
            "price": price(redemption.benefit.price, reader),
            "href": "/benefits/\(redemption.benefit.code.text)",
        ]
        switch redemption.state {
        case .fulfilled: row["voucher"] = redemption.voucher?.reveal()
        case .reserved: row["badge"] = ["tone": "wait", "text": "Kept for you"]
        case .released: break
        }
        return row
    }
}

extension MemberEntry.Event {
    enum Sign { case plus, minus, none }

    /// What the member reads, and whether points came or went.
    var words: (String, Sign) {
        switch self {
        case .enrolled: ("Joined", .none)
        case .rejoined: ("Joined again", .none)
        case .earned: ("Earned", .plus)
        case .pending: ("Purchase, points pending", .none)
        case .matured: ("Points of a purchase", .plus)
        case .undone: ("Purchase was given up", .none)
        case .posting: ("On the way to your card", .none)
        case .posted: ("On your card", .none)
        case .putBack: ("Could not be put on your card yet", .none)
        case .debited: ("Redeemed", .minus)
        case .givenBack: ("Given back", .plus)
        case .takenAgain: ("Redeemed after all", .minus)
        case .expired: ("Expired", .minus)
        }
    }
}
