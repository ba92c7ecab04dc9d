// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Kernel
package import SecurityModule
import Wire

/// The chain over the sales of a batch (`docs/decisions/0026`): SHA-256 of the digest before and
/// the next sale.
package enum BatchChain {
    package static func start(of batch: BatchName) -> [UInt8] {
        var writer = ByteWriter(capacity: 24)
        writer.append("OPAL batch".utf8)
        writer.batch(batch)
        return Array(SHA256.hash(data: writer.bytes))
    }

    /// Goes on with a chain by one sale.
    ///
    /// - Parameters:
    ///   - digest: over the sales before.
    ///   - sale: as ``CollectedSale`` bytes.
    /// - Returns: the digest over this one, too; 32 bytes.
    package static func extend(_ digest: [UInt8], with sale: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: digest)
        hash.update(data: sale)
        return Array(hash.finalize())
    }
}

/// KBC of one security card: KDF(KB, "OPAL security card batch key", IDPSAM).
package struct BatchKey: Sendable {
    private let key: CMACKey

    /// - Parameters:
    ///   - securityCard: whose.
    ///   - master: KB, which acquirer and clearing house share.
    package init(_ securityCard: SecurityCardIdentifier, master: CMACKey) {
        key = master.deriveMAC("OPAL security card batch key", securityCard.bytes)
    }

    /// SB = CMAC(KBC, 0B || header), 16 bytes.
    package func sign(_ header: [UInt8]) -> [UInt8] { key.code([0x0B] + header) }
}

/// KR of one acquirer: KDF(KB, "OPAL refund key", acquirer). No security card has it, and no
/// concentration point.
package struct RefundKey: RefundSigning {
    package let acquirer: UInt32
    private let key: CMACKey

    /// - Parameters:
    ///   - acquirer: whose.
    ///   - master: KB, which acquirer and clearing house share.
    package init(_ acquirer: UInt32, master: CMACKey) {
        self.acquirer = acquirer
        key = master.deriveMAC("OPAL refund key", acquirer.bigEndianBytes)
    }

    /// CMAC(KR, 0C || order), 16 bytes.
    package func sign(_ order: RefundOrder) -> [UInt8] { key.code([0x0C] + order.bytes) }
}

extension RefundKey: CustomReflectable {
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Checks batches and refunds with the KB of the acquirers that are cleared for; none where it only
/// walks chains.
package struct BatchKeys: BatchChecking {
    private let masters: [UInt32: CMACKey]

    /// - Parameter masters: KB by acquirer.
    package init(_ masters: [UInt32: CMACKey] = [:]) {
        self.masters = masters
    }

    package func start(of batch: BatchName) -> [UInt8] { BatchChain.start(of: batch) }

    package func extend(_ digest: [UInt8], with sales: [[UInt8]]) -> [UInt8] {
        sales.reduce(digest) { BatchChain.extend($0, with: $1) }
    }

    package func isGenuine(_ header: BatchHeader) async throws(ModuleFailure) -> Bool {
        let securityCard = header.name.securityCard
        guard let master = masters[securityCard.acquirer] else { throw .keyUnknown }
        let signature = BatchKey(securityCard, master: master).sign(header.signedBytes)
        return ConstantTime.isEqual(signature, header.signature)
    }

    package func isGenuine(
        _ order: RefundOrder,
        of acquirer: UInt32,
        code: [UInt8]
    ) async throws(ModuleFailure) -> Bool {
        guard let master = masters[acquirer] else { throw .keyUnknown }
        return ConstantTime.isEqual(RefundKey(acquirer, master: master).sign(order), code)
    }
}
