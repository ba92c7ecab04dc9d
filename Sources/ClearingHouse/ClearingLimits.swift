// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The bounds of the clearing house.
package enum ClearingLimits {
    /// How often a step is decided again after a conflict before the caller is told to come back.
    package static let attemptsMax = 16
    /// Batches that one round looks at.
    package static let roundMax = 1_000
    /// Accounts that one transition of a settlement run looks at.
    package static let settlementStepMax = 200
    /// Currencies of the scheme.
    package static let currenciesMax = 32
    /// Fee rules of the scheme, those of all days counted.
    package static let feesMax = 1_000
    /// Name of an institution or a merchant, in bytes of UTF-8.
    package static let nameBytesMax = 70
    /// Number of an account at a bank, in bytes: an IBAN has at most 34 characters (ISO 13616).
    package static let accountBytesMax = 34
    /// BIC (ISO 9362).
    package static let bicBytesMax = 11
    /// A reference on a bank statement, in bytes of UTF-8.
    package static let referenceBytesMax = 140
    /// Key versions of one issuer that have ended.
    package static let endedVersionsMax = 255
    /// How far a sale may lie behind the moment at which its batch was closed: two clocks differ.
    package static let clockTolerance = Duration.seconds(24 * 3600)
    /// Days that the newest settlement may be ahead of the clock: a day that was closed early.
    package static let daysAheadMax: UInt32 = 1
    /// Days from a cut-off to the value date.
    package static let valueDaysMax: UInt8 = 5
    /// Lines of a bank statement that become durable together.
    package static let statementStepMax = 200
    /// Lines of one bank statement.
    package static let statementLinesMax: UInt32 = 10_000_000
    /// Sales that wait for somebody, and are looked through for one transaction.
    package static let storySuspendedMax = 1_000
    /// Pages of an issuer's blocking list that one round asks for.
    package static let blockPagesMax = 64
    /// Pages of an issuer's sweeps that one round asks for.
    package static let sweepPagesMax = 64
    /// Pages of an issuer's open disputes that one round asks for; the next round goes on behind
    /// them.
    package static let disputePagesMax = 64
}
