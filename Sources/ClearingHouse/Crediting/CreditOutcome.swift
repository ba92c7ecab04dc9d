// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// What became of a sale when its batch was credited.
package enum CreditOutcome: Equatable, Sendable {
    /// Its merchant is credited.
    case cleared
    /// It was paid in points: its issuer proves it, and no money moves. Points are settled between
    /// a programme and its sites.
    case points
    /// It waits, or waited, for somebody.
    case suspended(SuspenseReason)

    private static let clearedCode: UInt8 = 0x00
    private static let pointsCode: UInt8 = 0x40

    /// For records; 0 is no reason, because what is proved is not set aside.
    var code: UInt8 {
        switch self {
        case .cleared: CreditOutcome.clearedCode
        case .points: CreditOutcome.pointsCode
        case .suspended(let reason): reason.code
        }
    }

    init?(code: UInt8) {
        switch code {
        case CreditOutcome.clearedCode: self = .cleared
        case CreditOutcome.pointsCode: self = .points
        default:
            guard let reason = SuspenseReason(code: code) else { return nil }
            self = .suspended(reason)
        }
    }

    package var isSuspended: Bool {
        if case .suspended = self { return true }
        return false
    }
}
