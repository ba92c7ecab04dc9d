// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

// The body of an order's record before it is sealed: version 2, receipt key 16, article, terms,
// key name (counted), ETSK 40, order token 32, predecessor (1 or 17), state 1 with what belongs to
// it, last row 8, hash of the last row 32. A presence byte is 0 or 1. Version 1 knows no second
// price, no second half and no member number.
extension Order {
    private static let version: UInt8 = 2

    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "order")
        let version = try reader.byte("version")
        guard (1...Order.version).contains(version) else {
            throw reader.failure("version", .invalid)
        }
        receiptKey = ReceiptKey(try reader.bytes("receipt key", count: ReceiptKey.count))
        article = try reader.article(hasSecond: version > 1)
        terms = try reader.orderTerms()
        let keyName = try reader.text("key name", bytesMax: PurchaseLimits.keyNameBytesMax)
        let wrapped = try reader.bytes("ETSK", count: OrderProof.wrappedSessionKeyBytes)
        let token = try reader.bytes("order token", count: OrderProof.tokenBytes)
        guard
            let proof = OrderProof(keyName: keyName, wrappedSessionKey: wrapped, token: token)
        else { throw reader.failure("key name", .invalid) }
        self.proof = proof
        predecessor = try reader.optional("predecessor") { reader throws(WireFailure) in
            try reader.transaction()
        }
        progress = try reader.progress(terms, isFirstVersion: version == 1)
        lastRow = try reader.integer("last row", bytes: 8)
        lastHash = try reader.bytes("hash", count: Order.hashBytes)
        try reader.end()
    }

    /// Holds secrets; it leaves the module only sealed.
    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 1024)
        writer.byte(Order.version)
        writer.append(receiptKey.bytes)
        writer.article(article)
        writer.orderTerms(terms)
        writer.text(proof.keyName)
        writer.append(proof.wrappedSessionKey)
        writer.append(proof.token)
        writer.optional(predecessor) { $0.transaction($1) }
        writer.byte(state.rawValue)
        switch progress {
        case .open(let key, let secondHalf):
            writer.text(key.reveal())
            if let secondHalf { writer.secondHalf(secondHalf) }
        case .paid(let settlement): writer.settlement(settlement)
        case .delivered(let settlement, let time):
            writer.settlement(settlement)
            writer.instant(time)
        case .unpaid(let settlement, let successor):
            writer.optional(settlement) { $0.settlement($1) }
            writer.optional(successor) { $0.transaction($1) }
        }
        writer.integer(lastRow, bytes: 8)
        writer.append(lastHash)
        return writer.bytes
    }
}

extension ByteReader {
    /// `hasSecond`: whether a presence byte says that there is a second price.
    fileprivate mutating func article(hasSecond: Bool) throws(WireFailure) -> Article {
        let identifier = try text(
            "article identifier",
            bytesMax: MerchantLimits.articleIdentifierBytesMax
        )
        let title = try text("title", bytesMax: MerchantLimits.titleBytesMax)
        let description = try text(
            "description",
            bytesMax: PurchaseLimits.descriptionBytesMax
        )
        let price = try money()
        let secondPrice =
            hasSecond
            ? try optional("second price") { reader throws(WireFailure) in try reader.money() }
            : nil
        let contentFile = try text("content file", bytesMax: MerchantLimits.contentFileBytesMax)
        let mediaType = try text("media type", bytesMax: MerchantLimits.mediaTypeBytesMax)
        guard
            let article = Article(
                identifier: identifier,
                title: title,
                description: description,
                price: price,
                secondPrice: secondPrice,
                contentFile: contentFile,
                mediaType: mediaType
            )
        else { throw failure("article", .invalid) }
        return article
    }

    fileprivate mutating func progress(
        _ terms: OrderTerms,
        isFirstVersion: Bool
    ) throws(WireFailure) -> Order.Progress {
        let hasMember = !isFirstVersion
        switch try value("state", bytes: 1, { OrderState(rawValue: UInt8($0)) }) {
        case .open:
            let key = try sessionKey()
            return .open(key, secondHalf: terms.otherHalf == nil ? nil : try secondHalf())
        case .paid:
            return .paid(try soldSettlement(hasMember: hasMember))
        case .delivered:
            let settlement = try soldSettlement(hasMember: hasMember)
            return .delivered(settlement, at: try instant("delivery time"))
        case .unpaid:
            let settlement = try optional("settlement") { reader throws(WireFailure) in
                try reader.settlement(hasMember: hasMember)
            }
            if settlement?.outcome == .sold { throw failure("outcome", .invalid) }
            let successor = try optional("successor") { reader throws(WireFailure) in
                try reader.transaction()
            }
            return .unpaid(settlement, successor: successor)
        }
    }

    private mutating func soldSettlement(
        hasMember: Bool
    ) throws(WireFailure) -> Settlement {
        let settlement = try settlement(hasMember: hasMember)
        if settlement.outcome != .sold { throw failure("outcome", .invalid) }
        return settlement
    }

    /// Key name (counted), ETSK 40, order token 32, TSK (counted).
    private mutating func secondHalf() throws(WireFailure) -> OrderPage.SecondHalf {
        let keyName = try text("key name", bytesMax: PurchaseLimits.keyNameBytesMax)
        let wrapped = try bytes("ETSK", count: OrderProof.wrappedSessionKeyBytes)
        let token = try bytes("order token", count: OrderProof.tokenBytes)
        guard
            let proof = OrderProof(keyName: keyName, wrappedSessionKey: wrapped, token: token)
        else { throw failure("key name", .invalid) }
        return OrderPage.SecondHalf(proof: proof, sessionKey: try sessionKey())
    }
}

extension ByteWriter {
    fileprivate mutating func article(_ article: Article) {
        text(article.identifier)
        text(article.title)
        text(article.description)
        money(article.price)
        optional(article.secondPrice) { $0.money($1) }
        text(article.contentFile)
        text(article.mediaType)
    }

    fileprivate mutating func secondHalf(_ half: OrderPage.SecondHalf) {
        text(half.proof.keyName)
        append(half.proof.wrappedSessionKey)
        append(half.proof.token)
        text(half.sessionKey.reveal())
    }
}
