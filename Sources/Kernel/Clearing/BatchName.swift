// SPDX-License-Identifier: Apache-2.0

/// Names a batch: the security card that counted its sales, and the number that it gave the batch.
package struct BatchName: Hashable, Sendable {
    package let securityCard: SecurityCardIdentifier
    /// 1, 2, 3 … for each security card, without a gap.
    package let number: UInt32

    package init(_ securityCard: SecurityCardIdentifier, _ number: UInt32) {
        self.securityCard = securityCard
        self.number = number
    }
}

/// Where a security card has counted a sale.
package struct BatchPlace: Hashable, Sendable {
    package let batch: BatchName
    /// 1 for the first sale of the batch.
    package let index: UInt32

    package init(_ batch: BatchName, _ index: UInt32) {
        self.batch = batch
        self.index = index
    }
}
