// SPDX-License-Identifier: Apache-2.0

/// What bank and load server agree on for one load; the load token covers all of it (FIG. 18A,
/// step 875).
package struct LoadTerms: Hashable, Sendable {
    package let transaction: TransactionIdentifier
    /// IDBANK.
    package let bank: BankIdentifier
    /// The card whose information the bank was given; no other card is loaded.
    package let card: CardPseudonym
    package let amount: Money
    /// DTHR: the bank's time stamp. The load is too old after ``LoadLimits/loadTime``.
    package let time: CardTime
    /// A name to look up in the directory of load servers, at most
    /// ``LoadLimits/loadServerBytesMax`` bytes.
    package let loadServer: String
    /// Where the browser brings the sealed result, at most ``LoadLimits/statusURLBytesMax`` bytes.
    package let statusURL: String

    package init(
        transaction: TransactionIdentifier,
        bank: BankIdentifier,
        card: CardPseudonym,
        amount: Money,
        time: CardTime,
        loadServer: String,
        statusURL: String
    ) {
        self.transaction = transaction
        self.bank = bank
        self.card = card
        self.amount = amount
        self.time = time
        self.loadServer = loadServer
        self.statusURL = statusURL
    }

    /// Whether the bank began the load too long ago, or by a clock that is far ahead.
    package func isStale(at now: Instant) -> Bool { LoadLimits.isStale(time, at: now) }
}

/// A bank's question for the information of a card, before a load (FIG. 18A, step 872). The
/// inquiry token covers all of it.
package struct CardInquiry: Hashable, Sendable {
    package let transaction: TransactionIdentifier
    /// IDBANK.
    package let bank: BankIdentifier
    /// DTHR: the bank's time stamp.
    package let time: CardTime
    /// As in ``LoadTerms/loadServer``.
    package let loadServer: String
    /// Where the browser brings the sealed information, at most
    /// ``LoadLimits/statusURLBytesMax`` bytes.
    package let statusURL: String

    package init(
        transaction: TransactionIdentifier,
        bank: BankIdentifier,
        time: CardTime,
        loadServer: String,
        statusURL: String
    ) {
        self.transaction = transaction
        self.bank = bank
        self.time = time
        self.loadServer = loadServer
        self.statusURL = statusURL
    }

    /// Whether the bank asked too long ago, or by a clock that is far ahead.
    package func isStale(at now: Instant) -> Bool { LoadLimits.isStale(time, at: now) }
}

/// The bounds of a load.
package enum LoadLimits {
    /// How long a load may be carried out after the bank began it.
    package static let loadTime = Duration.seconds(30 * 60)
    /// How far the clocks of two parties may be apart.
    package static let clockSkew = Duration.seconds(2 * 60)
    package static let loadServerBytesMax = 64
    package static let statusURLBytesMax = 512
    package static let bankNameBytesMax = 60

    static func isStale(_ time: CardTime, at now: Instant) -> Bool {
        let begun = time.instant
        return begun.adding(loadTime) < now || now.adding(clockSkew) < begun
    }
}
