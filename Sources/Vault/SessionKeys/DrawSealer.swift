// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Kernel
package import SecurityModule
package import Wire

/// The keys of the OPAL server for its purchases (FIG. 15A, step 810). It holds none: the TSK comes
/// with each order.
package struct DrawSealer: DrawSealing {
    package init() {}

    package func session(
        _ key: SessionKeyText,
        _ transaction: TransactionIdentifier
    ) -> any DrawSession {
        guard let bytes = Base64URL.decode(key.reveal()) else {
            preconditionFailure("A session key text is the text of 32 bytes.")
        }
        return OpenDraw(TransactionKeys(SymmetricKey(data: bytes)), transaction)
    }
}

/// The keys of one purchase at the OPAL server.
private struct OpenDraw: DrawSession {
    private let transaction: TransactionIdentifier
    private let keys: TransactionKeys
    private let fromPaymentServer: OpeningKey
    private let toPaymentServer: SealingKey

    init(_ keys: TransactionKeys, _ transaction: TransactionIdentifier) {
        self.transaction = transaction
        self.keys = keys
        fromPaymentServer = OpeningKey(keys.toOPALServer)
        toPaymentServer = SealingKey(keys.toPaymentServer)
    }

    func sealDraw(_ draw: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try toPaymentServer.seal(draw, SealedHeader(.draw, transaction))
    }

    func openCommand(_ sealed: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try fromPaymentServer.open(sealed, SealedHeader(.debit, transaction))
    }

    func sealResponse(_ response: [UInt8]) throws(ModuleFailure) -> [UInt8] {
        try toPaymentServer.seal(response, SealedHeader(.response, transaction))
    }

    func openResult(_ sealed: [UInt8]) throws(ModuleFailure) -> CardDebitResult {
        let bytes = try fromPaymentServer.open(sealed, SealedHeader(.resultForCard, transaction))
        do throws(WireFailure) {
            return try CardDebitResult(bytes)
        } catch {
            throw .sealBroken
        }
    }

    func compare(
        _ signature: Signature,
        _ expectation: [UInt8]
    ) throws(ModuleFailure) -> [UInt8]? {
        let bytes = try fromPaymentServer.open(
            expectation,
            SealedHeader(.expectationForServer, transaction)
        )
        guard let expected = Signature(Array(bytes.prefix(Signature.length))),
            bytes.count > Signature.length
        else { throw .sealBroken }
        #if PLANTED_BUGS
            if PlantedBug.isPlanted(.notComparedByOPALServer) {
                return Array(bytes.dropFirst(Signature.length))
            }
        #endif
        return signature == expected ? Array(bytes.dropFirst(Signature.length)) : nil
    }

    func unlock(
        _ locked: [UInt8],
        with signature: Signature
    ) throws(ModuleFailure) -> [UInt8] {
        try OpeningKey(keys.toClientTerminal(signature))
            .open(locked, SealedHeader(.resultForTerminal, transaction))
    }
}

extension OpenDraw: CustomReflectable {
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
