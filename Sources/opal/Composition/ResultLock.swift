// SPDX-License-Identifier: Apache-2.0

import ClientTerminal
import Kernel
import SecurityModule
import SessionKeys
import Wire

/// The comparison of S3 at a client terminal without a browser (FIG. 7, variation).
enum ResultLock {
    /// - Returns: Debit Result M in compact form; nil where S3 is not the expected one.
    @Sendable
    static func open(_ result: LockedResult) async -> String? {
        guard let transaction = TransactionIdentifier(result.transaction),
            let signature = Signature(hex: result.signature),
            let key = SessionKeyText(result.sessionKey.reveal())
        else { return nil }
        let session = DrawSealer().session(key, transaction)
        let opened = try? await session.unlock(Array(result.locked.utf8), with: signature)
        return opened.map { String(decoding: $0, as: UTF8.self) }
    }
}
