// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import Kernel
import Wire

/// Keys derived from one parent by HKDF-SHA256 (RFC 5869) without salt, 32 bytes each: one block of
/// its expand step. Written out over HMAC, because to set a key up costs more than to hash with it:
/// the extract step runs once for all keys, and its own key is the same for everybody.
struct KeyFamily: Sendable {
    /// HMAC under the pseudorandom key.
    private let expanding: HMAC<SHA256>

    /// No salt is a salt of zeros (RFC 5869 §2.2).
    private static let extracting = HMAC<SHA256>(
        key: SymmetricKey(data: [UInt8](repeating: 0, count: SHA256.byteCount))
    )

    init(of parent: SymmetricKey) {
        var extracting = Self.extracting
        unsafe parent.withUnsafeBytes { unsafe extracting.update(data: $0) }
        expanding = HMAC(key: SymmetricKey(data: extracting.finalize()))
    }

    func key(_ info: StaticString, _ context: [UInt8] = []) -> SymmetricKey {
        var message = Array(String(describing: info).utf8)
        message += context
        message.append(1)
        var expanding = expanding
        expanding.update(data: message)
        return SymmetricKey(data: expanding.finalize())
    }
}

/// What merchant and payment server derive from K for one transaction (FIG. 15A, steps 802–806).
struct OrderKeys: Sendable {
    /// DK = HKDF-SHA256(K, salt = TRX, info = "OPAL DK" || MERCH).
    let derivedKey: SymmetricKey
    /// Key of order token and question.
    let orderKey: SymmetricKey
    private let family: KeyFamily

    init(_ shared: SharedKey, _ terms: OrderTerms) {
        self.init(shared, terms.transaction, terms.merchant)
    }

    init(
        _ shared: SharedKey,
        _ transaction: TransactionIdentifier,
        _ merchant: MerchantIdentifier
    ) {
        derivedKey = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: shared.key,
            salt: transaction.bytes,
            info: Array("OPAL DK".utf8) + merchant.bytes,
            outputByteCount: 32
        )
        family = KeyFamily(of: derivedKey)
        orderKey = family.key("OPAL order")
    }

    /// Key of Debit Result M. It is needed once in a sale, at its end, so it is made when asked
    /// for.
    var resultKey: SymmetricKey { family.key("OPAL result") }

    /// What a code under the order key is for; in front of the terms, so that one is never the
    /// other.
    enum Purpose: String {
        case order
        case question
    }

    /// HMAC-SHA256(order key, purpose || 00 || terms), 32 bytes.
    func code(_ purpose: Purpose, _ terms: OrderTerms) -> [UInt8] {
        Array(
            HMAC<SHA256>.authenticationCode(
                for: OrderKeys.message(purpose, terms),
                using: orderKey
            )
        )
    }

    /// Whether a code is right; takes the same time wherever it is wrong.
    func isRight(_ code: [UInt8], _ purpose: Purpose, _ terms: OrderTerms) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            code,
            authenticating: OrderKeys.message(purpose, terms),
            using: orderKey
        )
    }

    /// HMAC-SHA256 under a key of refunds alone over the order, 32 bytes.
    func code(_ order: RefundOrder) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: order.bytes, using: refundKey))
    }

    func isRight(_ code: [UInt8], _ order: RefundOrder) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            code,
            authenticating: order.bytes,
            using: refundKey
        )
    }

    private var refundKey: SymmetricKey { family.key("OPAL refund") }

    private static func message(_ purpose: Purpose, _ terms: OrderTerms) -> [UInt8] {
        Array(purpose.rawValue.utf8) + [0] + terms.bytes
    }
}

/// The keys of one direction each, derived from the TSK.
struct TransactionKeys: Sendable {
    /// Key of draw and debit response.
    let toPaymentServer: SymmetricKey
    /// Key of the debit command and of Debit Result C.
    let toOPALServer: SymmetricKey
    private let family: KeyFamily

    init(_ sessionKey: SymmetricKey) {
        family = KeyFamily(of: sessionKey)
        toPaymentServer = family.key("OPAL to payment server")
        toOPALServer = family.key("OPAL to OPAL server")
    }

    /// Key of a result that opens only to who has the S3 of a card that has debited: to open it is
    /// to compare.
    func toClientTerminal(_ signature: Signature) -> SymmetricKey {
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.notComparedByClientTerminal) {
                return family.key("OPAL to client terminal")
            }
        #endif
        return family.key("OPAL to client terminal", signature.bytes)
    }
}
