// SPDX-License-Identifier: Apache-2.0

/// What a load from a funding account is for.
package enum AccountLoadPurpose: UInt8, CaseIterable, Sendable {
    /// The holder of the account loads their own card.
    case own = 1
    /// A guardian's weekly allowance for a child.
    case allowance = 2
    /// A guardian gives a child something at once.
    case gift = 3
    /// The own card, because its balance has fallen below a threshold.
    case topUp = 4

    /// Whether a person waits for the answer. Where none does, a standing order has begun the load.
    package var isBegunByPerson: Bool {
        switch self {
        case .own, .gift: true
        case .allowance, .topUp: false
        }
    }

    /// Whether the card is that of a child of who pays.
    package var isForChild: Bool {
        switch self {
        case .allowance, .gift: true
        case .own, .topUp: false
        }
    }
}
