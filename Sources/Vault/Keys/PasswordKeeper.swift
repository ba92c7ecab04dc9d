// SPDX-License-Identifier: Apache-2.0

import Crypto
import CryptoExtras
import Foundation
package import SecurityModule

/// Passwords by scrypt (RFC 7914), then a code under a key of the module: whoever steals the
/// database without the module cannot even begin to guess. Stored form: version 1, salt 16, code 32.
package struct PasswordKeeper: PasswordModule {
    private let pepper: SymmetricKey
    private let rounds: Int

    package static let saltBytes = 16
    /// N = 2¹⁵, r = 8, p = 1: 32 MiB and some tens of milliseconds (OWASP's second choice with
    /// p = 3 costs three times as much; the pepper stands against theft of the database).
    package static let scryptRounds = 1 << 15

    /// - Parameter rounds: fewer in tests only.
    package init(_ master: LocalMasterKey, rounds: Int = PasswordKeeper.scryptRounds) {
        pepper = master.derive("OPAL password pepper")
        self.rounds = rounds
    }

    package func hash(
        _ password: String, salt: [UInt8]
    ) async throws(ModuleFailure) -> [UInt8] {
        precondition(salt.count == PasswordKeeper.saltBytes)
        return [1] + salt + Array(try code(password, salt))
    }

    package func matches(
        _ password: String, _ hash: [UInt8]
    ) async throws(ModuleFailure) -> Bool {
        guard hash.count == 1 + PasswordKeeper.saltBytes + 32, hash[0] == 1 else {
            throw .sealBroken
        }
        let salt = Array(hash[1...PasswordKeeper.saltBytes])
        let expected = Data(hash[(1 + PasswordKeeper.saltBytes)...])
        // The comparison of authentication codes takes constant time.
        let key = SymmetricKey(data: try stretched(password, salt))
        return HMAC<SHA256>.isValidAuthenticationCode(
            expected, authenticating: unsafe key.withUnsafeBytes { unsafe Data($0) }, using: pepper)
    }

    private func code(
        _ password: String, _ salt: [UInt8]
    ) throws(ModuleFailure) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: try stretched(password, salt), using: pepper)
    }

    private func stretched(_ password: String, _ salt: [UInt8]) throws(ModuleFailure) -> Data {
        guard
            let key = try? KDF.Scrypt.deriveKey(
                from: Array(password.utf8), salt: salt, outputByteCount: 32, rounds: rounds,
                blockSize: 8, parallelism: 1, maxMemory: 128 * 1024 * 1024)
        else { throw .unavailable("scrypt found no memory") }
        return unsafe key.withUnsafeBytes { unsafe Data($0) }
    }
}
