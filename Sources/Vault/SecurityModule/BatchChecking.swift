// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What is asked about batches of security cards, by who takes them: concentration point 68, which
/// has no key, and clearing house 110 (`docs/decisions/0026`).
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
}
