// SPDX-License-Identifier: Apache-2.0

package import Records

/// Where the sales of batches are, for who sends them on.
package protocol BatchContents: Sendable {
    /// Sales of a batch in their order, as ``CollectedSale`` bytes.
    ///
    /// `index`: of the first one.
    /// `limit`: how many at the most.
    /// Returns none where the first one is not here; fewer where a later one is not. Throws
    /// `StoreFailure`; `.damaged` where one does not open.
    func sales(of batch: BatchRecord, from index: UInt32, limit: Int)
        async throws(StoreFailure) -> [[UInt8]]

    /// The batch is durable at the clearing house: what is kept for sending alone may go. May be
    /// asked again.
    func release(_ batch: BatchRecord) async throws(StoreFailure)
}
