// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What is asked about batches of security cards and about refunds, by who takes them:
/// concentration point 68, which has no key, and clearing house 110 (`docs/decisions/0026`).
package protocol BatchChecking: Sendable {
    /// Where the chain over the sales of a batch begins; 32 bytes.
    func start(of batch: BatchName) -> [UInt8]

    /// Goes on with a chain.
    ///
    /// - Parameters:
    ///   - digest: over the sales before.
    ///   - sales: as ``CollectedSale`` bytes, in their order.
    /// - Returns: the digest over these, too; 32 bytes.
    func extend(_ digest: [UInt8], with sales: [[UInt8]]) -> [UInt8]

    /// Whether SB is that of the security card.
    ///
    /// - Throws: `.keyUnknown` where there is no KB of this acquirer.
    func isGenuine(_ header: BatchHeader) async throws(ModuleFailure) -> Bool

    /// Whether the code of a refund is that of a payment server of this acquirer.
    ///
    /// - Throws: `.keyUnknown` where there is no KB of it.
    func isGenuine(_ order: RefundOrder, of acquirer: UInt32, code: [UInt8])
        async throws(ModuleFailure) -> Bool
}

/// What a payment server asks of the key by which its clearing house knows that a refund comes from
/// this acquirer (`docs/decisions/0030`).
package protocol RefundSigning: Sendable {
    var acquirer: UInt32 { get }

    /// The code of a refund, ``RefundOrder/codeBytes`` bytes.
    func sign(_ order: RefundOrder) async throws(ModuleFailure) -> [UInt8]
}
