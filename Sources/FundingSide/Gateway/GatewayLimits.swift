// SPDX-License-Identifier: Apache-2.0

/// The bounds of the payment gateway.
package enum GatewayLimits {
    /// How long a link waits for the network's answer. Who asks the gateway waits a little longer
    /// (``deskTime``), and asks twice at most.
    package static let answerTime = Duration.seconds(15)
    /// How long an OPAL server waits for the gateway: longer than ``answerTime``, so that it hears
    /// what became of a request that the network did not answer.
    package static let deskTime = Duration.seconds(20)
    /// After so long an authorisation that is still *asked* was lost by a restart: longer than a
    /// link waits, so that none under way is disturbed.
    package static let askedTime = Duration.seconds(30)
    /// What element 4 can say, in minor units.
    package static let amountMax: UInt64 = 999_999_999_999
    /// Numbers that are taken from the durable counter at once; a restart skips what is left.
    package static let traceBlock: UInt64 = 64
    /// How often a step is decided again after a conflict before the caller is told to come back.
    package static let attemptsMax = 16
    /// Advices and reversals that are under way at once.
    package static let forwardedAtOnce = 16
    /// After so many without an answer a round begins no more: the next would only wait.
    package static let silencesMax = 4
}
