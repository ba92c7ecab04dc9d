// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Wire

/// One row in the journal of an order. The rows hold no key; with the results as they were sealed
/// they prove what the merchant was told.
package struct JournalEntry: Equatable, Sendable {
    package enum Event: Equatable, Sendable {
        case ordered(OrderTerms, article: String, predecessor: TransactionIdentifier?)
        /// A Debit Result M was accepted; `sealed` is the JWE as it came.
        case settled(SaleOutcome, sealed: [UInt8])
        /// The payment server never saw the transaction, and the order was too old for it to come.
        case givenUp
        case delivered
        /// Another order was made in its place.
        case renewed(successor: TransactionIdentifier)
    }

    package let time: Instant
    package let event: Event

    private static let version: UInt8 = 1

    init(_ event: Event, at time: Instant) {
        self.event = event
        self.time = time
    }

    /// Version 1, type 1, time 8, then the fields of the type.
    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "order journal")
        guard try reader.byte("version") == JournalEntry.version else {
            throw reader.failure("version", .invalid)
        }
        let type = try reader.byte("type")
        time = try reader.instant("time")
        switch type {
        case 1:
            event = .ordered(
                try reader.orderTerms(),
                article: try reader.text(
                    "article",
                    bytesMax: MerchantLimits.articleIdentifierBytesMax
                ),
                predecessor: try reader.optional("predecessor") { reader throws(WireFailure) in
                    try reader.transaction()
                }
            )
        case 2:
            event = .settled(
                try reader.value("outcome", bytes: 1) { SaleOutcome(rawValue: UInt8($0)) },
                sealed: try reader.counted("result M", max: PartyMessage.sealedBytesMax)
            )
        case 3: event = .givenUp
        case 4: event = .delivered
        case 5: event = .renewed(successor: try reader.transaction())
        default: throw reader.failure("type", .invalid)
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.byte(JournalEntry.version)
        writer.byte(type)
        writer.instant(time)
        switch event {
        case .ordered(let terms, let article, let predecessor):
            writer.orderTerms(terms)
            writer.text(article)
            writer.optional(predecessor) { $0.transaction($1) }
        case .settled(let outcome, let sealed):
            writer.byte(outcome.rawValue)
            writer.counted(sealed)
        case .givenUp, .delivered: break
        case .renewed(let successor): writer.transaction(successor)
        }
        return writer.bytes
    }

    private var type: UInt8 {
        switch event {
        case .ordered: 1
        case .settled: 2
        case .givenUp: 3
        case .delivered: 4
        case .renewed: 5
        }
    }
}
