// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Synchronization

/// The keys that the payment server shares with its merchants. A merchant may have several at a
/// time, so that a key can be replaced while orders made with the old one are still open.
package final class SharedKeyDirectory: Sendable {
    /// Keys of one merchant.
    package static let keysPerMerchantMax = 8

    private let keys = Mutex<[MerchantIdentifier: [SharedKey]]>([:])

    package init() {}

    /// Lets a merchant use a key. Adding the same key again changes nothing.
    ///
    /// - Returns: false, and nothing is changed, where the name stands for another key of this
    ///   merchant or the merchant has ``keysPerMerchantMax`` keys.
    package func add(_ key: SharedKey, for merchant: MerchantIdentifier) -> Bool {
        keys.withLock { keys in
            let held = keys[merchant, default: []]
            if let known = held.first(where: { $0.name == key.name }) { return known == key }
            if held.count == SharedKeyDirectory.keysPerMerchantMax { return false }
            keys[merchant, default: []].append(key)
            return true
        }
    }

    /// Takes a key away: orders that name it are refused from now on.
    ///
    /// - Returns: whether the merchant had it.
    @discardableResult
    package func remove(_ name: String, of merchant: MerchantIdentifier) -> Bool {
        keys.withLock { keys in
            guard let index = keys[merchant]?.firstIndex(where: { $0.name == name }) else {
                return false
            }
            keys[merchant]?.remove(at: index)
            return true
        }
    }

    /// The names of a merchant's keys in the order in which they were added.
    package func names(of merchant: MerchantIdentifier) -> [String] {
        keys.withLock { $0[merchant, default: []].map(\.name) }
    }

    func key(_ name: String, of merchant: MerchantIdentifier) -> SharedKey? {
        keys.withLock { keys in keys[merchant]?.first { $0.name == name } }
    }
}

extension SharedKeyDirectory: CustomReflectable {
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
