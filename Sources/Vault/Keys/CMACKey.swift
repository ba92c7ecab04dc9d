// SPDX-License-Identifier: Apache-2.0

package import Crypto
import CryptoExtras
import Foundation

/// A key of AES-256-CMAC (NIST SP 800-38B), set up once: each code starts from a copy of the keyed
/// state, which is cheaper than setting the key again.
package struct CMACKey: Sendable {
    private let state: AES.CMAC

    /// - Parameter key: 32 bytes.
    package init(_ key: SymmetricKey) {
        precondition(key.bitCount == 256)
        guard let state = try? AES.CMAC(key: key) else {
            preconditionFailure("AES-CMAC takes a key of 32 bytes.")
        }
        self.state = state
    }

    /// The whole code, 16 bytes.
    package func code(_ message: [UInt8]) -> [UInt8] {
        var state = state
        state.update(data: message)
        return Array(state.finalize())
    }

    /// CMAC8: the first 8 bytes of the code, as an integer.
    package func code8(_ message: [UInt8]) -> UInt64 {
        var state = state
        state.update(data: message)
        return state.finalize().prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// KDF(K, label, context) of SP 800-108r1 in counter mode, 32 bytes: K(1) || K(2) where
    /// K(i) = CMAC(K, BE32(i) || label || 00 || context || BE32(256)).
    package func derive(_ label: StaticString, _ context: [UInt8]) -> SymmetricKey {
        var message: [UInt8] = [0, 0, 0, 1]
        message.reserveCapacity(4 + label.utf8CodeUnitCount + 1 + context.count + 4)
        message.append(contentsOf: String(describing: label).utf8)
        message.append(0)
        message.append(contentsOf: context)
        message.append(contentsOf: [0, 0, 1, 0])
        var key = code(message)
        message[3] = 2
        key.append(contentsOf: code(message))
        defer { key.wipe() }
        return SymmetricKey(data: key)
    }

    package func deriveMAC(_ label: StaticString, _ context: [UInt8]) -> CMACKey {
        CMACKey(derive(label, context))
    }
}

extension CMACKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "(a key)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension [UInt8] {
    /// Overwrites the bytes with zeros where no other copy shares them.
    package mutating func wipe() {
        unsafe withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            unsafe explicit_bzero(base, buffer.count)
        }
    }
}
