// SPDX-License-Identifier: Apache-2.0

package import Kernel
package import Records
package import Wire

/// A request for points that was refused for good, in the place of the load: what the loyalty
/// server has given back to its member never comes onto the card by a late copy. Format 2: reason
/// 1, refused at 8, the request (counted).
package struct PointsDenialRecord: Equatable, Sendable {
    private static let format: UInt8 = 2

    let reason: PointsRefusal
    let refusedAt: Instant
    let request: PointsCredit

    init(_ reason: PointsRefusal, at refusedAt: Instant, request: PointsCredit) {
        self.reason = reason
        self.refusedAt = refusedAt
        self.request = request
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "points denial")
        guard try reader.byte("format") == PointsDenialRecord.format else {
            throw reader.failure("format", .invalid)
        }
        reason = try reader.value("reason", bytes: 1) { PointsRefusal(rawValue: UInt8($0)) }
        refusedAt = try reader.moment("refused at")
        request = try reader.creditRequest()
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.byte(PointsDenialRecord.format)
        writer.byte(reason.rawValue)
        writer.moment(refusedAt)
        writer.counted(PointsMessage.credit(request).bytes)
        return writer.bytes
    }
}

/// Points that a programme has loaded onto a member's card, sealed by TRX and durable with the
/// credit of the card: who asks again gets the reply that lies beside it. Format 1: card 8, NT 4,
/// credited at 8, the request (counted).
package struct PointsLoadRecord: Equatable, Sendable {
    package static let kind = RecordKind("points_load", keyBytes: 16...16)
    private static let format: UInt8 = 1

    package let card: CardIdentifier
    /// NT of the load.
    package let number: UInt32
    package let creditedAt: Instant
    package let request: PointsCredit

    package static func key(_ transaction: TransactionIdentifier) -> RecordKey {
        RecordKey(kind, transaction.bytes)
    }

    init(card: CardIdentifier, number: UInt32, creditedAt: Instant, request: PointsCredit) {
        self.card = card
        self.number = number
        self.creditedAt = creditedAt
        self.request = request
    }

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "points load")
        guard try reader.byte("format") == PointsLoadRecord.format else {
            throw reader.failure("format", .invalid)
        }
        card = try reader.card()
        number = try reader.number("NT")
        creditedAt = try reader.moment("credited at")
        request = try reader.creditRequest()
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.byte(PointsLoadRecord.format)
        writer.card(card)
        writer.number(number)
        writer.moment(creditedAt)
        writer.counted(PointsMessage.credit(request).bytes)
        return writer.bytes
    }

    /// More than a request has.
    fileprivate static let requestBytesMax = 512
}

extension ByteReader {
    fileprivate mutating func creditRequest() throws(WireFailure) -> PointsCredit {
        let message = try counted("request", max: PointsLoadRecord.requestBytesMax)
        guard case .credit(let request) = try PointsMessage(message) else {
            throw failure("request", .invalid)
        }
        return request
    }
}
