// SPDX-License-Identifier: Apache-2.0

package import Crypto
import CryptoExtras
import Foundation
import SecurityModule

/// The local master key of one security module: the only key outside any wrapping. It stands in a
/// file that its owner alone can read, under a passphrase where one is set; every other key is
/// wrapped under keys derived from it.
package final class LocalMasterKey: Sendable {
    private let wrapping: SymmetricKey
    private let root: CMACKey

    /// RFC 3394 adds 8 bytes to a key of 32.
    package static let wrappedBytes = 40
    package static let keyBytes = 32

    /// - Parameter key: 32 bytes.
    package init(_ key: SymmetricKey) {
        root = CMACKey(key)
        wrapping = root.derive("OPAL key wrapping", [])
    }

    package static func make() -> LocalMasterKey {
        LocalMasterKey(SymmetricKey(size: .bits256))
    }

    /// Six hexadecimal digits by which people recognise the key: the first 3 bytes of a code over
    /// a constant. It tells nothing else about the key.
    package var checkValue: String {
        root.code(Array("OPAL check value".utf8)).prefix(3)
            .map { String(format: "%02X", $0) }.joined()
    }

    /// A key of 32 bytes for one purpose.
    package func derive(_ label: StaticString, _ context: [UInt8] = []) -> SymmetricKey {
        root.derive(label, context)
    }

    /// Wraps a key of 32 bytes (RFC 3394), 40 bytes.
    package func wrap(_ key: SymmetricKey) throws(KeyFailure) -> [UInt8] {
        precondition(key.bitCount == 256)
        guard let wrapped = try? AES.KeyWrap.wrap(key, using: wrapping) else {
            throw .doesNotUnwrap
        }
        return Array(wrapped)
    }

    /// - Throws: `.doesNotUnwrap` where it was changed or wrapped under another master key.
    package func unwrap(_ wrapped: [UInt8]) throws(KeyFailure) -> SymmetricKey {
        guard wrapped.count == LocalMasterKey.wrappedBytes,
            let key = try? AES.KeyWrap.unwrap(wrapped, using: wrapping)
        else { throw .doesNotUnwrap }
        return key
    }
}

extension LocalMasterKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "(local master key \(checkValue))" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Why a key is not to be had. No case holds a key or a passphrase.
package enum KeyFailure: Error, Equatable, Sendable, CustomStringConvertible {
    case fileMissing(path: String)
    case fileExists(path: String)
    case fileReadableByOthers(path: String)
    case fileUnreadable(path: String)
    case passphraseMissing(path: String)
    case passphraseWrong(path: String)
    case doesNotUnwrap

    package var description: String {
        switch self {
        case .fileMissing(let path):
            "There is no key file at \(path). Make one with `opal hsm init`."
        case .fileExists(let path):
            "There is a key file at \(path) already. It was not touched."
        case .fileReadableByOthers(let path):
            "The key file \(path) can be read by others. Run `chmod 600 \(path)`, and consider "
                + "whether somebody has read it."
        case .fileUnreadable(let path):
            "The key file \(path) is damaged or no key file. Restore it from your copy."
        case .passphraseMissing(let path):
            "The key file \(path) needs its passphrase. Give it with OPAL_PASSPHRASE_FILE."
        case .passphraseWrong(let path):
            "The passphrase does not open the key file \(path)."
        case .doesNotUnwrap:
            "A wrapped key does not open under this local master key. Was it made with another one?"
        }
    }
}
