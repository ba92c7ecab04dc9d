// SPDX-License-Identifier: Apache-2.0

import Crypto
import Kernel
import Keys
import SecurityModule
import SessionKeys
import Testing
import Wire

/// Bytes of a refund as a second implementation makes them: CMAC, KDF and HKDF of the Python
/// package `cryptography`, by `docs/messages/collection.md` and `docs/messages/sealing.md`.
@Suite struct RefundVectorTests {
    private func order() throws -> RefundOrder {
        let merchant = try #require(MerchantIdentifier("FARTHINGPRESS01"))
        return try #require(
            RefundOrder(
                transaction: TransactionIdentifier(high: 7, low: 9),
                merchant: merchant,
                number: 3,
                amount: Money(minorUnits: 150, currency: .euro, exponent: .cents)
            )
        )
    }

    @Test func `a refund in bytes`() throws {
        let bytes =
            "00000000000000070000000000000009" + "4641525448494e475052455353303103"
            + "0978020000000000000096"
        #expect(Hex.text(try order().bytes).lowercased() == bytes)
    }

    @Test func `the code of a payment server`() throws {
        let master = CMACKey(SymmetricKey(data: [UInt8](repeating: 9, count: 32)))
        let code = RefundKey(7, master: master).sign(try order())
        #expect(Hex.text(code).lowercased() == "3f4ea21f8a8ff4fddd1d4cabfc183303")
    }

    @Test func `the proof of a merchant`() throws {
        let shared = try #require(SharedKey(name: "k1", bytes: Array(0..<32)))
        let order = try order()
        let question = try OrderSealer(merchant: order.merchant, current: shared)
            .question(order, keyName: "k1")
        let proof = "8e47765262e038cd3bd7d4e447a467fc95b36eaf26bba6305bf077360e82a236"
        #expect(Hex.text(question.proof).lowercased() == proof)
    }
}
