// SPDX-License-Identifier: Apache-2.0

import SecurityModule
import Wire

/// Stands in addresses, which are logged, for what must not stand there: sealed, so that only this
/// party can open it. The same thing gets another reference each time.
struct SealedReference: Sendable {
    /// A sealed reference as base64url is shorter than this.
    private static let charactersMax = 160

    /// What it stands for; another one does not open.
    let name: String
    let seals: any RecordSealing

    func text(_ bytes: [UInt8]) async throws(SiteFailure) -> String {
        do throws(ModuleFailure) {
            return Base64URL.encode(
                try await seals.seal(bytes, name: Array(name.utf8), revision: 1)
            )
        } catch {
            throw .unavailable(error)
        }
    }

    /// - Throws: `.notFound` for what is no reference of ours.
    func bytes(_ text: String) async throws(SiteFailure) -> [UInt8] {
        guard text.utf8.count <= Self.charactersMax, let sealed = Base64URL.decode(text) else {
            throw .notFound
        }
        do throws(ModuleFailure) {
            return try await seals.open(sealed, name: Array(name.utf8), revision: 1)
        } catch .sealBroken {
            throw .notFound
        } catch {
            throw .unavailable(error)
        }
    }
}
