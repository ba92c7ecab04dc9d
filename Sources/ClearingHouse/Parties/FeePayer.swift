// SPDX-License-Identifier: Apache-2.0

package import Kernel

/// Whose fee it is.
package enum FeePayer: Hashable, Sendable {
    /// All merchants that have no rule of their own or of their category.
    case all
    case category(MerchantCategory)
    case merchant(MerchantIdentifier)
}

/// What becomes of a fee from a day on.
package enum FeeChange: Equatable, Sendable {
    /// A rule begins, in place of what was to begin or end on that very day.
    case begin(FeeRule)
    /// The rule ends: a merchant pays what its category does, a category what all do.
    case end
    /// What was to begin or end on the day does not.
    case withdraw
}
