// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import OPALServer

/// A person who is signed in, as one request shows it.
struct Signed {
    let token: SessionToken
    let user: SignedInUser
}

extension CardholderSite {
    static let sessionCookie = "opal-card"

    private static let links = [
        SiteLook.Link("Card", "/card"), SiteLook.Link("History", "/history"),
        SiteLook.Link("Account", "/account"),
    ]

    private static let guardianLinks =
        links[..<2] + [SiteLook.Link("Children", childrenPath)] + links[2...]

    /// `mayGuard`: whether children can have cards through this person.
    static func navigation(_ current: String?, mayGuard: Bool) -> Navigation {
        Navigation(
            mayGuard ? Array(guardianLinks) : links,
            current: current,
            signOut: "/sign-out"
        )
    }

    func mayGuard(_ signed: Signed) -> Bool { parts.funding != nil && !signed.user.isChild }

    func signed(_ request: Request) async throws(SiteFailure) -> Signed? {
        guard let token = sessionToken(request) else { return nil }
        do throws(UserFailure) {
            return try await parts.users.session(token, at: now).map { user in
                Signed(token: token, user: user)
            }
        } catch {
            throw .unavailable(error)
        }
    }

    func sessionToken(_ request: Request) -> SessionToken? {
        cookies.value(Self.sessionCookie, of: request).flatMap { SessionToken($0) }
    }

    /// The answer to a request that only who is signed in may make.
    func withSession(
        _ request: Request,
        _ answer: (Signed) async throws(SiteFailure) -> Response
    ) async throws(SiteFailure) -> Response {
        if let signed = try await signed(request) { return try await answer(signed) }
        guard sessionToken(request) != nil else { return SiteShell.seeOther(Self.signInPath) }
        var response = shell.response(
            Page("cardholder/signed-out", ["signInHref": Self.signInPath, "expired": true])
        )
        cookies.remove(Self.sessionCookie, on: &response)
        return response
    }

    /// As ``withSession(_:_:)`` for a posted form, which must carry the token of the session.
    func withSessionForm(
        _ request: Request,
        _ answer: (Signed, Form) async throws(SiteFailure) -> Response
    ) async throws(SiteFailure) -> Response {
        try await withSession(request) { signed throws(SiteFailure) in
            let form = try await Form.read(request)
            guard parts.users.isCSRFToken(form.text("csrf"), of: signed.token) else {
                throw .forbidden
            }
            return try await answer(signed, form)
        }
    }

    /// A page for who is signed in.
    func page(_ page: Page, of signed: Signed, current: String? = nil) -> Response {
        var page = page
        page.csrf = parts.users.csrfToken(of: signed.token)
        page.navigation = Self.navigation(current, mayGuard: mayGuard(signed))
        return shell.response(page)
    }

    func begin(_ token: SessionToken, at path: String) -> Response {
        var response = SiteShell.seeOther(path)
        cookies.set(Self.sessionCookie, token.text, on: &response)
        return response
    }
}
