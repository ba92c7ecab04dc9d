// SPDX-License-Identifier: Apache-2.0

package import Hummingbird

/// Where a request comes from, for throttling: an IPv4 address, or the first 64 bits of an IPv6
/// address, because a household has all of the rest.
package struct ClientAddress: Sendable {
    private let trustsProxy: Bool

    /// - Parameter trustsProxy: whether one proxy of ours stands in front of the site, which adds
    ///   the address of who called it to `X-Forwarded-For`. Without a proxy anybody could write
    ///   anything there.
    package init(trustsProxy: Bool) {
        self.trustsProxy = trustsProxy
    }

    package func of(_ request: Request, _ context: SiteContext) -> String {
        if trustsProxy, let last = request.headers[values: .forwardedFor].last {
            // The proxy appends: what stands before the last comma came from outside.
            let text = last.split(separator: ",").last.map(String.init) ?? ""
            if let address = Self.cut(text.filter { $0 != " " }) { return address }
        }
        return context.peer.flatMap(Self.cut) ?? "local"
    }

    /// The part of an address that is counted; nil for what is no address.
    package static func cut(_ text: String) -> String? {
        if isIPv4(text) { return text }
        guard let groups = groups(text) else { return nil }
        // ::ffff:a.b.c.d is an IPv4 address on a socket for both (RFC 4291 §2.5.5.2).
        if groups[..<5].allSatisfy({ $0 == 0 }), groups[5] == 0xFFFF {
            return [groups[6] >> 8, groups[6] & 0xFF, groups[7] >> 8, groups[7] & 0xFF]
                .map(String.init).joined(separator: ".")
        }
        return groups[..<4].map { String($0, radix: 16) }.joined(separator: ":") + "::/64"
    }

    private static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { (1...3).contains($0.utf8.count) && UInt8($0) != nil }
    }

    /// The eight groups of an IPv6 address.
    private static func groups(_ text: String) -> [UInt16]? {
        // The zone behind a percent sign names an interface of ours.
        let address = text.prefix { $0 != "%" }
        let halves = address.components(separatedByDoubleColon: ())
        guard halves.count <= 2 else { return nil }
        var parsed: [[UInt16]] = []
        for half in halves {
            guard let part = part(half) else { return nil }
            parsed.append(part)
        }
        guard parsed.count == 2 else { return parsed[0].count == 8 ? parsed[0] : nil }
        let missing = 8 - parsed[0].count - parsed[1].count
        guard missing >= 1 else { return nil }
        return parsed[0] + Array(repeating: 0, count: missing) + parsed[1]
    }

    private static func part(_ text: Substring) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (position, part) in parts.enumerated() {
            if position == parts.count - 1, isIPv4(String(part)) {
                let bytes = part.split(separator: ".").compactMap { UInt16($0) }
                groups += [bytes[0] << 8 | bytes[1], bytes[2] << 8 | bytes[3]]
            } else {
                guard (1...4).contains(part.utf8.count), let group = UInt16(part, radix: 16)
                else { return nil }
                groups.append(group)
            }
        }
        return groups
    }
}

extension Substring {
    /// The parts around `::`.
    fileprivate func components(separatedByDoubleColon: Void) -> [Substring] {
        var parts: [Substring] = []
        var rest = self
        while let found = rest.firstRange(of: "::") {
            parts.append(rest[..<found.lowerBound])
            rest = rest[found.upperBound...]
        }
        return parts + [rest]
    }
}
