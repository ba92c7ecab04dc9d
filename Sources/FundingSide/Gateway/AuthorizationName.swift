// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Names an authorisation at the gateway: a transaction belongs to the OPAL server that asked, and
/// the same identifier of another one is another transaction.
package struct AuthorizationName: Hashable, Sendable {
    package let transaction: TransactionIdentifier
    /// The name of its link, of ``opalServerBytes`` bytes.
    package let opalServer: String

    /// So that TRX and name are together a key of a record.
    package static let opalServerBytes = 1...48

    /// - Returns: nil where the name of the OPAL server is empty or too long.
    package init?(_ transaction: TransactionIdentifier, of opalServer: String) {
        guard AuthorizationName.opalServerBytes.contains(opalServer.utf8.count) else { return nil }
        self.transaction = transaction
        self.opalServer = opalServer
    }

    /// - Returns: nil for what is no TRX with a name in UTF-8.
    package init?(_ bytes: [UInt8]) {
        let (identifier, name) = (bytes.prefix(16), bytes.dropFirst(16))
        guard let transaction = TransactionIdentifier(Hex.text(Array(identifier))),
            let opalServer = String(validating: name, as: UTF8.self)
        else { return nil }
        self.init(transaction, of: opalServer)
    }

    /// TRX 16, then the name: in the order of the transactions.
    package var bytes: [UInt8] { transaction.bytes + Array(opalServer.utf8) }
}
