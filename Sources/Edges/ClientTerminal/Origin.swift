// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// Scheme, host and port of an address: what a browser calls its origin (RFC 6454).
package struct Origin: Hashable, Sendable {
    package let scheme: String
    /// In small letters; an IPv6 address without its brackets.
    package let host: String
    package let port: Int

    /// - Returns: nil unless the address is one of http or https with a host and without a user.
    package init?(_ address: URL) {
        guard let scheme = address.scheme?.lowercased(), scheme == "https" || scheme == "http",
            let host = address.host(percentEncoded: true)?.lowercased(), !host.isEmpty,
            address.user == nil, address.password == nil
        else { return nil }
        self.scheme = scheme
        self.host = host.trimmingCharacters(in: ["[", "]"])
        port = address.port ?? (scheme == "https" ? 443 : 80)
    }

    /// As in the header `Origin`; the usual port is left out.
    package var text: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? "\(scheme)://\(host)" : "\(scheme)://\(host):\(port)"
    }

    package var isSecure: Bool { scheme == "https" }

    /// Whether no network lies between: `localhost` and the loopback addresses. Names below
    /// `localhost` are left out, as the system's resolver may ask elsewhere for them.
    package var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Whether two origins are of one site. A browser takes hosts under one registered name as one
    /// site; without a list of such names the terminal takes the host, which can only withhold a
    /// cookie and never gives one away.
    func isSameSite(as other: Origin) -> Bool {
        scheme == other.scheme && host == other.host
    }
}
