// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import LoyaltyServer

// The start page and the benefits.
extension AirlineSite {
    func showHome(_ request: Request) async throws(SiteFailure) -> Response {
        let (reader, visitor) = (shell.wording.reader(request), visitor(request))
        var shelves: [[String: Any]] = []
        for code in settings.programmes {
            let programme = try await desk.programme(code)
            let benefits = try await benefitStep { () async throws(BenefitFailure) in
                try await desk.benefits.list(code)
            }
            var shelf: [String: Any] = [
                "name": programme.name, "id": code.digits, "note": Self.note(programme),
            ]
            let shown = benefits.filter { $0.state != .withdrawn }
            if !shown.isEmpty {
                shelf["shelf"] = ["benefits": shown.map { self.values($0, reader) }]
            }
            shelves.append(shelf)
        }
        var values: [String: Any] = ["programmes": shelves]
        if visitor == nil { values["signIn"] = ["action": "/sign-in"] }
        return response("airline/home", values, request, visitor, current: "/")
    }

    static func note(_ programme: Programme) -> String {
        switch programme.home {
        case .card: "Points are on your card, beside your money. You spend them with it."
        case .database: "Points are with us. Your card proves that they are yours."
        }
    }

    /// One benefit, and what the reader can do about it.
    func showBenefit(
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        guard let code = context.parameters.get("code").flatMap({ BenefitCode($0) }) else {
            throw .notFound
        }
        let view = try await benefitStep { () async throws(BenefitFailure) in
            try await desk.benefits.find(code)
        }
        guard settings.programmes.contains(view.benefit.programme) else { throw .notFound }
        let (reader, visitor) = (shell.wording.reader(request), visitor(request))
        let programme = try await desk.programme(view.benefit.programme)
        var values: [String: Any] = [
            "benefit": self.values(view, reader), "programme": programme.name, "homeHref": "/",
            "text": view.benefit.description,
        ]
        values["facts"] = facts(view, programme, reader)
        for (key, value) in try await way(to: view, programme, visitor, reader) {
            values[key] = value
        }
        return response("airline/benefit", values, request, visitor)
    }

    private func facts(
        _ view: BenefitView,
        _ programme: Programme,
        _ reader: Reader
    ) -> [[String: Any]] {
        var facts: [[String: Any]] = [["label": "Programme", "value": programme.name]]
        if let points = view.benefit.price.points {
            let source = programme.home == .card ? "from your card" : "from your account with us"
            facts.append(["label": "Points", "value": "\(reader.amount(points)), \(source)"])
        }
        if let money = view.benefit.price.money {
            facts.append(["label": "Money", "value": "\(reader.amount(money)), from your card"])
        }
        switch view.benefit.handout {
        case .voucher: facts.append(["label": "You get", "value": "A voucher code"])
        case .file(let name, _): facts.append(["label": "You get", "value": "The file \(name)"])
        }
        if let left = view.left { facts.append(["label": "Left", "value": String(left)]) }
        return facts
    }

    /// The one thing that can be done: sign in, join, redeem; or why nothing can.
    private func way(
        to view: BenefitView,
        _ programme: Programme,
        _ visitor: Visitor?,
        _ reader: Reader
    ) async throws(SiteFailure) -> [String: Any] {
        switch view.state {
        case .withdrawn: return ["refusal": RefusalText.benefitWithdrawn.values()]
        case .soldOut: return ["refusal": RefusalText.benefitSoldOut.values()]
        case .available: break
        }
        guard let visitor else { return ["signIn": ["action": "/sign-in"]] }
        let standing = try await standing(of: visitor, in: programme.code)
        guard let member = standing.membership else {
            if case .unknownNumber = standing {
                return ["refusal": RefusalText.numberUnknown.values()]
            }
            var form = joinForm(programme, isAgain: false)
            form["benefit"] = view.benefit.code.text
            return ["join": form]
        }
        if programme.home == .card, view.benefit.price.points != nil,
            case .refused(_, let reason, let canJoin) = standing
        {
            // The points are not on the card.
            return ["refusal": RefusalText.numberRefused(reason, canJoin: canJoin).values()]
        }
        if programme.home == .database, let points = view.benefit.price.points {
            let available = try await desk.available(member, now: now())
            if available < points.minorUnits {
                let have = reader.amount(programme.points(available))
                return ["refusal": RefusalText.notEnoughPoints(have).values()]
            }
        }
        return ["redeem": ["action": "/redeem"]]
    }

    // MARK: Values

    func values(_ view: BenefitView, _ reader: Reader) -> [String: Any] {
        var values = values(view.benefit, reader)
        switch view.state {
        case .available: break
        case .soldOut: values["badge"] = ["tone": "wait", "text": "Sold out"]
        case .withdrawn: values["badge"] = ["tone": "plain", "text": "Not offered"]
        }
        return values
    }

    func values(_ benefit: Benefit, _ reader: Reader) -> [String: Any] {
        [
            "id": benefit.code.text, "href": "/benefits/\(benefit.code.text)",
            "drawing": content.drawing(of: benefit.code), "title": benefit.title,
            "note": benefit.description, "price": price(benefit.price, reader),
        ]
    }

    /// `500 points`, `€12.00`, `200 points + €12.00`.
    func price(_ price: Benefit.Price, _ reader: Reader) -> String {
        [price.points, price.money].compactMap { $0.map { reader.amount($0) } }
            .joined(separator: " + ")
    }
}
