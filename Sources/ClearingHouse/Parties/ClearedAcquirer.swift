// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// An acquirer whose merchants are cleared for. Format 1: name (counted), payee, senders (list of
/// names, counted). The key is the acquirer 4.
package struct ClearedAcquirer: Equatable, Sendable {
    package let identifier: UInt32
    package var name: String
    /// Where its fees go.
    package var payee: Payee
    /// Names of the links over which batches of its security cards may come: concentration points
    /// or payment servers.
    package var senders: [String]

    /// Names of links of one acquirer.
    package static let sendersMax = 64
    private static let format: UInt8 = 1

    package init(_ identifier: UInt32, name: String, payee: Payee, senders: [String]) {
        self.identifier = identifier
        self.name = name
        self.payee = payee
        self.senders = senders
    }
}

extension ClearedAcquirer: ClearingRecord {
    static let kind = ClearingRecords.acquirer
    static func key(_ acquirer: UInt32) -> [UInt8] { acquirer.bigEndianBytes }
    var key: [UInt8] { ClearedAcquirer.key(identifier) }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "acquirer key")
        identifier = try name.number("acquirer")
        var reader = ByteReader(body, of: "acquirer")
        guard try reader.byte("format") == ClearedAcquirer.format else {
            throw reader.failure("format", .invalid)
        }
        self.name = try reader.text("name", bytesMax: ClearingLimits.nameBytesMax)
        payee = try reader.payee()
        senders = try reader.list(
            "senders",
            max: ClearedAcquirer.sendersMax
        ) { reader throws(WireFailure) in
            try reader.text("sender", bytesMax: ClearingLimits.nameBytesMax)
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(ClearedAcquirer.format)
        writer.text(name)
        writer.payee(payee)
        writer.list(senders) { $0.text($1) }
        return writer.bytes
    }
}
