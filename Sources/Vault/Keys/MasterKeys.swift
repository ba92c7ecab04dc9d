// SPDX-License-Identifier: Apache-2.0

package import Crypto
import Foundation
package import Kernel

/// The four issuer master keys of one version, 32 bytes each (purse profile, "Keys").
package struct IssuerMasterKeys: Sendable {
    /// KMP: also held by the security cards of acquirers.
    package let purchase: SymmetricKey
    /// KML: also held by load security modules.
    package let load: SymmetricKey
    /// KMC: also held by load security modules.
    package let completion: SymmetricKey
    /// KMI: never leaves the issuer.
    package let proof: SymmetricKey

    package init(
        purchase: SymmetricKey,
        load: SymmetricKey,
        completion: SymmetricKey,
        proof: SymmetricKey
    ) {
        self.purchase = purchase
        self.load = load
        self.completion = completion
        self.proof = proof
    }

    /// Four fresh keys from the system's generator.
    package static func make() -> IssuerMasterKeys {
        IssuerMasterKeys(
            purchase: SymmetricKey(size: .bits256),
            load: SymmetricKey(size: .bits256),
            completion: SymmetricKey(size: .bits256),
            proof: SymmetricKey(size: .bits256)
        )
    }

    /// The four keys wrapped (RFC 3394) one after another, 160 bytes.
    package func wrapped(under key: LocalMasterKey) throws(KeyFailure) -> [UInt8] {
        try key.wrap(purchase) + key.wrap(load) + key.wrap(completion) + key.wrap(proof)
    }

    package init(wrapped bytes: [UInt8], under key: LocalMasterKey) throws(KeyFailure) {
        let each = LocalMasterKey.wrappedBytes
        guard bytes.count == 4 * each else { throw .doesNotUnwrap }
        purchase = try key.unwrap(Array(bytes[..<each]))
        load = try key.unwrap(Array(bytes[each..<2 * each]))
        completion = try key.unwrap(Array(bytes[2 * each..<3 * each]))
        proof = try key.unwrap(Array(bytes[(3 * each)...]))
    }

    /// The keys, each with its state set up.
    package var ready: ReadyMasterKeys {
        ReadyMasterKeys(
            purchase: CMACKey(purchase),
            load: CMACKey(load),
            completion: CMACKey(completion),
            proof: CMACKey(proof)
        )
    }
}

/// Issuer master keys from which card keys are derived.
package struct ReadyMasterKeys: Sendable {
    package let purchase: CMACKey
    package let load: CMACKey
    package let completion: CMACKey
    package let proof: CMACKey

    /// KCP of a card.
    package func purchaseKey(_ card: CardIdentifier) -> CMACKey {
        CardKeys.purchase(card, master: purchase)
    }

    /// What a load needs.
    package var loading: LoadKeys { LoadKeys(load: load, completion: completion) }

    /// KCL of a card.
    package func loadKey(_ card: CardIdentifier) -> CMACKey { loading.loadKey(card) }

    /// KCC of a card.
    package func completionKey(_ card: CardIdentifier) -> CMACKey { loading.completionKey(card) }

    /// KCI of a card.
    package func proofKey(_ card: CardIdentifier) -> CMACKey {
        proof.deriveMAC("OPAL issuer proof card key", card.bytes)
    }
}

/// Card keys from a single master key, for security cards, which hold KMP only.
package enum CardKeys {
    /// KCP = KDF(KMP, "OPAL purchase card key", BIN || IEP).
    package static func purchase(_ card: CardIdentifier, master: CMACKey) -> CMACKey {
        master.deriveMAC("OPAL purchase card key", card.bytes)
    }
}
