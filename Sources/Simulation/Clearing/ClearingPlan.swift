// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// How the batches of a ``World`` are collected, cleared and paid out.
package struct ClearingPlan: Sendable {
    /// Other fees, from a day on which begins within the run.
    struct NewFees: Sendable {
        /// Midnight by the clock of the scheme.
        let begin: Instant
        let clock: LocalOffset
        let fee: FeeRule
        let firstFee: FeeRule
    }

    /// What merchants pay, but the first one.
    package var fee = FeeRule.none
    /// What the first merchant pays.
    package var firstFee = FeeRule.none
    /// What they pay later; nil where nothing changes.
    var newFees: NewFees?
    /// A batch with so many sales is closed,
    package var batchCount: UInt32 = 3
    /// and one whose first sale is so old.
    package var batchAge = Duration.seconds(40)
    /// The minute of the day at which a business day ends, by the clock of the scheme.
    package var cutOff: UInt16 = 0
    /// Whether the clearing house learns of the last merchant late, so that its sales wait in
    /// suspense.
    package var isLastMerchantLate = false
    /// Less than this stays on an account, in cents.
    package var payoutMinimum: UInt64 = 1
    /// For what the bank of the clearing house does.
    package var seed: UInt64 = 1

    package init() {}
}

/// Whether the batches of a ``Run`` are cleared. It is drawn from a stream of its own, so that a
/// run without it is what it would be if there were no clearing anywhere.
struct ClearingDraw {
    /// Nil where nobody takes the batches of the run.
    let plan: ClearingPlan?
    let seed: UInt64

    /// One run in so many is cleared.
    private static let oneIn = 4
    /// Makes the stream another one than that of the run. Seeds that alone find a rare bug of
    /// something else are runs without clearing with it.
    private static let salt: UInt64 = 0xC1EA_0001_2F15
    /// The end of the day comes within so many minutes of a run, counted from the first.
    private static let cutOffMinutes = 6
    /// So does the day on which fees change, in one run of so many.
    private static let newFeesOneIn = 2
    private static let dayMinutes: Int64 = 24 * 60
    /// Rates that leave something below a cent, in millionths.
    private static let rates: [UInt32] = [0, 12_345, 29_000, 1_000]

    /// `start`: when the run begins.
    init(seed: UInt64, start: Instant) {
        var generator = SplitMix64(seed: seed ^ Self.salt)
        let isCleared = generator.below(Self.oneIn) == 0
        var plan = ClearingPlan()
        plan.fee = Self.fee(&generator)
        plan.firstFee = Self.fee(&generator)
        plan.batchCount = UInt32(1 + generator.below(4))
        plan.batchAge = .seconds(10 + generator.below(80))
        let minute = start.milliseconds / 60_000 + 1 + Int64(generator.below(Self.cutOffMinutes))
        plan.isLastMerchantLate = generator.below(3) == 0
        plan.payoutMinimum = generator.below(2) == 0 ? 1 : 200
        plan.seed = generator.next()
        self.seed = generator.next()
        if generator.below(Self.newFeesOneIn) == 0 {
            plan.newFees = Self.newFees(&generator, start)
        }
        let ahead = Int64(plan.newFees?.clock.minutes ?? 0)
        plan.cutOff = UInt16((minute + ahead + Self.dayMinutes) % Self.dayMinutes)
        self.plan = isCleared ? plan : nil
    }

    /// The clock of the scheme shows midnight within the run.
    private static func newFees(
        _ generator: inout SplitMix64,
        _ start: Instant
    ) -> ClearingPlan.NewFees? {
        let minute = start.milliseconds / 60_000 + 1 + Int64(generator.below(cutOffMinutes))
        let past = minute % dayMinutes
        let ahead = past < dayMinutes / 2 ? -past : dayMinutes - past
        guard let clock = LocalOffset(minutes: Int(ahead)) else { return nil }
        return ClearingPlan.NewFees(
            begin: Instant(milliseconds: minute * 60_000),
            clock: clock,
            fee: fee(&generator),
            firstFee: fee(&generator)
        )
    }

    private static func fee(_ generator: inout SplitMix64) -> FeeRule {
        let rate = rates[generator.below(rates.count)]
        // Of a sale at least a third of a cent, of a batch five and a half cents.
        let minimum = generator.below(2) == 0 ? 0 : 3_333_333_333
        let perBatch = generator.below(2) == 0 ? 0 : 55_000_000_000
        let rule = FeeRule(
            rate: rate,
            minimum: ExactAmount(trillionths: Int128(minimum)),
            perBatch: ExactAmount(trillionths: Int128(perBatch))
        )
        return rule ?? .none
    }
}
