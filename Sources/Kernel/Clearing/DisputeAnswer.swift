// SPDX-License-Identifier: Apache-2.0

/// What a merchant says to a dispute.
package struct DisputeAnswer: Hashable, Sendable {
    /// Whether the merchant agrees to give back what is left of the sale.
    package let accepts: Bool
    /// When the order was handed out, as the merchant's records say; nil where they say nothing.
    package let deliveredAt: Instant?
    package let words: String
    /// The number of the charge-back that had come to nothing when the merchant agreed, for the
    /// first time or again; nil where none had. So an agreement counts once.
    package private(set) var after: UInt8?

    /// - Returns: nil for words that are too many, or none where the merchant does not agree; nil
    ///   for a number that is none of a charge-back, or where there is nothing agreed to.
    package init?(accepts: Bool, deliveredAt: Instant?, words: String, after: UInt8? = nil) {
        guard DisputeAnswer.areWords(words), accepts || !words.isEmpty else { return nil }
        if let after {
            guard accepts, RefundOrder.chargeBackNumbers.contains(after) else { return nil }
        }
        self.after = after
        self.accepts = accepts
        self.deliveredAt = deliveredAt
        self.words = words
    }

    /// The same answer to a dispute that stands so.
    package func given(in state: DisputeState) -> DisputeAnswer {
        guard accepts, case .cameToNothing(let back, _) = state else { return self }
        var answer = self
        answer.after = back.number
        return answer
    }

    /// Whether words are within the limits of a dispute, and in one line.
    package static func areWords(_ words: String) -> Bool {
        words.count <= DisputeLimits.wordsCharactersMax
            && words.utf8.count <= DisputeLimits.wordsBytesMax
            && words.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}
