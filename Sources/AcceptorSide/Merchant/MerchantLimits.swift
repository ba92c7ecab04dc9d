// SPDX-License-Identifier: Apache-2.0

/// The bounds of the merchant module.
package enum MerchantLimits {
    package static let articleIdentifierBytesMax = 32
    package static let titleBytesMax = 80
    package static let contentFileBytesMax = 128
    package static let mediaTypeBytesMax = 64
    package static let articlesMax = 1000
    /// How long the goods can be fetched again after they were first handed out.
    package static let downloadTime = Duration.seconds(24 * 60 * 60)
    /// How old an open order is before the merchant asks for it by itself: by then the payment
    /// server has finished or given up a sale that went the usual way.
    package static let askAfter = Duration.seconds(60)
    /// How often a step is decided again after a conflict before the caller is told to come back.
    package static let attemptsMax = 8
    /// Open orders that are read at once.
    package static let settlePage = 64
    /// Open orders that one round looks at.
    package static let settleRoundMax = 512
    /// After so many questions in a row without an answer a round ends: the next would only wait.
    package static let silencesMax = 3
}
