// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer

// The choice of a new password after a one-time password, which makes the card of a new user.
extension CardholderSite {
    private static let ticketCookie = "opal-ticket"

    func addPasswordRoutes(to router: Router<SiteContext>) {
        router.get("/new-password") { request, _ in
            guard ticket(request) != nil else { return SiteShell.seeOther(Self.signInPath) }
            return openForm(passwordPage(try offerName(request)), to: request)
        }
        router.post("/new-password") { request, _ in try await choose(request) }
    }

    /// Sends who gave a right one-time password to the choice of a new one; the offer is what the
    /// person was about to pay.
    func choosePassword(
        _ ticket: PasswordTicket,
        offer: TransactionIdentifier?
    ) -> Response {
        var response = SiteShell.seeOther(Self.passwordPath(offer))
        cookies.set(
            Self.ticketCookie,
            ticket.text,
            seconds: Int(UserLimits.ticketTime.components.seconds),
            on: &response
        )
        return response
    }

    private static func passwordPath(_ offer: TransactionIdentifier?) -> String {
        "/new-password" + (offer.map { "?checkout=\($0.text)" } ?? "")
    }

    private func ticket(_ request: Request) -> PasswordTicket? {
        cookies.value(Self.ticketCookie, of: request).flatMap { PasswordTicket($0) }
    }

    private func offerName(_ request: Request) throws(SiteFailure) -> TransactionIdentifier? {
        try Form.query(request)["checkout"].flatMap { TransactionIdentifier($0) }
    }

    private func passwordPage(
        _ offer: TransactionIdentifier?,
        problems: PasswordProblems? = nil
    ) -> Page {
        var values: [String: Any] = [
            "form": PasswordProblems.form(
                action: Self.passwordPath(offer),
                ["newPassword", "repeatedPassword"],
                problems
            )
        ]
        if let problems { values["problems"] = problems.values }
        return Page(
            "cardholder/new-password",
            values,
            status: problems == nil ? .ok : .unprocessableContent
        )
    }

    private func choose(_ request: Request) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        try formToken.check(form, of: request)
        let offer = try offerName(request)
        guard let ticket = ticket(request) else { return ended(request) }
        if let problems = PasswordProblems(repeated: form) {
            return openForm(passwordPage(offer, problems: problems), to: request)
        }
        let (password, moment) = (Password(form.text("newPassword")), now)
        let outcome = try await asking {
            try await parts.users.changePassword(ticket, to: password, at: moment)
        }
        switch outcome {
        case .changed(let token): return entered(token, offer)
        case .needsCard:
            return try await makeCard(ticket, password, offer, request)
        case .unsuitable(let problem):
            return openForm(passwordPage(offer, problems: PasswordProblems(problem)), to: request)
        case .throttled(let until): throw .tooMany(until: until)
        case .oldPasswordWrong, .ended: return ended(request)
        }
    }

    /// Makes the card; the new password and the card become durable together. Another card number
    /// is tried where one is taken already.
    private func makeCard(
        _ ticket: PasswordTicket,
        _ password: Password,
        _ offer: TransactionIdentifier?,
        _ request: Request
    ) async throws(SiteFailure) -> Response {
        let moment = now
        guard let issuer = try await asking({ try await parts.desk.issuer(settings.issuer) })
        else { throw .broken(SiteBreak.issuerMissing) }
        // A child's card begins empty: its guardian pays.
        let isChild = try await asking { try await parts.users.isChild(ticket, at: moment) }
        for _ in 0..<Self.cardTriesMax {
            let new = try await asking {
                try await parts.desk.make(for: issuer, value: isChild ? 0 : nil, now: moment)
            }
            let outcome = try await asking {
                try await parts.users.completeSetup(
                    ticket,
                    newPassword: password,
                    card: new.card,
                    extraWrites: new.writes,
                    history: new.history,
                    at: moment
                )
            }
            switch outcome {
            case .completed(let token): return entered(token, offer)
            case .cardTaken: continue
            case .unsuitable(let problem):
                return openForm(
                    passwordPage(offer, problems: PasswordProblems(problem)),
                    to: request
                )
            case .ended: return ended(request)
            }
        }
        throw .broken(SiteBreak.noCardNumber)
    }

    /// Ten digits are drawn at random: two numbers in a row that are taken mean a full range.
    private static let cardTriesMax = 8

    private func entered(_ token: SessionToken, _ offer: TransactionIdentifier?) -> Response {
        var response = begin(token, at: offer.map { "/checkout/\($0.text)" } ?? "/card")
        cookies.remove(Self.ticketCookie, on: &response)
        return response
    }

    private func ended(_ request: Request) -> Response {
        var page = signInPage(problems: [
            "title": "The time for a new password is over",
            "text": "Ask for another one-time password and choose the new one within half an hour.",
        ])
        page.status = .unprocessableContent
        var response = openForm(page, to: request)
        cookies.remove(Self.ticketCookie, on: &response)
        return response
    }
}
