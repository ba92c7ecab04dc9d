// SPDX-License-Identifier: Apache-2.0

package import Hummingbird

/// The cookies of one site: HttpOnly, SameSite=Lax, for all paths, and Secure where the site is
/// reached by https.
package struct CookieJar: Sendable {
    private let isSecure: Bool

    package init(isSecure: Bool) {
        self.isSecure = isSecure
    }

    /// The value of a cookie that the browser sent.
    package func value(_ name: String, of request: Request) -> String? {
        let wanted = stored(name)
        for header in request.headers[values: .cookie] {
            guard header.utf8.count <= SiteLimits.cookieBytesMax else { continue }
            for pair in header.utf8.split(separator: UInt8(ascii: ";")) {
                let pair = pair.drop { $0 == 0x20 }
                guard let cut = pair.firstIndex(of: UInt8(ascii: "=")),
                    pair[..<cut].elementsEqual(wanted.utf8)
                else { continue }
                return String(Substring(pair[cut...].dropFirst()))
            }
        }
        return nil
    }

    /// Makes the browser keep a cookie for so many seconds; without them, until it is closed.
    package func set(
        _ name: String,
        _ value: String,
        seconds: Int? = nil,
        on response: inout Response
    ) {
        response.setCookie(
            Cookie(
                name: stored(name),
                value: value,
                maxAge: seconds,
                path: "/",
                secure: isSecure,
                httpOnly: true,
                sameSite: .lax
            )
        )
    }

    package func remove(_ name: String, on response: inout Response) {
        set(name, "", seconds: 0, on: &response)
    }

    /// With the prefix a browser takes the cookie from this very host and from https alone
    /// (RFC 6265bis §4.1.3.2).
    private func stored(_ name: String) -> String { isSecure ? "__Host-" + name : name }
}
