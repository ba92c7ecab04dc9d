// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule

/// Stands for a card in addresses.
struct CardReference: Sendable {
    private let reference: SealedReference

    init(_ seals: any RecordSealing) {
        reference = SealedReference(name: "card reference of the console", seals: seals)
    }

    func text(_ card: CardIdentifier) async throws(SiteFailure) -> String {
        try await reference.text(card.bytes)
    }

    /// - Throws: `.notFound` for what is no reference of ours.
    func card(_ text: String) async throws(SiteFailure) -> CardIdentifier {
        let bytes = try await reference.bytes(text)
        guard let card = CardIdentifier(bcd: bytes.reduce(0) { $0 << 8 | UInt64($1) }) else {
            throw .notFound
        }
        return card
    }
}
