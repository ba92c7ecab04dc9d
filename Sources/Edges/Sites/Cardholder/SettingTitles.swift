// SPDX-License-Identifier: Apache-2.0

import Kernel
import Wire

/// What each setting of a policy has changed. A row holds the whole policy, so that the one before
/// it has to be known; where a page does not show that one, the row keeps its general title.
struct SettingTitles {
    private var titles: [UInt64: String] = [:]

    /// `rows`: some in a row of one card, in either order.
    init(_ rows: [CardRows.Row]) {
        var before: SpendingPolicy?
        for row in rows.sorted(by: { $0.number < $1.number }) {
            guard case .setting(.policy(let policy), _) = row.entry.event else { continue }
            if let before { titles[row.number] = Self.title(of: policy, after: before) }
            before = policy
        }
    }

    subscript(_ number: UInt64) -> String? { titles[number] }

    private static func title(
        of policy: SpendingPolicy,
        after before: SpendingPolicy
    ) -> String? {
        if policy.isFrozen != before.isFrozen {
            return policy.isFrozen ? "Card frozen" : "Card unfrozen"
        }
        if policy.limits != before.limits {
            return policy.limits == nil ? "Spending limits lifted" : "Spending limits set"
        }
        if policy.lastException > before.lastException, let new = policy.exceptions.last {
            return "Allowed once: \(new.merchant.text)"
        }
        return policy.exceptions.count < before.exceptions.count ? "Not allowed any more" : nil
    }
}
