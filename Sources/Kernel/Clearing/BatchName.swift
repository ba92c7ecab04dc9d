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

    /// Security card (16 hexadecimal digits), batch and index, with a character between them that
    /// is none of a number.
    package func text(_ separator: Character) -> String {
        "\(batch.securityCard.text)\(separator)\(batch.number)\(separator)\(index)"
    }

    /// - Parameters:
    ///   - text: as ``text(_:)`` gives it; nil where it is not.
    ///   - separator: what stands between the parts.
    package init?(_ text: String, _ separator: Character) {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 16, let card = UInt64(parts[0], radix: 16),
            let number = UInt32(parts[1]), let index = UInt32(parts[2]), index > 0
        else { return nil }
        self.init(BatchName(SecurityCardIdentifier(bits: card), number), index)
    }
}
