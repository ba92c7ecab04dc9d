// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer

// Who agrees to what a page from another site asks for: by the session, or with user identifier and
// password in the same form.
extension CardholderSite {
    /// Answers a form by which somebody agrees.
    ///
    /// `decision`: what the button stands for.
    /// `offer`: the order that waits while a password is chosen; nil for none.
    /// `again`: the page once more, with what is wrong.
    /// `answer`: for who has agreed.
    func agreeing(
        _ request: Request,
        _ context: SiteContext,
        decision: String,
        offer: TransactionIdentifier? = nil,
        again: ([String: Any]) async throws(SiteFailure) -> Response,
        _ answer: (CardIdentifier, Signed?) async throws(SiteFailure) -> Response
    ) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        if let signed = try await signed(request) {
            guard parts.users.isCSRFToken(form.text("csrf"), of: signed.token) else {
                throw .forbidden
            }
            guard form["decision"] == decision else { throw .badForm(.field("decision")) }
            return try await answer(signed.user.card, signed)
        }
        if sessionToken(request) != nil, form["password"] == nil {
            return try await again(Self.sessionOver)
        }
        try formToken.check(form, of: request)
        guard form["decision"] == decision else { throw .badForm(.field("decision")) }
        let (place, moment) = (address.of(request, context), now)
        let outcome = try await asking {
            try await parts.users.verify(
                form.text("userIdentifier"),
                Password(form.text("password")),
                from: place,
                at: moment
            )
        }
        switch outcome {
        case .verified(let user): return try await answer(user.card, nil)
        case .mustChangePassword(let ticket): return choosePassword(ticket, offer: offer)
        case .refused: return try await again(Self.wrongPair)
        case .throttled(let until): throw .tooMany(until: until)
        }
    }

    private static var sessionOver: [String: Any] {
        [
            "title": "You were signed out",
            "text": """
            You were away for a while. Nothing was done. Give your user identifier and your \
            password to go on.
            """,
        ]
    }

    /// The form of a page on which somebody agrees, with the entries of who is not signed in.
    func agreement(at path: String, _ signed: Signed?) -> [String: Any] {
        var form: [String: Any] = ["action": path]
        if signed == nil {
            form["userIdentifier"] = [:] as [String: Any]
            form["password"] = [:] as [String: Any]
        }
        return form
    }

    /// Shows a page on which somebody agrees.
    func show(_ page: Page, _ signed: Signed?, to request: Request) -> Response {
        signed.map { self.page(page, of: $0) } ?? openForm(page, to: request)
    }
}
