// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The bounds of the loyalty server.
package enum LoyaltyLimits {
    /// How often a step is decided again after a conflict before the caller is told to come back.
    package static let attemptsMax = 64
    /// How often a fresh member number is drawn where the one before has been given already.
    package static let numbersMax = 16
    /// Members, or points of purchases, that one transition of a round changes.
    package static let roundStepMax = 200
    /// Members, postings or enrolments that one round looks at.
    package static let roundMax = 1_000
    /// Requests under way to the OPAL server at once.
    package static let sentAtOnce = 16
    /// After so many requests in a row without an answer a round ends: the next would only wait.
    package static let silencesMax = 3
    /// How long a member's points wait after the OPAL server has refused them, before they are
    /// posted again.
    package static let heldTime = Duration.seconds(24 * 3600)
    /// Lines of an earn file that become durable together.
    package static let chunkMax = 1_000
    /// Lines of one earn file.
    package static let fileLinesMax: UInt64 = 100_000_000
    /// Name of an earn file, in bytes of UTF-8.
    package static let fileNameBytesMax = 200
    /// Refused lines of one earn file that are kept; all are counted.
    package static let refusedLinesMax: UInt64 = 10_000
    /// Of a refused line, bytes that are kept.
    package static let refusedTextBytesMax = 120
}
