// SPDX-License-Identifier: Apache-2.0

import Crypto
import Kernel
import Wire

/// What bank and load server derive from K for one transaction, a load or an inquiry.
struct LoadOrderKeys: Sendable {
    /// LK = HKDF-SHA256(K, salt = TRX, info = "OPAL LK" || IDBANK).
    let derivedKey: SymmetricKey
    /// Key of tokens and question.
    let orderKey: SymmetricKey
    private let family: KeyFamily

    init(_ shared: SharedKey, _ transaction: TransactionIdentifier, _ bank: BankIdentifier) {
        derivedKey = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: shared.key,
            salt: transaction.bytes,
            info: Array("OPAL LK".utf8) + bank.bytes,
            outputByteCount: 32
        )
        family = KeyFamily(of: derivedKey)
        orderKey = family.key("OPAL load order")
    }

    /// Key of the Load Result for the bank; made when asked for.
    var resultKey: SymmetricKey { family.key("OPAL load result") }

    /// Key of a card's information for the bank.
    var informationKey: SymmetricKey { family.key("OPAL card information") }

    /// What a code under the order key is for; in front of what it covers, so that one is never the
    /// other.
    enum Purpose: String {
        case load
        case inquiry
        case question
    }

    /// HMAC-SHA256(order key, purpose || 00 || covered), 32 bytes.
    func code(_ purpose: Purpose, _ covered: [UInt8]) -> [UInt8] {
        Array(
            HMAC<SHA256>.authenticationCode(
                for: LoadOrderKeys.message(purpose, covered),
                using: orderKey
            )
        )
    }

    /// Whether a code is right; takes the same time wherever it is wrong.
    func isRight(_ code: [UInt8], _ purpose: Purpose, _ covered: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            code,
            authenticating: LoadOrderKeys.message(purpose, covered),
            using: orderKey
        )
    }

    private static func message(_ purpose: Purpose, _ covered: [UInt8]) -> [UInt8] {
        Array(purpose.rawValue.utf8) + [0] + covered
    }
}

/// The keys of one direction each, derived from the TSK of a load or an inquiry.
struct CreditKeys: Sendable {
    /// Key of load, responses and card.
    let toLoadServer: SymmetricKey
    /// Key of the load command and of the Load Result for the OPAL server.
    let fromLoadServer: SymmetricKey

    init(_ sessionKey: SymmetricKey) {
        let family = KeyFamily(of: sessionKey)
        toLoadServer = family.key("OPAL to load server")
        fromLoadServer = family.key("OPAL from load server")
    }
}
