// SPDX-License-Identifier: Apache-2.0

import Kernel
import SecurityModule
import Wire

/// Stands for a card in addresses, which are logged: the sealed card number, which only this party
/// can open. The same card gets another reference each time.
struct CardReference: Sendable {
    private static let name = Array("card reference of the console".utf8)
    /// A sealed card identifier as base64url is shorter than this.
    private static let charactersMax = 128

    private let seals: any RecordSealing

    init(_ seals: any RecordSealing) {
        self.seals = seals
    }

    func text(_ card: CardIdentifier) async throws(SiteFailure) -> String {
        do throws(ModuleFailure) {
            return Base64URL.encode(
                try await seals.seal(card.bytes, name: Self.name, revision: 1)
            )
        } catch {
            throw .unavailable(error)
        }
    }

    /// - Throws: `.notFound` for what is no reference of ours.
    func card(_ text: String) async throws(SiteFailure) -> CardIdentifier {
        guard text.utf8.count <= Self.charactersMax, let sealed = Base64URL.decode(text) else {
            throw .notFound
        }
        do throws(ModuleFailure) {
            let bytes = try await seals.open(sealed, name: Self.name, revision: 1)
            guard let card = CardIdentifier(bcd: bytes.reduce(0) { $0 << 8 | UInt64($1) }) else {
                throw ModuleFailure.sealBroken
            }
            return card
        } catch .sealBroken {
            throw .notFound
        } catch {
            throw .unavailable(error)
        }
    }
}
