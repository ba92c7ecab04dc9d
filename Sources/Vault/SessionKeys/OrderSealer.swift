// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Kernel
package import SecurityModule
package import Wire

/// The keys of one merchant: makes what an order page carries and opens Debit Results
/// (FIG. 15A, steps 802–808; FIG. 15B, step 824).
package struct OrderSealer: OrderSealing {
    private let merchant: MerchantIdentifier
    private let current: SharedKey
    private let older: [SharedKey]

    /// - Parameters:
    ///   - merchant: whose keys these are.
    ///   - current: the key that new orders use.
    ///   - older: keys of orders that may still be open; their names differ.
    package init(merchant: MerchantIdentifier, current: SharedKey, older: [SharedKey] = []) {
        precondition(Set(older.map(\.name) + [current.name]).count == older.count + 1)
        self.merchant = merchant
        self.current = current
        self.older = older
    }

    package func seal(
        _ terms: OrderTerms,
        random: [UInt8]
    ) throws(ModuleFailure) -> SealedOrder {
        precondition(random.count == SharedKey.keyBytes)
        let keys = try keys(terms, current.name)
        guard
            let wrapped = try? AES.KeyWrap.wrap(
                SymmetricKey(data: random),
                using: keys.derivedKey
            ),
            let proof = OrderProof(
                keyName: current.name,
                wrappedSessionKey: Array(wrapped),
                token: keys.code(.order, terms)
            ),
            let sessionKey = SessionKeyText(Base64URL.encode(random))
        else { throw .unavailable("AES key wrap") }
        return SealedOrder(proof: proof, sessionKey: sessionKey)
    }

    package func openResult(
        _ compact: [UInt8],
        of terms: OrderTerms,
        keyName: String
    ) throws(ModuleFailure) -> MerchantDebitResult {
        let json = try open(compact, .result(of: terms), terms, keyName)
        let result = try MerchantDebitResult(json: json)
        guard result.transaction == terms.transaction, result.merchant == terms.merchant else {
            throw .sealBroken
        }
        return result
    }

    package func openExpectation(
        _ compact: [UInt8],
        of terms: OrderTerms,
        keyName: String
    ) throws(ModuleFailure) -> ExpectedResult {
        let json = try open(compact, .expectationForMerchant, terms, keyName)
        let expected = try ExpectedResult(json: json)
        guard expected.result.transaction == terms.transaction,
            expected.result.merchant == terms.merchant
        else { throw .sealBroken }
        return expected
    }

    private func open(
        _ compact: [UInt8],
        _ message: SealedMessage,
        _ terms: OrderTerms,
        _ keyName: String
    ) throws(ModuleFailure) -> [UInt8] {
        let keys = try keys(terms, keyName)
        let header = SealedHeader(message, terms.transaction, keyName: keyName)
        return try OpeningKey(keys.resultKey).open(compact, header)
    }

    package func question(
        _ terms: OrderTerms,
        keyName: String
    ) throws(ModuleFailure) -> SaleQuestion {
        let keys = try keys(terms, keyName)
        return SaleQuestion(terms: terms, keyName: keyName, proof: keys.code(.question, terms))
    }

    package func question(
        _ order: RefundOrder,
        keyName: String
    ) throws(ModuleFailure) -> RefundQuestion {
        let keys = OrderKeys(
            try shared(keyName, with: order.merchant),
            order.transaction,
            order.merchant
        )
        return RefundQuestion(order: order, keyName: keyName, proof: keys.code(order))
    }

    private func keys(
        _ terms: OrderTerms,
        _ name: String
    ) throws(ModuleFailure) -> OrderKeys {
        OrderKeys(try shared(name, with: terms.merchant), terms)
    }

    private func shared(
        _ name: String,
        with merchant: MerchantIdentifier
    ) throws(ModuleFailure) -> SharedKey {
        guard merchant == self.merchant,
            let shared = current.name == name ? current : older.first(where: { $0.name == name })
        else { throw .keyUnknown }
        return shared
    }
}

extension OrderSealer: CustomReflectable {
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
