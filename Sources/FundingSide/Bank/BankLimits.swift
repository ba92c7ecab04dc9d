// SPDX-License-Identifier: Apache-2.0

/// The bounds of the bank.
package enum BankLimits {
    /// How long a card's information serves for a load.
    package static let informationTime = Duration.seconds(10 * 60)
    /// How old an open load is before the bank asks for it by itself.
    package static let askAfter = Duration.seconds(60)
    /// How often a step is decided again after a conflict before the caller is told to come back.
    /// Many loads at the same moment may come from one account, and one of them wins each time.
    package static let attemptsMax = 64
    /// Open loads that are read at once.
    package static let settlePage = 64
    /// Open loads that one round looks at.
    package static let settleRoundMax = 512
    /// After so many questions in a row without an answer a round ends: the next would only wait.
    package static let silencesMax = 3
}
