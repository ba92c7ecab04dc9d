// SPDX-License-Identifier: Apache-2.0

package import Hummingbird
package import Kernel
import Wire

/// The sign that a form without a session came from this site: a random value in a cookie and in
/// the form. Another site can read neither and, as the cookie is SameSite=Lax, send none. Forms
/// with a session carry the session's own token instead.
package struct FormToken: Sendable {
    private static let name = "opal-form"

    private let cookies: CookieJar
    private let random: any RandomSource

    package init(cookies: CookieJar, random: any RandomSource) {
        self.cookies = cookies
        self.random = random
    }

    /// The token for a page with a form; ``keep(_:on:)`` makes the browser remember it.
    package func issue(to request: Request) -> String {
        current(request) ?? Base64URL.encode(random.bytes(SiteLimits.formTokenBytes))
    }

    package func keep(_ token: String, on response: inout Response) {
        cookies.set(Self.name, token, seconds: SiteLimits.formCookieSeconds, on: &response)
    }

    /// - Throws: `.forbidden` unless the form carries the value of the cookie.
    package func check(_ form: Form, of request: Request) throws(SiteFailure) {
        guard let expected = current(request),
            ConstantTime.isEqual(Array(form.text("csrf").utf8), Array(expected.utf8))
        else { throw .forbidden }
    }

    private func current(_ request: Request) -> String? {
        guard let value = cookies.value(Self.name, of: request),
            Base64URL.decode(value)?.count == SiteLimits.formTokenBytes
        else { return nil }
        return value
    }
}
