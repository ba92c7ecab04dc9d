// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// The cookies of one payment, by the rules of a browser (RFC 6265 and its revision): a cookie
/// belongs to a host, whatever the port, and to a path. Nothing is kept after the payment.
///
/// A cookie for a whole domain is kept for its own host only, and refused where it names another:
/// telling a registered name from a public suffix needs a list that the terminal does not have.
package struct CookieJar: Sendable {
    private struct Cookie: Sendable {
        let name: String
        let value: String
        let host: String
        let path: String
        let isSecure: Bool
        let sameSite: SameSite
        let expires: Date?
    }

    private enum SameSite {
        case strict, lax, none
    }

    private var cookies: [Cookie] = []

    package init() {}

    /// Takes one `Set-Cookie` header.
    package mutating func take(_ header: String, from address: URL, at now: Date) {
        guard header.utf8.count <= TerminalLimits.cookieBytesMax,
            let origin = Origin(address),
            let cookie = CookieJar.parse(header, from: address, origin: origin, at: now)
        else { return }
        cookies.removeAll {
            $0.name == cookie.name && $0.host == cookie.host && $0.path == cookie.path
        }
        if let expires = cookie.expires, expires <= now { return }
        guard cookies.count(where: { $0.host == cookie.host }) < TerminalLimits.cookiesPerHostMax
        else { return }
        cookies.append(cookie)
    }

    /// The header `Cookie` for a navigation.
    ///
    /// - Parameters:
    ///   - address: where the request goes.
    ///   - initiator: the site of the page that began the navigation, nil where the person did.
    ///   - method: `GET` or `POST`.
    ///   - now: the time, which ends cookies.
    /// - Returns: nil if there is nothing to send.
    package func header(
        for address: URL,
        initiator: Origin?,
        method: String,
        at now: Date
    ) -> String? {
        guard let origin = Origin(address) else { return nil }
        let isSameSite = initiator.map { origin.isSameSite(as: $0) } ?? true
        let path = CookieJar.path(of: address)
        let sent = cookies.filter { cookie in
            guard cookie.host == origin.host, CookieJar.path(cookie.path, covers: path),
                !cookie.isSecure || origin.isSecure || origin.isLoopback,
                cookie.expires.map({ $0 > now }) ?? true
            else { return false }
            return switch cookie.sameSite {
            case .strict: isSameSite
            case .lax: isSameSite || method == "GET"
            case .none: true
            }
        }
        // The longer path first (RFC 6265, section 5.4); the order of taking is kept else.
        let ordered = sent.enumerated().sorted {
            ($1.element.path.count, $0.offset) < ($0.element.path.count, $1.offset)
        }
        return ordered.isEmpty
            ? nil : ordered.map { "\($0.element.name)=\($0.element.value)" }.joined(separator: "; ")
    }

    private static func parse(
        _ header: String,
        from address: URL,
        origin: Origin,
        at now: Date
    ) -> Cookie? {
        let parts = header.split(separator: ";", omittingEmptySubsequences: false).map(pair)
        guard let (name, value) = parts.first, !name.isEmpty,
            !header.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 })
        else { return nil }
        func last(_ attribute: String) -> String? {
            parts.dropFirst().last { $0.name.lowercased() == attribute }?.value
        }
        let domain = last("domain").map { $0.lowercased().drop { $0 == "." } }
        if let domain, !domain.isEmpty, domain != origin.host { return nil }
        let isSecure = last("secure") != nil
        if isSecure, !origin.isSecure, !origin.isLoopback { return nil }
        let path = last("path").flatMap { $0.hasPrefix("/") ? $0 : nil }
        if name.hasPrefix("__Secure-"), !isSecure { return nil }
        if name.hasPrefix("__Host-"), !isSecure || domain != nil || path != "/" { return nil }
        let sameSite: SameSite =
            switch last("samesite")?.lowercased() {
            case "strict": .strict
            case "none" where isSecure: .none
            default: .lax
            }
        return Cookie(
            name: name,
            value: value,
            host: origin.host,
            path: path ?? defaultPath(of: address),
            isSecure: isSecure,
            sameSite: sameSite,
            expires: expiry(maxAge: last("max-age"), expires: last("expires"), now: now)
        )
    }

    private static func pair(_ part: Substring) -> (name: String, value: String) {
        let pieces = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let trimmed = pieces.map { $0.trimmingCharacters(in: .whitespaces) }
        return (trimmed.first ?? "", trimmed.count > 1 ? trimmed[1] : "")
    }

    /// `Max-Age` comes before `Expires`; without either the cookie lives as long as the jar.
    private static func expiry(maxAge: String?, expires: String?, now: Date) -> Date? {
        if let seconds = maxAge.flatMap(Int32.init) {
            return seconds <= 0 ? .distantPast : now.addingTimeInterval(TimeInterval(seconds))
        }
        guard let expires else { return nil }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.date(from: expires)
    }

    private static func path(of address: URL) -> String {
        let path = address.path(percentEncoded: true)
        return path.hasPrefix("/") ? path : "/"
    }

    private static func defaultPath(of address: URL) -> String {
        let path = path(of: address)
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    private static func path(_ cookie: String, covers path: String) -> Bool {
        path == cookie
            || path.hasPrefix(cookie)
                && (cookie.hasSuffix("/") || path.dropFirst(cookie.count).hasPrefix("/"))
    }
}
