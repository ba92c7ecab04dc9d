// SPDX-License-Identifier: Apache-2.0

/// What a security card says of a batch when it closes it: so many sales, of so much, in this order
/// and no other.
package struct BatchHeader: Equatable, Sendable {
    /// What the sales of one currency and exponent come to.
    package struct Total: Equatable, Sendable {
        package let count: UInt32
        package let sum: Money

        package init(count: UInt32, sum: Money) {
            self.count = count
            self.sum = sum
        }
    }

    package let name: BatchName
    package let count: UInt32
    /// By currency and exponent, each once.
    package let totals: [Total]
    /// The end of the chain over its sales, 32 bytes.
    package let digest: [UInt8]
    /// By the clock of who drives the security card.
    package let closedAt: Instant
    /// SB: the security card's code over all of the above, 16 bytes.
    package let signature: [UInt8]

    package static let digestBytes = 32
    package static let signatureBytes = 16
    /// Different currencies and exponents in one batch.
    package static let totalsMax = 64
    /// Sales in one batch; a security card counts no more before the batch is closed.
    package static let countMax: UInt32 = 1_000_000

    package init(
        name: BatchName,
        count: UInt32,
        totals: [Total],
        digest: [UInt8],
        closedAt: Instant,
        signature: [UInt8]
    ) {
        precondition(digest.count == BatchHeader.digestBytes)
        precondition(signature.count == BatchHeader.signatureBytes)
        self.name = name
        self.count = count
        self.totals = totals
        self.digest = digest
        self.closedAt = closedAt
        self.signature = signature
    }
}
