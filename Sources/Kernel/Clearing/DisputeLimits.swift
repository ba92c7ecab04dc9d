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
    /// What holder, merchant or issuer say, in characters.
    package static let wordsCharactersMax = 500
    /// The same as UTF-8, with room for every script.
    package static let wordsBytesMax = 2000
    /// Disputes in one message.
    package static let pageMax = 16
    /// Open disputes that a list puts in order; those behind are shown once others have ended.
    package static let listedMax = 1000
    /// Who has decided, in bytes of UTF-8.
    package static let deciderBytesMax = 64
}
