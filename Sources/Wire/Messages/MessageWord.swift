// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// A word for a message on a link, for figures and logs: its type, and of a refusal the reason.
/// Nothing is read but these two bytes and the transaction.
package enum MessageWord {
    /// For what is none of the messages between parties.
    package static let other = "other"

    /// Version and type lead each message.
    package static func type(of message: [UInt8]) -> String {
        guard message.count > 1 else { return other }
        return types[message[1]] ?? other
    }

    /// How a request was answered: the type of the answer, or the reason of a refusal.
    package static func outcome(of answer: [UInt8]) -> String {
        guard answer.count > 1 else { return other }
        let word: String? =
            switch answer[1] {
            case 0x0F: reason(answer, Refusal.init(rawValue:))?.word
            case 0x1F: reason(answer, LoadRefusal.init(rawValue:))?.word
            case 0x59: reason(answer, FundingDecline.init(rawValue:))?.word
            default: nil
            }
        return word ?? type(of: answer)
    }

    /// Whether an answer refuses what was asked, for whatever reason.
    package static func isRefusal(_ answer: [UInt8]) -> Bool {
        answer.count > 1 && refusals.contains(answer[1])
    }

    /// Undelivered, a funding decline, and what has *refusal*, *refused*, *busy* or *unavailable*
    /// for its word.
    private static let refusals: Set<UInt8> = [
        0x0F, 0x1F, 0x2F, 0x59, 0x5A, 0x5B, 0x63, 0x6F, 0x7F, 0x96, 0x98, 0xA3, 0xA6,
    ]

    /// The transaction that a message is about.
    ///
    /// - Returns: nil where it is about none, or about several.
    package static func transaction(of message: [UInt8]) -> TransactionIdentifier? {
        guard message.count >= reasonPlace, types[message[1]] != nil,
            !withoutTransaction.contains(message[1])
        else { return nil }
        var reader = ByteReader(Array(message[2..<reasonPlace]), of: "message")
        guard let transaction = try? reader.transaction(), transaction != .unknown else {
            return nil
        }
        return transaction
    }

    /// Types that begin with something else than a TRX: those of several sales, of terminals,
    /// whose contents are sealed, of holdings, of batches and of disputes.
    private static let withoutTransaction: Set<UInt8> = [
        0x08, 0x09, 0x21, 0x22, 0x2F, 0x75, 0x76, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98,
        0x99, 0xA1, 0xA2, 0xA3, 0xA4, 0xA7, 0xA8,
    ]

    /// Version 1, type 1, TRX 16, and then the reason.
    private static let reasonPlace = 18

    private static func reason<Reason>(
        _ message: [UInt8],
        _ make: (UInt8) -> Reason?
    ) -> Reason? {
        message.count > reasonPlace ? make(message[reasonPlace]) : nil
    }

    /// Type bytes of ``PartyMessage``, ``LoadMessage``, ``TerminalMessage``, ``GatewayMessage``,
    /// ``PointsMessage``, ``CollectionMessage`` and ``IssuerMessage``.
    private static let types: [UInt8: String] = [
        0x01: "draw-request", 0x02: "debit-command", 0x03: "debit-response", 0x04: "debit-result",
        0x05: "sale-question", 0x06: "sale-answer", 0x07: "debit-offer",
        0x08: "open-sales-question", 0x09: "open-sales", 0x0A: "not-debited",
        0x0B: "other-half-refused", 0x0C: "refund-question", 0x0D: "refund-answer",
        0x0F: "refusal",
        0x11: "load-request", 0x12: "load-command", 0x13: "load-response",
        0x14: "negative-response", 0x15: "load-result", 0x16: "load-question",
        0x17: "load-answer", 0x18: "card-question", 0x19: "card-information", 0x1F: "load-refusal",
        0x21: "terminal-request", 0x22: "terminal-answer", 0x2F: "undelivered",
        0x51: "authorize", 0x52: "complete", 0x53: "cancel", 0x54: "funds-question",
        0x58: "approved", 0x59: "declined", 0x5A: "address-mismatch",
        0x5B: "verification-value-mismatch", 0x5C: "unknown", 0x5D: "reversed",
        0x60: "completed", 0x61: "cancelled", 0x62: "not-known", 0x63: "gateway-busy",
        0x6F: "gateway-refusal",
        0x71: "enrol", 0x72: "enrolled", 0x73: "credit", 0x74: "credited",
        0x75: "holdings-question", 0x76: "holdings", 0x77: "purchase", 0x78: "noted",
        0x7F: "points-refusal",
        0x91: "batch-offer", 0x92: "batch-part", 0x93: "updates-question",
        0x94: "batch-wanted", 0x95: "batch-acknowledged", 0x96: "batch-refused",
        0x97: "updates", 0x98: "collection-unavailable", 0x99: "refund", 0x9A: "refund-outcome",
        0xA1: "prove", 0xA2: "proved", 0xA3: "issuer-unavailable", 0xA4: "refund-credit",
        0xA5: "refund-credited", 0xA6: "refund-refused",
        0xA7: "disputes-question", 0xA8: "disputes", 0xA9: "dispute-report", 0xAA: "dispute",
        0xAB: "no-dispute",
    ]
}
