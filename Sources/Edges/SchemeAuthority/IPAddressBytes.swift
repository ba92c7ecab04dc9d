// SPDX-License-Identifier: Apache-2.0

/// Reads an IP address as the bytes of a subject alternative name (RFC 5280, 4.2.1.6): 4 or 16.
enum IPAddressBytes {
    static func parse(_ text: String) -> [UInt8]? {
        text.utf8.contains(UInt8(ascii: ":")) ? version6(text) : version4(text)
    }

    private static func version4(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count != 4 { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            let isPlain = !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
            let isShort = part.count == 1 || part.first != "0"
            guard isPlain, isShort, let byte = UInt8(part) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// RFC 4291, 2.2, without the form that ends in an IPv4 address.
    private static func version6(_ text: String) -> [UInt8]? {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        if halves.count > 2 { return nil }
        var groups: [[UInt16]] = []
        for half in halves {
            guard let read = hexGroups(half) else { return nil }
            groups.append(read)
        }
        let count = groups.reduce(0) { $0 + $1.count }
        if halves.count == 1 && count != 8 { return nil }
        if halves.count == 2 && count > 7 { return nil }
        let zeros = [UInt16](repeating: 0, count: 8 - count)
        let all = groups[0] + zeros + (groups.count == 2 ? groups[1] : [])
        return all.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    }

    private static func hexGroups(_ text: Substring) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups: [UInt16] = []
        for part in text.split(separator: ":", omittingEmptySubsequences: false) {
            let isPlain = (1...4).contains(part.count) && part.allSatisfy(\.isHexDigit)
            guard isPlain, let group = UInt16(part, radix: 16) else { return nil }
            groups.append(group)
        }
        return groups
    }
}
