// SPDX-License-Identifier: Apache-2.0

import Crypto
package import SecurityModule

/// Seals between a payment server and one host of terminals: AES-256-GCM with random IVs under two
/// keys derived from the one that they share, one for each direction. 28 bytes longer: IV 12,
/// tag 16.
package struct TerminalSealer: TerminalSealing {
    private let requestKey: SymmetricKey
    private let answerKey: SymmetricKey

    /// Takes the 32 bytes of the shared key.
    ///
    /// - Returns: nil where there are more or fewer.
    package init?(sharing bytes: consuming [UInt8]) {
        guard bytes.count == SharedKey.keyBytes else { return nil }
        let family = KeyFamily(of: SymmetricKey(data: bytes))
        requestKey = family.key("OPAL to terminal")
        answerKey = family.key("OPAL from terminal")
    }

    package func sealRequest(
        _ request: [UInt8],
        header: [UInt8]
    ) async throws(ModuleFailure) -> [UInt8] {
        try Self.seal(request, requestKey, bindingTo: header)
    }

    package func openRequest(
        _ sealed: [UInt8],
        header: [UInt8]
    ) async throws(ModuleFailure) -> [UInt8] {
        try Self.open(sealed, requestKey, boundTo: header)
    }

    package func sealAnswer(
        _ answer: [UInt8],
        header: [UInt8],
        to sealedRequest: [UInt8]
    ) async throws(ModuleFailure) -> [UInt8] {
        try Self.seal(answer, answerKey, bindingTo: header + sealedRequest)
    }

    package func openAnswer(
        _ sealed: [UInt8],
        header: [UInt8],
        to sealedRequest: [UInt8]
    ) async throws(ModuleFailure) -> [UInt8] {
        try Self.open(sealed, answerKey, boundTo: header + sealedRequest)
    }

    private static func seal(
        _ bytes: [UInt8],
        _ key: SymmetricKey,
        bindingTo context: [UInt8]
    ) throws(ModuleFailure) -> [UInt8] {
        guard let box = try? AES.GCM.seal(bytes, using: key, authenticating: context),
            let combined = box.combined
        else { throw .unavailable("AES-GCM did not seal") }
        return Array(combined)
    }

    private static func open(
        _ sealed: [UInt8],
        _ key: SymmetricKey,
        boundTo context: [UInt8]
    ) throws(ModuleFailure) -> [UInt8] {
        guard let box = try? AES.GCM.SealedBox(combined: sealed),
            let bytes = try? AES.GCM.open(box, using: key, authenticating: context)
        else { throw .sealBroken }
        return Array(bytes)
    }
}

extension TerminalSealer: CustomStringConvertible, CustomReflectable {
    package var description: String { "(terminal sealer)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
