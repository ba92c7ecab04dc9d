// SPDX-License-Identifier: Apache-2.0

package import Kernel

// The terms of an order as bytes: TRX 16, MERCH 15, CURR 2, CEXP 1, M 8, comparison policy 1,
// time of the order in milliseconds 8, status URL (counted, UTF-8). These bytes are what the order
// token covers.
extension ByteReader {
    package mutating func orderTerms() throws(WireFailure) -> OrderTerms {
        let transaction = try transaction()
        let merchant = try merchant()
        let amount = try money()
        let policy = try value("comparison policy", bytes: 1) {
            ComparisonPolicy(rawValue: UInt8($0))
        }
        let madeAt = try moment("order time")
        let statusURL = try text("status URL", bytesMax: PurchaseLimits.statusURLBytesMax)
        return OrderTerms(
            transaction: transaction,
            merchant: merchant,
            amount: amount,
            policy: policy,
            madeAt: madeAt,
            statusURL: statusURL
        )
    }
}

extension ByteWriter {
    package mutating func orderTerms(_ terms: OrderTerms) {
        transaction(terms.transaction)
        merchant(terms.merchant)
        money(terms.amount)
        byte(terms.policy.rawValue)
        integer(UInt64(bitPattern: terms.madeAt.milliseconds), bytes: 8)
        text(terms.statusURL)
    }
}

extension OrderTerms {
    /// The bytes that the order token covers.
    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.orderTerms(self)
        return writer.bytes
    }
}

/// What proves an order to the payment server and lets it find the transaction session key:
/// the name of the shared key K, the ETSK (40 bytes) and the order token (32 bytes).
package struct OrderProof: Hashable, Sendable {
    /// 1 to ``PurchaseLimits/keyNameBytesMax`` visible ASCII characters.
    package let keyName: String
    /// The transaction session key, wrapped (RFC 3394) under the key derived for this order.
    package let wrappedSessionKey: [UInt8]
    package let token: [UInt8]

    package static let wrappedSessionKeyBytes = 40
    package static let tokenBytes = 32

    /// - Returns: nil where a part has a wrong length or the name another character.
    package init?(keyName: String, wrappedSessionKey: [UInt8], token: [UInt8]) {
        guard (1...PurchaseLimits.keyNameBytesMax).contains(keyName.utf8.count),
            keyName.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            wrappedSessionKey.count == OrderProof.wrappedSessionKeyBytes,
            token.count == OrderProof.tokenBytes
        else { return nil }
        self.keyName = keyName
        self.wrappedSessionKey = wrappedSessionKey
        self.token = token
    }

    init(_ reader: inout ByteReader) throws(WireFailure) {
        let name = try reader.text("key name", bytesMax: PurchaseLimits.keyNameBytesMax)
        let wrapped = try reader.bytes("ETSK", count: OrderProof.wrappedSessionKeyBytes)
        let token = try reader.bytes("order token", count: OrderProof.tokenBytes)
        guard let proof = OrderProof(keyName: name, wrappedSessionKey: wrapped, token: token)
        else { throw reader.failure("key name", .invalid) }
        self = proof
    }

    func write(to writer: inout ByteWriter) {
        writer.text(keyName)
        writer.append(wrappedSessionKey)
        writer.append(token)
    }
}

// The order page as a party stores it: the terms, then what proves them, payment server, TSK and
// description (each counted).
extension OrderPage {
    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 400)
        writer.orderTerms(terms)
        proof.write(to: &writer)
        writer.text(paymentServer)
        writer.text(sessionKey.reveal())
        writer.text(description)
        return writer.bytes
    }

    package init(bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "order page")
        let terms = try reader.orderTerms()
        let proof = try OrderProof(&reader)
        let paymentServer = try reader.text(
            "payment server",
            bytesMax: OrderPage.paymentServerBytesMax
        )
        guard let sessionKey = SessionKeyText(try reader.text("TSK", bytesMax: 43)) else {
            throw reader.failure("TSK", .invalid)
        }
        let description = try reader.text(
            "description",
            bytesMax: PurchaseLimits.descriptionBytesMax
        )
        try reader.end()
        self.init(
            terms: terms,
            proof: proof,
            paymentServer: paymentServer,
            description: description,
            sessionKey: sessionKey
        )
    }
}
