// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Kernel
package import SecurityModule
package import Wire

/// The keys of the OPAL server for its loads (FIG. 18A, step 876). It holds none: the TSK comes
/// with each load page and each inquiry page.
package struct CreditSealer: CreditSealing {
    package init() {}

    package func session(
        _ key: SessionKeyText,
        _ transaction: TransactionIdentifier
    ) -> any CreditSession {
        guard let bytes = Base64URL.decode(key.reveal()) else {
            preconditionFailure("A session key text is the text of 32 bytes.")
        }
        return OpenCredit(CreditKeys(SymmetricKey(data: bytes)), transaction)
    }
}

/// The keys of one load, or of one inquiry, at the OPAL server.
private struct OpenCredit: CreditSession {
    private let transaction: TransactionIdentifier
    private let fromLoadServer: OpeningKey
    private let toLoadServer: SealingKey

    init(_ keys: CreditKeys, _ transaction: TransactionIdentifier) {
        self.transaction = transaction
        fromLoadServer = OpeningKey(keys.fromLoadServer)
        toLoadServer = SealingKey(keys.toLoadServer)
    }

    func sealLoad(_ load: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try toLoadServer.seal(load, SealedHeader(.load, transaction))
    }

    func openCommand(_ sealed: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try fromLoadServer.open(sealed, SealedHeader(.credit, transaction))
    }

    func sealResponse(_ response: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try toLoadServer.seal(response, SealedHeader(.loadResponse, transaction))
    }

    func sealNegative(_ response: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try toLoadServer.seal(response, SealedHeader(.negativeResponse, transaction))
    }

    func openResult(_ sealed: [UInt8]) throws(ModuleFailure) -> CardLoadResult {
        let header = SealedHeader(.loadResultForCard, transaction)
        let bytes = try fromLoadServer.open(sealed, header)
        do throws(WireFailure) {
            return try CardLoadResult(bytes)
        } catch {
            throw .sealBroken
        }
    }

    func sealCard(_ load: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try toLoadServer.seal(load, SealedHeader(.card, transaction))
    }
}

extension OpenCredit: CustomReflectable {
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
