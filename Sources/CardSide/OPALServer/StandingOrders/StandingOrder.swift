// SPDX-License-Identifier: Apache-2.0

import Kernel
import Records
import Wire

/// What the kinds of standing order have in common.
protocol StandingOrder: Equatable, Sendable {
    static var kind: RecordKind { get }

    init(_ bytes: [UInt8], key: [UInt8]) throws(WireFailure)
    var bytes: [UInt8] { get }
    var key: RecordKey { get }

    var isActive: Bool { get set }
    var current: Occurrence? { get set }
    /// Whose account pays, and whose card is loaded.
    var payer: UserKey { get }
    var holder: UserKey { get }
    var purpose: AccountLoadPurpose { get }
    /// What the transactions of this order are made of.
    var name: [UInt8] { get }
}

extension StandingOrder {
    var isOpen: Bool { isActive || current != nil }
}

/// A standing order as last committed.
struct StoredOrder<Order: StandingOrder>: Sendable {
    var order: Order
    /// 0 before it is stored.
    var revision: UInt64
}
