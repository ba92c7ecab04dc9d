// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityCard
import Synchronization

/// The security cards of one process, which get issuers' keys also while they serve.
final class SecurityCardRack: Sendable {
    private let cards = Mutex<[SoftwareSecurityCard]>([])

    func add(_ card: SoftwareSecurityCard) {
        cards.withLock { $0.append(card) }
    }

    /// Gives each security card KMP of an issuer and version. The same again changes nothing.
    ///
    /// - Throws: `KeyFailure` where it does not unwrap.
    func install(_ wrapped: [UInt8], _ issuer: IssuerIdentifier, _ version: UInt8) throws {
        let name = SoftwareSecurityCard.KeyName(issuer: issuer, version: version)
        for card in cards.withLock({ $0 }) { try card.install(purchaseKey: wrapped, as: name) }
    }
}
