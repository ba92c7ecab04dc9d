// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// An issuer's own ``DormancyRule``, sealed by BIN. Format 2: months 2, what becomes of dormant
/// value 1, of expired value 1 (00 reported, 01 moved), months behind DEXP 2. Format 1 has no
/// months behind DEXP: then they are the standard.
package enum DormancyRuleRecord {
    package static let kind = RecordKind("dormancy_rule", keyBytes: 3...3)
    private static let format: UInt8 = 2

    package static func key(_ issuer: IssuerIdentifier) -> RecordKey {
        RecordKey(kind, issuer.bytes)
    }

    package static func bytes(_ rule: DormancyRule) -> [UInt8] {
        var writer = ByteWriter(capacity: 7)
        writer.byte(format)
        writer.integer(UInt64(rule.months), bytes: 2)
        writer.byte(rule.dormant.rawValue)
        writer.byte(rule.expired.rawValue)
        writer.integer(UInt64(rule.monthsExpired), bytes: 2)
        return writer.bytes
    }

    package static func read(_ bytes: [UInt8]) throws(WireFailure) -> DormancyRule {
        var reader = ByteReader(bytes, of: "dormancy rule")
        let format = try reader.byte("format")
        guard (1...Self.format).contains(format) else { throw reader.failure("format", .invalid) }
        let months = Int(try reader.integer("months", bytes: 2))
        let dormant = try reader.consequence("dormant")
        let expired = try reader.consequence("expired")
        let monthsExpired =
            format == 1
            ? DormancyRule.monthsExpiredStandard
            : Int(try reader.integer("months behind DEXP", bytes: 2))
        try reader.end()
        let rule = DormancyRule(
            months: months,
            monthsExpired: monthsExpired,
            dormant: dormant,
            expired: expired
        )
        guard let rule else { throw reader.failure("months", .invalid) }
        return rule
    }
}

extension ByteReader {
    fileprivate mutating func consequence(
        _ field: StaticString
    ) throws(WireFailure) -> DormancyRule.Consequence {
        try value(field, bytes: 1) { DormancyRule.Consequence(rawValue: UInt8($0)) }
    }
}
