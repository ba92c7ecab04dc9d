// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import Hummingbird

/// The headers that keep a browser from doing what no page of ours asks for.
package struct SecurityHeaders: RouterMiddleware {
    package typealias Context = SiteContext

    private let isSecure: Bool

    package init(isSecure: Bool) {
        self.isSecure = isSecure
    }

    /// The policy of pages; a page may name one more origin to which its form posts.
    package static func policy(formOrigin: String? = nil) -> String {
        formOrigin.map { "\(policyStart) \($0)" } ?? policyStart
    }

    private static let policyStart = """
        default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; \
        connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'
        """

    package func handle(
        _ request: Request,
        context: SiteContext,
        next: @concurrent (Request, SiteContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        let isAsset = response.headers[.cacheControl] != nil
        if response.headers[.contentSecurityPolicy] == nil {
            response.headers[.contentSecurityPolicy] = Self.policyStart
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.referrerPolicy] = "same-origin"
        response.headers[.crossOriginOpenerPolicy] = "same-origin"
        response.headers[.crossOriginResourcePolicy] = "same-origin"
        if !isAsset { response.headers[.cacheControl] = "no-store" }
        // One year (RFC 6797); without subdomains, which may belong to somebody else.
        if isSecure { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        return response
    }
}

extension HTTPField.Name {
    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else {
            preconditionFailure("The name of a header is a token.")
        }
        return name
    }

    package static let referrerPolicy = known("Referrer-Policy")
    package static let crossOriginOpenerPolicy = known("Cross-Origin-Opener-Policy")
    package static let forwardedFor = known("X-Forwarded-For")
}
