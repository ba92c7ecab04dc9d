// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation

/// HMAC-SHA256 under a key of the module: the database keeps such codes of identifiers and tokens,
/// from which nobody without the module can find or even try them.
package struct TokenHasher: Sendable {
    /// Set up once; each code starts from a copy.
    private let keyed: HMAC<SHA256>

    package init(_ master: LocalMasterKey) {
        keyed = HMAC(key: master.derive("OPAL token hash"))
    }

    /// - Returns: 32 bytes.
    package func hash(_ bytes: [UInt8]) -> [UInt8] {
        var code = keyed
        code.update(data: bytes)
        return Array(code.finalize())
    }
}

extension LocalMasterKey {
    /// A key for a module that takes bytes and keeps no copy of them, 32 bytes.
    package func deriveBytes(_ label: StaticString) -> [UInt8] { derive(label).bytes }

    /// Unwraps a key for a module that takes bytes and keeps no copy of them, 32 bytes.
    package func unwrapBytes(_ wrapped: [UInt8]) throws(KeyFailure) -> [UInt8] {
        try unwrap(wrapped).bytes
    }

    /// A fresh key of 32 bytes, wrapped under each of two master keys: what two parties share.
    package static func makeShared(
        _ first: LocalMasterKey,
        _ second: LocalMasterKey
    ) throws(KeyFailure) -> (first: [UInt8], second: [UInt8]) {
        let key = SymmetricKey(size: .bits256)
        return (try first.wrap(key), try second.wrap(key))
    }
}
