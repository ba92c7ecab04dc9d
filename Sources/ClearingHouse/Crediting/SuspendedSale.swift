// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// A sale that was not cleared when it came, for an operator. Format 1: the collected sale 102,
/// reason 1, whether its amount stands in suspense 1, since 8, behind a presence byte what became
/// of it 1, when 8 and who decided (counted). The key is its place. Open until somebody decided.
package struct SuspendedSale: Equatable, Sendable {
    package enum End: UInt8, Sendable {
        /// Cleared, because what was missing is there now.
        case released = 1
        /// Not paid; what stood in suspense went back to the issuer.
        case rejected = 2
    }

    package struct Decision: Equatable, Sendable {
        package let end: End
        package let at: Instant
        package let by: String
    }

    package let sale: CollectedSale
    package let place: BatchPlace
    package internal(set) var reason: SuspenseReason
    /// S6 is right and there is a pool: the issuer owes the amount, and it waits for its merchant.
    package let isPosted: Bool
    package let since: Instant
    package internal(set) var decision: Decision?

    private static let format: UInt8 = 1

    init(
        _ sale: CollectedSale,
        at place: BatchPlace,
        _ reason: SuspenseReason,
        isPosted: Bool,
        since: Instant
    ) {
        self.sale = sale
        self.place = place
        self.reason = reason
        self.isPosted = isPosted
        self.since = since
    }
}

extension SuspendedSale: ClearingRecord {
    static let kind = ClearingRecords.suspended
    var key: [UInt8] { place.bytes }
    var isOpen: Bool { decision == nil }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(body, of: "suspended sale")
        guard try reader.byte("format") == SuspendedSale.format else {
            throw reader.failure("format", .invalid)
        }
        let bytes = try reader.bytes("sale", count: CollectedSale.length)
        (sale, place) = try CollectedSale.read(bytes)
        guard place.bytes == key else { throw reader.failure("place", .invalid) }
        reason = try reader.value("reason", bytes: 1) { SuspenseReason(code: UInt8($0)) }
        isPosted = try reader.flag("posted")
        since = try reader.moment("since")
        decision = try reader.optional("decision") { reader throws(WireFailure) in
            Decision(
                end: try reader.value("end", bytes: 1) { End(rawValue: UInt8($0)) },
                at: try reader.moment("at"),
                by: try reader.text("by", bytesMax: ClearingLimits.nameBytesMax)
            )
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 160)
        writer.byte(SuspendedSale.format)
        writer.append(sale.bytes(at: place))
        writer.byte(reason.code)
        writer.flag(isPosted)
        writer.moment(since)
        writer.optional(decision) { writer, decision in
            writer.byte(decision.end.rawValue)
            writer.moment(decision.at)
            writer.text(decision.by)
        }
        return writer.bytes
    }
}
