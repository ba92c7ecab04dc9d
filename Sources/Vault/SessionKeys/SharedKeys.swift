// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Synchronization

/// The keys that one party shares with several others of a kind. Each of them may have several at
/// a time, so that a key can be replaced while what was made with the old one is still open.
package final class SharedKeys<Party: Hashable & Sendable>: Sendable {
    /// Keys of one party.
    package static var keysPerPartyMax: Int { 8 }

    private let keys = Mutex<[Party: [SharedKey]]>([:])

    package init() {}

    /// Lets a party use a key. Adding the same key again changes nothing.
    ///
    /// - Returns: false, and nothing is changed, where the name stands for another key of this
    ///   party or the party has ``keysPerPartyMax`` keys.
    package func add(_ key: SharedKey, for party: Party) -> Bool {
        keys.withLock { keys in
            let held = keys[party, default: []]
            if let known = held.first(where: { $0.name == key.name }) { return known == key }
            if held.count == Self.keysPerPartyMax { return false }
            keys[party, default: []].append(key)
            return true
        }
    }

    /// Takes a key away: what names it is refused from now on.
    ///
    /// - Returns: whether the party had it.
    @discardableResult
    package func remove(_ name: String, of party: Party) -> Bool {
        keys.withLock { keys in
            guard let index = keys[party]?.firstIndex(where: { $0.name == name }) else {
                return false
            }
            keys[party]?.remove(at: index)
            return true
        }
    }

    /// The names of a party's keys in the order in which they were added.
    package func names(of party: Party) -> [String] {
        keys.withLock { $0[party, default: []].map(\.name) }
    }

    func key(_ name: String, of party: Party) -> SharedKey? {
        keys.withLock { keys in keys[party]?.first { $0.name == name } }
    }
}

extension SharedKeys: CustomReflectable {
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The keys that the payment server shares with its merchants.
package typealias SharedKeyDirectory = SharedKeys<MerchantIdentifier>

/// The keys that the load server shares with its banks.
package typealias BankKeyDirectory = SharedKeys<BankIdentifier>
