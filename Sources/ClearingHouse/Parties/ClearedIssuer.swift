// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// An issuer whose cards' sales are cleared. Format 1: name (counted), payee, whether new sales are
/// cleared 1, pools (list: CURR 2), ended key versions (list: VKP 1, last day 3). The key is BIN 3.
package struct ClearedIssuer: Equatable, Sendable {
    /// A version of its KMP from which nothing is drawn after a day.
    package struct EndedVersion: Equatable, Sendable {
        package let version: UInt8
        package let lastDay: CardDate

        package init(_ version: UInt8, lastDay: CardDate) {
            self.version = version
            self.lastDay = lastDay
        }
    }

    package let identifier: IssuerIdentifier
    package var name: String
    /// Where its fees as an acquirer would go, by which one institution is recognised in both
    /// roles.
    package var payee: Payee
    /// Currencies in which it has a pool.
    package var pools: [Currency]
    package var endedVersions: [EndedVersion]

    private static let format: UInt8 = 1

    package init(
        _ identifier: IssuerIdentifier,
        name: String,
        payee: Payee,
        pools: [Currency],
        endedVersions: [EndedVersion] = []
    ) {
        self.identifier = identifier
        self.name = name
        self.payee = payee
        self.pools = pools
        self.endedVersions = endedVersions
    }

    package func hasEnded(_ version: UInt8, at time: CardTime) -> Bool {
        endedVersions.contains { $0.version == version && $0.lastDay.isPast(at: time) }
    }
}

extension ClearedIssuer: ClearingRecord {
    static let kind = ClearingRecords.issuer
    static func key(_ issuer: IssuerIdentifier) -> [UInt8] {
        issuer.bytes
    }
    var key: [UInt8] { ClearedIssuer.key(identifier) }

    /// Also of a record that does not open.
    ///
    /// - Returns: nil for bytes that are no key.
    static func identifier(key: [UInt8]) -> IssuerIdentifier? {
        var name = ByteReader(key, of: "issuer key")
        return try? name.issuer()
    }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "issuer key")
        identifier = try name.issuer()
        var reader = ByteReader(body, of: "issuer")
        guard try reader.byte("format") == ClearedIssuer.format else {
            throw reader.failure("format", .invalid)
        }
        self.name = try reader.text("name", bytesMax: ClearingLimits.nameBytesMax)
        payee = try reader.payee()
        pools = try reader.list(
            "pools",
            max: ClearingLimits.currenciesMax
        ) { reader throws(WireFailure) in try reader.currency() }
        endedVersions = try reader.list(
            "key versions",
            max: ClearingLimits.endedVersionsMax
        ) { reader throws(WireFailure) in
            let version = try reader.byte("VKP")
            return EndedVersion(version, lastDay: try reader.expiry())
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(ClearedIssuer.format)
        writer.text(name)
        writer.payee(payee)
        writer.list(pools) { $0.currency($1) }
        writer.list(endedVersions) { writer, ended in
            writer.byte(ended.version)
            writer.expiry(ended.lastDay)
        }
        return writer.bytes
    }
}
