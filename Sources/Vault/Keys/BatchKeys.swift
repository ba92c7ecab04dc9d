// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Kernel
package import SecurityModule
import Synchronization
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
package struct RefundKey: Sendable {
    private let key: CMACKey

    /// - Parameters:
    ///   - acquirer: whose.
    ///   - master: KB, which acquirer and clearing house share.
    package init(_ acquirer: UInt32, master: CMACKey) {
        key = master.deriveMAC("OPAL refund key", acquirer.bigEndianBytes)
    }

    /// CMAC(KR, 0C || order), 16 bytes.
    package func sign(_ order: RefundOrder) -> [UInt8] { key.code([0x0C] + order.bytes) }
}

extension RefundKey: CustomReflectable {
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Signs refunds with the newest KB of an acquirer, also once there is a newer one.
package final class RefundSigner: RefundSigning {
    package let acquirer: UInt32
    private let key: Mutex<RefundKey>

    /// - Parameters:
    ///   - acquirer: whose.
    ///   - master: KB.
    package init(_ acquirer: UInt32, master: CMACKey) {
        self.acquirer = acquirer
        key = Mutex(RefundKey(acquirer, master: master))
    }

    /// Signs with this KB from now on.
    package func use(_ master: CMACKey) {
        key.withLock { $0 = RefundKey(acquirer, master: master) }
    }

    package func sign(_ order: RefundOrder) -> [UInt8] { key.withLock { $0 }.sign(order) }
}

/// Checks batches and refunds with the KB of the acquirers that are cleared for; none where it only
/// walks chains. An acquirer may have several: what is signed with one of them is genuine
/// (`docs/decisions/0038`).
package final class BatchKeys: BatchChecking {
    private let masters: Mutex<[UInt32: [CMACKey]]>

    /// - Parameter masters: KB by acquirer, whichever version.
    package init(_ masters: [UInt32: [CMACKey]] = [:]) {
        self.masters = Mutex(masters)
    }

    /// Checks with these from now on.
    package func use(_ masters: [UInt32: [CMACKey]]) {
        self.masters.withLock { $0 = masters }
    }

    package func start(of batch: BatchName) -> [UInt8] { BatchChain.start(of: batch) }

    package func extend(_ digest: [UInt8], with sales: [[UInt8]]) -> [UInt8] {
        sales.reduce(digest) { BatchChain.extend($0, with: $1) }
    }

    package func isGenuine(_ header: BatchHeader) async throws(ModuleFailure) -> Bool {
        let securityCard = header.name.securityCard
        return try masters(of: securityCard.acquirer).contains { master in
            let signature = BatchKey(securityCard, master: master).sign(header.signedBytes)
            return ConstantTime.isEqual(signature, header.signature)
        }
    }

    package func isGenuine(
        _ order: RefundOrder,
        of acquirer: UInt32,
        code: [UInt8]
    ) async throws(ModuleFailure) -> Bool {
        try masters(of: acquirer).contains { master in
            ConstantTime.isEqual(RefundKey(acquirer, master: master).sign(order), code)
        }
    }

    private func masters(of acquirer: UInt32) throws(ModuleFailure) -> [CMACKey] {
        guard let known = masters.withLock({ $0[acquirer] }) else { throw .keyUnknown }
        return known
    }
}
