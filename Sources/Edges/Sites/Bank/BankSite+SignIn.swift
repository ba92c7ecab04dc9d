// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel

// The way in and out.
extension BankSite {
    func showSignIn(_ request: Request) throws(SiteFailure) -> Response {
        signInPage(request, next: try Form.query(request).text(SignInReturn.field))
    }

    func signIn(_ request: Request, _ context: SiteContext) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        try formToken.check(form, of: request)
        let next = form.text(SignInReturn.field)
        let logon: SignInDesk.Logon
        do throws(SignInFailure) {
            logon = try await customers.signIn.logOn(
                form.text("customer"),
                form.text("password"),
                from: settings.clientAddress.of(request, context),
                at: now()
            )
        } catch {
            throw .unavailable(error)
        }
        switch logon {
        case .signedIn(let session):
            var response = SiteShell.seeOther(SignInReturn.path(next) ?? "/")
            cookies.set(BankSite.cookie, session.token, on: &response)
            return response
        case .refused:
            let problems = [
                "title": "That did not match",
                "text": "Name and password do not belong together. Check both.",
            ]
            return signInPage(request, next: next, problems: problems)
        case .throttled(let until):
            throw .tooMany(until: until)
        }
    }

    private func signInPage(
        _ request: Request,
        next: String,
        problems: [String: Any]? = nil
    ) -> Response {
        let token = formToken.issue(to: request)
        let empty: [String: Any] = [:]
        var form: [String: Any] = [
            "action": SignInReturn.signInPath, "customer": empty, "password": empty,
        ]
        if let next = SignInReturn.path(next) {
            form["fields"] = [["name": SignInReturn.field, "value": next]]
        }
        var values: [String: Any] = ["form": form]
        if let problems { values["problems"] = problems }
        var response = shell.response(
            Page(
                "bank/sign-in",
                values,
                status: problems == nil ? .ok : .forbidden,
                csrf: token
            )
        )
        formToken.keep(token, on: &response)
        return response
    }

    func signOut(_ visit: Visit) -> Response {
        customers.signIn.signOut(visit.session)
        var response = SiteShell.seeOther(SignInReturn.signInPath)
        cookies.remove(BankSite.cookie, on: &response)
        return response
    }
}
