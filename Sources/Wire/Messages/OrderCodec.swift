// SPDX-License-Identifier: Apache-2.0

package import Kernel

// The terms of an order as bytes: TRX 16, MERCH 15, CURR 2, CEXP 1, M 8, comparison policy 1 (its
// highest bit says that there is another half), time of the order in milliseconds 8, status URL
// (counted, UTF-8); for a half of a mixed payment then TRX of the other half 16, its CURR 2, CEXP
// 1, M 8, and 1 where it is the first one 1. These bytes are what the order token covers.
extension ByteReader {
    package mutating func orderTerms() throws(WireFailure) -> OrderTerms {
        let transaction = try transaction()
        let merchant = try merchant()
        let amount = try money()
        let code = try byte("comparison policy")
        guard let policy = ComparisonPolicy(rawValue: code & ~OrderTerms.halfFlag) else {
            throw failure("comparison policy", .invalid)
        }
        let madeAt = try moment("order time")
        let statusURL = try text("status URL", bytesMax: PurchaseLimits.statusURLBytesMax)
        let otherHalf = code & OrderTerms.halfFlag == 0 ? nil : try otherHalf()
        return OrderTerms(
            transaction: transaction,
            merchant: merchant,
            amount: amount,
            policy: policy,
            madeAt: madeAt,
            statusURL: statusURL,
            otherHalf: otherHalf
        )
    }

    private mutating func otherHalf() throws(WireFailure) -> OtherHalf {
        OtherHalf(
            transaction: try transaction(),
            amount: try money(),
            isFirst: try value("first half", bytes: 1) { $0 <= 1 ? $0 == 1 : nil }
        )
    }
}

extension ByteWriter {
    package mutating func orderTerms(_ terms: OrderTerms) {
        transaction(terms.transaction)
        merchant(terms.merchant)
        money(terms.amount)
        byte(terms.policy.rawValue | (terms.otherHalf == nil ? 0 : OrderTerms.halfFlag))
        integer(UInt64(bitPattern: terms.madeAt.milliseconds), bytes: 8)
        text(terms.statusURL)
        if let half = terms.otherHalf {
            transaction(half.transaction)
            money(half.amount)
            byte(half.isFirst ? 1 : 0)
        }
    }
}

extension OrderTerms {
    /// In the byte of the comparison policy: there is another half.
    fileprivate static let halfFlag: UInt8 = 0x80

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
// description (each counted); for a mixed payment then what proves the second half, and its TSK.
extension OrderPage {
    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 400)
        writer.orderTerms(terms)
        proof.write(to: &writer)
        writer.text(paymentServer)
        writer.text(sessionKey.reveal())
        writer.text(description)
        if let secondHalf {
            secondHalf.proof.write(to: &writer)
            writer.text(secondHalf.sessionKey.reveal())
        }
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
        let sessionKey = try reader.sessionKey()
        let description = try reader.text(
            "description",
            bytesMax: PurchaseLimits.descriptionBytesMax
        )
        let secondHalf =
            terms.otherHalf == nil
            ? nil
            : SecondHalf(proof: try OrderProof(&reader), sessionKey: try reader.sessionKey())
        try reader.end()
        self.init(
            terms: terms,
            proof: proof,
            paymentServer: paymentServer,
            description: description,
            sessionKey: sessionKey,
            secondHalf: secondHalf
        )
    }
}
