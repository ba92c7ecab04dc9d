// SPDX-License-Identifier: Apache-2.0

/// The bounds of disputes.
package enum DisputeLimits {
    /// How long after the debit a purchase can be disputed.
    package static let filingTime = Duration.seconds(120 * 24 * 3600)
    /// How long after the dispute the merchant has for an answer.
    package static let answerTime = Duration.seconds(10 * 24 * 3600)
    /// How long after the dispute the issuer has for a decision.
    package static let decisionTime = Duration.seconds(30 * 24 * 3600)
    /// A charge-back that is not on the card for so long after its decision is named by the audit.
    package static let postingTime = Duration.seconds(3 * 24 * 3600)
    /// The last charge-back that a merchant begins by agreeing; the numbers behind it are left to
    /// the issuer.
    package static let agreedNumberMax: UInt8 = 105
    /// What holder, merchant or issuer say, in characters.
    package static let wordsCharactersMax = 500
    /// The same as UTF-8, with room for every script.
    package static let wordsBytesMax = 2000
    /// Disputes in one message.
    package static let pageMax = 16
    /// Open disputes of one card. A holder has few purchases that are wrong at the same time; with
    /// very many of them one card would keep the others waiting.
    package static let openPerCardMax = 20
    /// Open disputes that one page of a list puts in order.
    package static let listedMax = 1000
    /// Disputes that one page of a list is looked for among; the next page goes on behind them.
    package static let searchedMax = 10_000
    /// Who has decided, in bytes of UTF-8.
    package static let deciderBytesMax = 64
}
