// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A message between payment server, concentration point and clearing house: version 1, type 1,
/// then the fields of the type (`docs/messages/collection.md`). Every request may come again.
package enum CollectionMessage: Equatable, Sendable {
    /// Towards the clearing house: there is this batch.
    case offer(BatchHeader)
    /// Towards the clearing house: sales of a batch that was offered. IDPSAM 8, batch number 4,
    /// index of the first one 4, number 2, and each as ``CollectedSale`` bytes.
    case part(BatchName, from: UInt32, sales: [[UInt8]])
    /// Towards the clearing house: what is new since this revision? 8.
    case updatesQuestion(after: UInt64)
    /// Back: the batch is wanted from this index on. IDPSAM 8, batch number 4, index 4.
    case wanted(BatchName, from: UInt32)
    /// Back: all of it is durable at the clearing house. IDPSAM 8, batch number 4.
    case acknowledged(BatchName)
    /// Back: it is not taken. IDPSAM 8, batch number 4, reason 1.
    case refused(BatchName, BatchRefusal)
    /// Back: revision of the last update 8, whether there are more 1, number 2, and the updates.
    case updates(revision: UInt64, hasMore: Bool, [SchemeUpdate])
    /// Back: nothing can be done now; the same later.
    case unavailable
    /// Towards the clearing house: refund this. The acquirer 4, ``RefundOrder`` bytes 43, and a
    /// code over them 16 that its payment servers can make.
    case refund(RefundOrder, acquirer: UInt32, code: [UInt8])
    /// Back: what became of a refund. TRX 16, number 1, outcome 2.
    case refundAnswer(TransactionIdentifier, number: UInt8, RefundOutcome)

    package static let version: UInt8 = 1
    /// Sales in one part: what fits into one message.
    package static let partMax = 512
    /// Updates in one answer.
    package static let updatesMax = 512

    package init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "collection message")
        guard try reader.byte("version") == CollectionMessage.version else {
            throw reader.failure("version", .invalid)
        }
        switch try reader.byte("type") {
        case 0x91: self = .offer(try reader.batchHeader())
        case 0x92:
            self = .part(
                try reader.batch(),
                from: try reader.number("index"),
                sales: try reader.collectedSales()
            )
        case 0x93: self = .updatesQuestion(after: try reader.integer("revision", bytes: 8))
        case 0x94: self = .wanted(try reader.batch(), from: try reader.number("index"))
        case 0x95: self = .acknowledged(try reader.batch())
        case 0x96:
            self = .refused(
                try reader.batch(),
                try reader.value("reason", bytes: 1) { BatchRefusal(rawValue: UInt8($0)) }
            )
        case 0x97:
            let revision = try reader.integer("revision", bytes: 8)
            let hasMore = try reader.value("more", bytes: 1) { $0 < 2 ? $0 == 1 : nil }
            self = .updates(revision: revision, hasMore: hasMore, try reader.updates())
        case 0x98: self = .unavailable
        case 0x99:
            let acquirer = try reader.number("acquirer")
            let order = try reader.merchantRefund()
            let code = try reader.bytes("code", count: RefundOrder.codeBytes)
            self = .refund(order, acquirer: acquirer, code: code)
        case 0x9A:
            let transaction = try reader.transaction()
            let number = try reader.refundNumber()
            self = .refundAnswer(transaction, number: number, try reader.refundOutcome())
        default: throw reader.failure("type", .invalid)
        }
        try reader.end()
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.byte(CollectionMessage.version)
        switch self {
        case .offer(let header):
            writer.byte(0x91)
            writer.append(header.bytes)
        case .part(let batch, let index, let sales):
            writer.byte(0x92)
            writer.batch(batch)
            writer.number(index)
            writer.collectedSales(sales)
        case .updatesQuestion(let revision):
            writer.byte(0x93)
            writer.integer(revision, bytes: 8)
        case .wanted(let batch, let index):
            writer.byte(0x94)
            writer.batch(batch)
            writer.number(index)
        case .acknowledged(let batch):
            writer.byte(0x95)
            writer.batch(batch)
        case .refused(let batch, let reason):
            writer.byte(0x96)
            writer.batch(batch)
            writer.byte(reason.rawValue)
        case .updates(let revision, let hasMore, let updates):
            precondition(updates.count <= CollectionMessage.updatesMax)
            writer.byte(0x97)
            writer.integer(revision, bytes: 8)
            writer.byte(hasMore ? 1 : 0)
            writer.integer(UInt64(updates.count), bytes: 2)
            for update in updates { writer.update(update) }
        case .unavailable: writer.byte(0x98)
        case .refund(let order, let acquirer, let code):
            precondition(code.count == RefundOrder.codeBytes)
            writer.byte(0x99)
            writer.number(acquirer)
            writer.append(order.bytes)
            writer.append(code)
        case .refundAnswer(let transaction, let number, let outcome):
            writer.byte(0x9A)
            writer.transaction(transaction)
            writer.byte(number)
            writer.refundOutcome(outcome)
        }
        return writer.bytes
    }
}

extension ByteReader {
    /// Number 2, and each as ``CollectedSale`` bytes; at least one.
    mutating func collectedSales() throws(WireFailure) -> [[UInt8]] {
        let count = Int(try integer("sales", bytes: 2))
        guard (1...CollectionMessage.partMax).contains(count) else {
            throw failure("sales", .invalid)
        }
        var sales: [[UInt8]] = []
        sales.reserveCapacity(count)
        for _ in 0..<count {
            sales.append(try bytes("sale", count: CollectedSale.length))
        }
        return sales
    }

    fileprivate mutating func updates() throws(WireFailure) -> [SchemeUpdate] {
        let count = Int(try integer("updates", bytes: 2))
        guard count <= CollectionMessage.updatesMax else { throw failure("updates", .invalid) }
        var updates: [SchemeUpdate] = []
        for _ in 0..<count { updates.append(try update()) }
        return updates
    }

    /// Kind 1, then: card 8 and whether it is blocked 1; BIN 3, version 1 and last day 3; MERCH 15
    /// and whether it is open 1.
    private mutating func update() throws(WireFailure) -> SchemeUpdate {
        switch try byte("kind") {
        case 1: return .card(try card(), isBlocked: try flag("blocked"))
        case 2:
            let issuer = try value("BIN", bytes: 3) { IssuerIdentifier(bcd: UInt32($0)) }
            let version = try byte("VKP")
            return .keyVersionEnds(issuer, version: version, lastDay: try expiry())
        case 3: return .merchant(try merchant(), isOpen: try flag("open"))
        default: throw failure("kind", .invalid)
        }
    }
}

extension ByteWriter {
    mutating func collectedSales(_ sales: [[UInt8]]) {
        precondition((1...CollectionMessage.partMax).contains(sales.count))
        integer(UInt64(sales.count), bytes: 2)
        for sale in sales {
            precondition(sale.count == CollectedSale.length)
            append(sale)
        }
    }

    fileprivate mutating func update(_ update: SchemeUpdate) {
        switch update {
        case .card(let card, let isBlocked):
            byte(1)
            self.card(card)
            byte(isBlocked ? 1 : 0)
        case .keyVersionEnds(let issuer, let version, let lastDay):
            byte(2)
            integer(UInt64(issuer.bcd), bytes: 3)
            byte(version)
            expiry(lastDay)
        case .merchant(let merchant, let isOpen):
            byte(3)
            self.merchant(merchant)
            byte(isOpen ? 1 : 0)
        }
    }
}
