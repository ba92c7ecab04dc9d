// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel
import OPALServer

// Opening a card: the form, and the page that waits for the mail (FIG. 10, step 502).
extension CardholderSite {
    func addSignUpRoutes(to router: Router<SiteContext>) {
        router.get("/sign-up") { request, _ in
            openForm(signUpPage(SignUpForm(), SignUpProblems()), to: request)
        }
        router.post("/sign-up") { request, context in
            try await signUp(request, context)
        }
    }

    private func signUp(
        _ request: Request,
        _ context: SiteContext
    ) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        try formToken.check(form, of: request)
        let typed = SignUpForm(form)
        let (place, moment) = (address.of(request, context), now)
        let outcome = try await asking {
            try await parts.users.signUp(typed, from: place, at: moment)
        }
        switch outcome {
        case .checkYourMail:
            return shell.response(
                checkMailPage(reader(request), maskedEmail: Self.masked(typed.email))
            )
        case .invalid(let errors): return refused(typed, SignUpProblems(errors), request)
        case .accountRefused(let reason): return refused(typed, SignUpProblems(reason), request)
        case .accountCheckUnavailable: return refused(typed, .unavailable, request)
        case .throttled(let until): throw .tooMany(until: until)
        }
    }

    private func refused(
        _ typed: SignUpForm,
        _ problems: SignUpProblems,
        _ request: Request
    ) -> Response {
        var page = signUpPage(typed, problems)
        page.status = .unprocessableContent
        return openForm(page, to: request)
    }

    private func signUpPage(_ typed: SignUpForm, _ problems: SignUpProblems) -> Page {
        var form: [String: Any] = ["action": "/sign-up"]
        for field in SignUpField.allCases {
            var entry: [String: Any] = [:]
            if let value = typed.shown(field) { entry["value"] = value }
            if let error = problems.texts[field] { entry["error"] = error }
            if field == .country { entry["options"] = Countries.options(selected: typed.country) }
            form[field.rawValue] = entry
        }
        var values: [String: Any] = ["form": form, "signInHref": Self.signInPath]
        if let problems = problems.values { values["problems"] = problems }
        return Page("cardholder/sign-up", values)
    }

    /// Without an address where the page must not tell whether there is one.
    func checkMailPage(_ reader: Reader, maskedEmail: String?) -> Page {
        var values: [String: Any] = [
            "validUntil": reader.time(now.adding(UserLimits.oneTimeTime)),
            "signInHref": Self.signInPath, "signUpHref": "/sign-up",
        ]
        if let maskedEmail { values["maskedEmail"] = maskedEmail }
        return Page("cardholder/check-mail", values)
    }

    /// The first character, and the server of the address.
    private static func masked(_ email: String) -> String {
        guard let at = email.firstIndex(of: "@") else { return "•••" }
        return "\(email.prefix(1))•••\(email[at...])"
    }
}

extension SignUpForm {
    fileprivate init(_ form: Form) {
        self.init()
        userIdentifier = form.text(SignUpField.userIdentifier.rawValue)
        accountNumber = form.text(SignUpField.accountNumber.rawValue)
        verificationValue = form.text(SignUpField.verificationValue.rawValue)
        expiry = form.text(SignUpField.expiry.rawValue)
        street = form.text(SignUpField.street.rawValue)
        city = form.text(SignUpField.city.rawValue)
        postalCode = form.text(SignUpField.postalCode.rawValue)
        country = form.text(SignUpField.country.rawValue)
        email = form.text(SignUpField.email.rawValue)
        password = form.text(SignUpField.password.rawValue)
    }

    /// What the page shows again; nil for what is secret.
    fileprivate func shown(_ field: SignUpField) -> String? {
        switch field {
        case .userIdentifier: userIdentifier
        case .accountNumber: accountNumber
        case .expiry: expiry
        case .street: street
        case .city: city
        case .postalCode: postalCode
        case .email: email
        case .verificationValue, .password, .country: nil
        }
    }
}
