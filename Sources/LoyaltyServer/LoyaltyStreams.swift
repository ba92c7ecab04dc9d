// SPDX-License-Identifier: Apache-2.0

import Kernel
package import Records

/// Whose a stream of history at the loyalty server is: of a programme, a member, a benefit or a
/// redemption.
package enum LoyaltyStreams {
    private static let kinds: [(prefix: [UInt8], kind: RecordKind, name: String)] = [
        (Array("programme ".utf8), LoyaltyRecords.programme, "programme"),
        (Array("member ".utf8), LoyaltyRecords.member, "member"),
        // Before the shorter prefix.
        (Array("benefit redemption ".utf8), BenefitRecords.redemption, "redemption"),
        (Array("benefit ".utf8), BenefitRecords.benefit, "benefit"),
    ]

    /// The record that the stream belongs to.
    ///
    /// - Returns: nil where it can be nobody's.
    package static func owner(of stream: [UInt8]) -> RecordKey? {
        for (prefix, kind, _) in kinds where stream.starts(with: prefix) {
            let key = Array(stream.dropFirst(prefix.count))
            return kind.keyBytes.contains(key.count) ? RecordKey(kind, key) : nil
        }
        return nil
    }

    /// For findings; a member number is not told whole.
    package static func place(of stream: [UInt8]) -> String {
        guard let owner = owner(of: stream),
            let name = kinds.first(where: { $0.kind == owner.kind })?.name
        else { return "loyalty server, stream \(Hex.text(stream))" }
        return owner.kind == LoyaltyRecords.member
            ? "loyalty server, member •••• \(String(decoding: stream.suffix(4), as: UTF8.self))"
            : "loyalty server, \(name) \(Hex.text(owner.bytes))"
    }
}
