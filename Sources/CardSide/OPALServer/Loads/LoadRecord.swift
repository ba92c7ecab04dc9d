// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// A load of a card, as the OPAL server remembers it, sealed. It is durable before the load server
/// is asked, and changes together with the card. Format 1: state 1, card 8, moment of the request
/// 8, load page (counted), load 95, behind a presence byte each CREDIT IEP 34 and answer 22, reason
/// 1 (0 where there is none), moment of the end 8 (0 while open).
package struct LoadRecord: Equatable, Sendable {
    package static let kind = RecordKind("load", keyBytes: 16...16)
    private static let format: UInt8 = 1
    private static let pageBytesMax = 2048

    package var state: CardLoadState
    package let card: CardIdentifier
    package let requestedAt: Instant
    package let page: LoadPage
    package let load: CardLoad
    /// As the card was asked with it; nil where no S2 came.
    package var credit: CreditIEP?
    /// The card's answer with S3, also where it declined; nil where there is none.
    package var answer: CreditAnswer?
    /// Why the card was not credited.
    package var reason: LoadRefusal?
    package var endedAt: Instant?

    package init(
        card: CardIdentifier,
        requestedAt: Instant,
        page: LoadPage,
        load: CardLoad
    ) {
        state = .requested
        self.card = card
        self.requestedAt = requestedAt
        self.page = page
        self.load = load
    }

    package var terms: LoadTerms { page.terms }

    package static func key(_ transaction: TransactionIdentifier) -> RecordKey {
        RecordKey(kind, transaction.bytes)
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "load record")
        guard try reader.byte("format") == LoadRecord.format else {
            throw reader.failure("format", .invalid)
        }
        state = try reader.value("state", bytes: 1) { CardLoadState(rawValue: UInt8($0)) }
        card = try reader.card()
        requestedAt = try reader.moment("requested")
        page = try LoadPage(
            bytes: try reader.counted("load page", max: LoadRecord.pageBytesMax)
        )
        load = try CardLoad(&reader)
        credit = try reader.optional("CREDIT IEP") { reader throws(WireFailure) in
            try CreditIEP(try reader.bytes("CREDIT IEP", count: CreditIEP.length))
        }
        answer = try reader.optional("answer") { reader throws(WireFailure) in
            try CreditAnswer(try reader.bytes("answer", count: CreditAnswer.length))
        }
        let code = try reader.byte("reason")
        reason = LoadRefusal(rawValue: code)
        if code != 0 && reason == nil { throw reader.failure("reason", .invalid) }
        let ended = try reader.moment("ended")
        endedAt = ended.milliseconds == 0 ? nil : ended
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 640)
        writer.byte(LoadRecord.format)
        writer.byte(state.rawValue)
        writer.card(card)
        writer.moment(requestedAt)
        writer.counted(page.bytes)
        writer.append(load.bytes)
        writer.optional(credit) { $0.append($1.bytes) }
        writer.optional(answer) { $0.append($1.bytes) }
        writer.byte(reason?.rawValue ?? 0)
        writer.moment(endedAt ?? Instant(milliseconds: 0))
        return writer.bytes
    }
}
