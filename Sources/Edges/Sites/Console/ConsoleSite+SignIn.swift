// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Kernel

// The way in and out.
extension ConsoleSite {
    func showSignIn(_ request: Request) -> Response {
        signInPage(request, values: [:], status: .ok)
    }

    func signIn(_ request: Request, _ context: SiteContext) async throws(SiteFailure) -> Response {
        let form = try await Form.read(request)
        try formToken.check(form, of: request)
        let logon: SignInDesk.Logon
        do throws(OperatorFailure) {
            logon = try await operators.logOn(
                form.text("operator"),
                form.text("password"),
                from: clientAddress.of(request, context),
                at: now()
            )
        } catch {
            throw .unavailable(error)
        }
        switch logon {
        case .signedIn(let session):
            var response = SiteShell.seeOther("/")
            cookies.set(ConsoleSite.cookie, session.token, on: &response)
            return response
        case .refused:
            return signInPage(
                request,
                values: [
                    "problems": [
                        "title": "That did not match",
                        "text": "Name and password do not belong together. Check both.",
                    ]
                ],
                status: .forbidden
            )
        case .throttled(let until):
            throw .tooMany(until: until)
        }
    }

    private func signInPage(
        _ request: Request,
        values: [String: Any],
        status: HTTPResponse.Status
    ) -> Response {
        let token = formToken.issue(to: request)
        let empty: [String: Any] = [:]
        var values = values
        values["form"] =
            ["action": "/sign-in", "operator": empty, "password": empty] as [String: Any]
        var response = shell.response(
            Page("console/sign-in", values, status: status, csrf: token)
        )
        formToken.keep(token, on: &response)
        return response
    }

    func signOut(_ visit: Visit) -> Response {
        operators.signOut(visit.session)
        var response = SiteShell.seeOther("/sign-in")
        cookies.remove(ConsoleSite.cookie, on: &response)
        return response
    }
}
