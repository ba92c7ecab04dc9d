// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer

// Signing in and out, and a password that was lost.
extension CardholderSite {
    func addSignInRoutes(to router: Router<SiteContext>) {
        router.get("/") { request, _ in
            let isSigned = try await signed(request) != nil
            return SiteShell.seeOther(isSigned ? "/card" : Self.signInPath)
        }
        router.get("/sign-in") { request, _ in openForm(signInPage(), to: request) }
        router.post("/sign-in") { request, context in try await signIn(request, context) }
        router.post("/sign-out") { request, _ in try await signOut(request) }
        router.get("/reminder") { request, _ in openForm(reminderPage(), to: request) }
        router.post("/reminder") { request, context in try await remind(request, context) }
    }

    private func signIn(
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        try formToken.check(form, of: request)
        let (place, moment) = (address.of(request, context), now)
        let outcome = try await asking {
            try await parts.users.logOn(
                form.text("userIdentifier"),
                Password(form.text("password")),
                from: place,
                at: moment
            )
        }
        switch outcome {
        case .signedIn(let token): return begin(token, at: "/card")
        case .mustChangePassword(let ticket): return choosePassword(ticket, offer: nil)
        case .refused:
            var page = signInPage(problems: Self.wrongPair)
            page.status = .unprocessableContent
            return openForm(page, to: request)
        case .throttled(let until): throw .tooMany(until: until)
        }
    }

    /// The same for an unknown user and for a wrong password.
    static var wrongPair: [String: Any] {
        [
            "title": "This does not open a card",
            "text": """
            User identifier and password do not belong together. Check both; capitals count \
            in the password.
            """,
        ]
    }

    func signInPage(problems: [String: Any]? = nil) -> Page {
        var values: [String: Any] = [
            "form": [
                "action": Self.signInPath, "userIdentifier": [:] as [String: Any],
                "password": [:] as [String: Any],
            ] as [String: Any],
            "signUpHref": "/sign-up", "reminderHref": "/reminder",
        ]
        if let problems { values["problems"] = problems }
        return Page("cardholder/sign-in", values)
    }

    private func signOut(_ request: Request) async throws(SiteFailure) -> Response {
        try await withSessionForm(request) { signed, _ throws(SiteFailure) in
            try await asking { try await parts.users.signOut(signed.token) }
            var response = shell.response(
                Page("cardholder/signed-out", ["signInHref": Self.signInPath])
            )
            cookies.remove(Self.sessionCookie, on: &response)
            return response
        }
    }

    private func reminderPage() -> Page {
        Page(
            "cardholder/reminder",
            [
                "form": ["action": "/reminder", "userIdentifier": [:] as [String: Any]]
                    as [String: Any],
                "signInHref": Self.signInPath,
            ]
        )
    }

    private func remind(
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        try formToken.check(form, of: request)
        let (place, moment) = (address.of(request, context), now)
        let outcome = try await asking {
            try await parts.users.remind(form.text("userIdentifier"), from: place, at: moment)
        }
        switch outcome {
        case .checkYourMail:
            return shell.response(checkMailPage(reader(request), maskedEmail: nil))
        case .throttled(let until): throw .tooMany(until: until)
        }
    }
}
