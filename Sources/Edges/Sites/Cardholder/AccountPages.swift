// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer

// What is kept about a person, and the change of the password.
extension CardholderSite {
    func addAccountRoutes(to router: Router<SiteContext>) {
        router.get("/account") { request, _ in
            try await withSession(request) { signed throws(SiteFailure) in
                let isChanged = try Form.query(request)["changed"] != nil
                return try await accountPage(
                    signed,
                    reader(request),
                    notice: isChanged ? .init(.good, "Your password was changed.") : nil
                )
            }
        }
        router.post("/account") { request, context in
            try await withSessionForm(request) { signed, form throws(SiteFailure) in
                try await change(signed, form, request, address.of(request, context))
            }
        }
    }

    private func accountPage(
        _ signed: Signed,
        _ reader: Reader,
        problems: PasswordProblems? = nil,
        notice: Page.Notice? = nil
    ) async throws(SiteFailure) -> Response {
        guard let profile = try await asking({ try await parts.users.profile(of: signed.user.key) })
        else { throw .broken(SiteBreak.cardMissing) }
        let facts: [[String: Any]] = [
            ["label": "User identifier", "value": profile.maskedIdentifier],
            ["label": "E-mail address", "value": profile.maskedEmail],
            ["label": "Card", "value": signed.user.card.masked],
            ["label": "Member since", "value": reader.day(profile.createdAt)],
        ]
        var values: [String: Any] = [
            "facts": facts,
            "form": PasswordProblems.form(
                action: "/account",
                ["password", "newPassword", "repeatedPassword"],
                problems
            ),
        ]
        if let account = profile.account {
            values["funding"] = ["lastDigits": account.lastFour, "expiry": account.expiry.text]
        }
        if let problems { values["problems"] = problems.values }
        return page(
            Page(
                "cardholder/account",
                values,
                status: problems == nil ? .ok : .unprocessableContent,
                notice: notice
            ),
            of: signed,
            current: "/account"
        )
    }

    private func change(
        _ signed: Signed,
        _ form: Form,
        _ request: Request,
        _ place: String
    ) async throws(SiteFailure) -> Response {
        let reader = reader(request)
        if let problems = PasswordProblems(repeated: form) {
            return try await accountPage(signed, reader, problems: problems)
        }
        let moment = now
        let outcome = try await asking {
            try await parts.users.changePassword(
                signed.token,
                old: Password(form.text("password")),
                new: Password(form.text("newPassword")),
                from: place,
                at: moment
            )
        }
        switch outcome {
        case .changed(let token): return begin(token, at: "/account?changed=yes")
        case .unsuitable(let problem):
            return try await accountPage(signed, reader, problems: PasswordProblems(problem))
        case .oldPasswordWrong:
            return try await accountPage(signed, reader, problems: .oldWrong)
        case .throttled(let until): throw .tooMany(until: until)
        case .needsCard, .ended: return SiteShell.seeOther(Self.signInPath)
        }
    }
}
