// SPDX-License-Identifier: Apache-2.0

/// The bounds of the simulated funding network.
package enum NetworkLimits {
    /// A *slow* answer comes after this time, while the gateway still waits.
    package static let slowTime = Duration.seconds(5)
    /// A *late* answer comes after this time, when the gateway waits no more (15 s).
    package static let lateTime = Duration.seconds(20)
    /// How often a step is decided again after a conflict before it is answered as a malfunction.
    package static let attemptsMax = 32
    /// Answers that are kept of one transaction, to be repeated.
    package static let answersMax = 8
    package static let rulesMax = 256
    package static let scriptBytesMax = 64 * 1024
}
