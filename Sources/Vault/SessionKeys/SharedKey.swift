// SPDX-License-Identifier: Apache-2.0

import Crypto
import Kernel

/// K: a secret that a merchant and the payment server, or a bank and the load server, share, with
/// the name under which messages speak of it. It does not print.
package struct SharedKey: Sendable {
    /// 1 to ``PurchaseLimits/keyNameBytesMax`` visible ASCII characters.
    package let name: String
    let key: SymmetricKey

    package static let keyBytes = 32

    /// Takes the 32 bytes of the key, of which the caller keeps no copy. The name is not a secret.
    ///
    /// - Returns: nil where the name or the length is not as said.
    package init?(name: String, bytes: consuming [UInt8]) {
        guard (1...PurchaseLimits.keyNameBytesMax).contains(name.utf8.count),
            name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            bytes.count == SharedKey.keyBytes
        else { return nil }
        self.name = name
        key = SymmetricKey(data: bytes)
    }
}

extension SharedKey: Equatable {
    /// Takes the same time wherever two keys differ.
    package static func == (left: SharedKey, right: SharedKey) -> Bool {
        left.name == right.name && left.key == right.key
    }
}

extension SharedKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(shared key \(name))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
