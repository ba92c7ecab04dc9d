// SPDX-License-Identifier: Apache-2.0

/// What a merchant says to a dispute.
package struct DisputeAnswer: Hashable, Sendable {
    /// Whether the merchant agrees to give back what is left of the sale.
    package let accepts: Bool
    /// When the order was handed out, as the merchant's records say; nil where they say nothing.
    package let deliveredAt: Instant?
    package let words: String

    /// - Returns: nil for words that are too many, or none where the merchant does not agree.
    package init?(accepts: Bool, deliveredAt: Instant?, words: String) {
        guard DisputeAnswer.areWords(words), accepts || !words.isEmpty else { return nil }
        self.accepts = accepts
        self.deliveredAt = deliveredAt
        self.words = words
    }

    /// Whether words are within the limits of a dispute, and in one line.
    package static func areWords(_ words: String) -> Bool {
        words.count <= DisputeLimits.wordsCharactersMax
            && words.utf8.count <= DisputeLimits.wordsBytesMax
            && words.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}
