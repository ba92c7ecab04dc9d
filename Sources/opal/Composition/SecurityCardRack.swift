// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityCard
import Synchronization

/// The security cards of one process, which get issuers' keys also while they serve. Each card has
/// all keys, whichever came first.
final class SecurityCardRack: Sendable {
    private struct State {
        var cards: [SoftwareSecurityCard] = []
        /// KMP, wrapped, by issuer and version.
        var keys: [SoftwareSecurityCard.KeyName: [UInt8]] = [:]
    }

    private let state = Mutex(State())

    /// Takes a card in, and gives it the keys that are known.
    ///
    /// - Throws: `KeyFailure` where one does not unwrap.
    func add(_ card: SoftwareSecurityCard) throws {
        let keys = state.withLock { state in
            state.cards.append(card)
            return state.keys
        }
        for (name, wrapped) in keys { try card.install(purchaseKey: wrapped, as: name) }
    }

    /// Gives each security card KMP of an issuer and version. One that they have is not unwrapped
    /// again.
    ///
    /// - Throws: `KeyFailure` where it does not unwrap.
    func install(_ wrapped: [UInt8], _ issuer: IssuerIdentifier, _ version: UInt8) throws {
        let name = SoftwareSecurityCard.KeyName(issuer: issuer, version: version)
        let cards = state.withLock { $0.keys[name] == nil ? $0.cards : nil }
        guard let cards else { return }
        for card in cards { try card.install(purchaseKey: wrapped, as: name) }
        state.withLock { $0.keys[name] = wrapped }
    }
}
