// SPDX-License-Identifier: Apache-2.0

/// The bounds of what the OPAL server does for loyalty programmes.
package enum PointsLimits {
    /// A notice that the loyalty server has refused waits for the first of these before it is sent
    /// again. Each further pause is twice the one before, up to the second: what is refused for
    /// long needs somebody who sets it right.
    package static let noticePauses = Duration.seconds(10)...Duration.seconds(3600)

    /// How long a notice waits after so many refusals in a row.
    package static func noticePause(after count: UInt8) -> Duration {
        // The doubling is over long before the shift is too large.
        let doublings = min(max(Int(count), 1) - 1, 20)
        return min(noticePauses.lowerBound * (1 << doublings), noticePauses.upperBound)
    }
}
