// SPDX-License-Identifier: Apache-2.0

/// What may be a name in a certificate and in a file name: a DNS name in lower case (RFC 1123,
/// 2.1), without wildcards.
enum PartyName {
    static let bytesMax = 253
    static let labelBytesMax = 63

    /// - Returns: the name in lower case.
    static func checked(_ name: String) throws(AuthorityFailure) -> String {
        let lower = try checkedDNSName(name)
        // Its files are those of the authority.
        if lower == SchemeAuthority.fileName { throw .badName(name) }
        return lower
    }

    static func checkedDNSName(_ name: String) throws(AuthorityFailure) -> String {
        let lower = name.lowercased()
        let labels = lower.split(separator: ".", omittingEmptySubsequences: false)
        guard lower.utf8.count <= bytesMax, labels.allSatisfy({ isLabel($0) }) else {
            throw .badName(name)
        }
        return lower
    }

    private static func isLabel(_ label: Substring) -> Bool {
        (1...labelBytesMax).contains(label.utf8.count)
            && label.first != "-" && label.last != "-"
            && label.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"):
                    true
                default:
                    false
                }
            }
    }
}
