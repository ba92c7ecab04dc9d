// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// One row in the journal of a benefit or of a redemption: version 1, event 1, time 8, TRX behind a
/// presence byte 16, what is left 8 (two's complement). It holds no voucher code.
package struct BenefitEntry: Equatable, Sendable {
    package enum Event: UInt8, CaseIterable, Sendable {
        // Of a benefit.
        case put = 1
        case changed = 2
        case restocked = 3
        case withdrawn = 4
        case offered = 5
        // Of a redemption, and of the stock of its benefit.
        case reserved = 6
        case fulfilled = 7
        case released = 8
    }

    package let event: Event
    package let time: Instant
    /// Of the redemption; nil where there is none.
    package let transaction: TransactionIdentifier?
    /// What is left of the benefit afterwards.
    package let left: Int64

    private static let version: UInt8 = 1

    init(_ event: Event, _ transaction: TransactionIdentifier?, left: Int64, at time: Instant) {
        self.event = event
        self.time = time
        self.transaction = transaction
        self.left = left
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "journal of benefits")
        guard try reader.byte("version") == BenefitEntry.version else {
            throw reader.failure("version", .invalid)
        }
        event = try reader.value("event", bytes: 1) { Event(rawValue: UInt8($0)) }
        time = try reader.moment("time")
        transaction = try reader.optional("TRX") { reader throws(WireFailure) in
            try reader.transaction()
        }
        left = Int64(bitPattern: try reader.integer("left", bytes: 8))
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 40)
        writer.byte(BenefitEntry.version)
        writer.byte(event.rawValue)
        writer.moment(time)
        writer.optional(transaction) { $0.transaction($1) }
        writer.integer(UInt64(bitPattern: left), bytes: 8)
        return writer.bytes
    }
}

extension RedemptionState {
    /// The row that tells of it.
    var event: BenefitEntry.Event {
        switch self {
        case .reserved: .reserved
        case .fulfilled: .fulfilled
        case .released: .released
        }
    }
}
