// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// What a page lets the next site know of it (W3C Referrer Policy; WHATWG Fetch, "append a request
/// Origin header"). A site may look at both headers, so the terminal sends what a browser would.
package enum ReferrerPolicy: String, Sendable {
    case noReferrer = "no-referrer"
    case noReferrerWhenDowngrade = "no-referrer-when-downgrade"
    case sameOrigin = "same-origin"
    case origin
    case strictOrigin = "strict-origin"
    case originWhenCrossOrigin = "origin-when-cross-origin"
    case strictOriginWhenCrossOrigin = "strict-origin-when-cross-origin"
    case unsafeURL = "unsafe-url"

    /// The last word of the headers that is known; without one, what browsers take.
    package init(_ headers: [String]) {
        let words = headers.joined(separator: ",").split(separator: ",")
        let known = words.compactMap {
            ReferrerPolicy(rawValue: $0.trimmingCharacters(in: .whitespaces).lowercased())
        }
        self = known.last ?? .strictOriginWhenCrossOrigin
    }

    /// The header `Referer`, nil for none.
    package func referrer(from page: URL, to address: URL) -> String? {
        guard let own = Origin(page), let other = Origin(address) else { return nil }
        let isDowngrade = own.isSecure && !other.isSecure && !other.isLoopback
        let origin = own.text + "/"
        var parts = URLComponents(url: page, resolvingAgainstBaseURL: true)
        parts?.fragment = nil
        let whole = parts?.url?.absoluteString
        return switch self {
        case .noReferrer: nil
        case .unsafeURL: whole
        case .origin: origin
        case .noReferrerWhenDowngrade: isDowngrade ? nil : whole
        case .strictOrigin: isDowngrade ? nil : origin
        case .sameOrigin: own == other ? whole : nil
        case .originWhenCrossOrigin: own == other ? whole : origin
        case .strictOriginWhenCrossOrigin: isDowngrade ? nil : own == other ? whole : origin
        }
    }

    /// The header `Origin` of a form post.
    package func origin(from page: URL, to address: URL) -> String {
        guard let own = Origin(page), let other = Origin(address) else { return "null" }
        return switch self {
        case .noReferrer: "null"
        case .sameOrigin: own == other ? own.text : "null"
        case .noReferrerWhenDowngrade, .strictOrigin, .strictOriginWhenCrossOrigin:
            own.isSecure && !other.isSecure ? "null" : own.text
        case .origin, .originWhenCrossOrigin, .unsafeURL: own.text
        }
    }
}
