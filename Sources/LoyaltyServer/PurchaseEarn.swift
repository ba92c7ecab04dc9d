// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// The points of one purchase at a partner. Format 1: state 1, member number (counted), MERCH 15,
/// amount 11, moment of the debit 8, points 8, last day 3, moment from which they can be used 8,
/// number of the row in the member's history 8 (0 where there are no points). The key is CURR and
/// TRX. What the rule gave is kept: a later rule does not change it.
package struct PurchaseEarn: LoyaltyRecord {
    package let membership: Membership
    package let transaction: TransactionIdentifier
    package let merchant: MerchantIdentifier
    package let amount: Money
    package let debitedAt: Instant
    package let points: UInt64
    package let expiry: CardDate
    package let maturesAt: Instant
    package internal(set) var state = EarnState.unconfirmed
    var row: UInt64 = 0

    private static let format: UInt8 = 1
    static let kind = LoyaltyRecords.purchase
    var key: [UInt8] { PurchaseEarn.key(membership.programme, transaction) }
    var isOpen: Bool { state.isPending }

    static func key(_ programme: Currency, _ transaction: TransactionIdentifier) -> [UInt8] {
        programme.bytes + transaction.bytes
    }

    init(_ notice: PurchaseNotice, points: UInt64, expiry: CardDate, maturesAt: Instant) {
        membership = notice.membership
        transaction = notice.transaction
        merchant = notice.merchant
        amount = notice.amount
        debitedAt = notice.debitedAt
        self.points = points
        self.expiry = expiry
        self.maturesAt = maturesAt
    }

    /// Whether a notice tells of the same purchase.
    func isOf(_ notice: PurchaseNotice) -> Bool {
        membership == notice.membership && transaction == notice.transaction
            && merchant == notice.merchant && amount == notice.amount
            && debitedAt == notice.debitedAt
    }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "purchase key")
        let programme = try name.programme()
        transaction = try name.transaction()
        var reader = ByteReader(body, of: "points of a purchase")
        guard try reader.byte("format") == PurchaseEarn.format else {
            throw reader.failure("format", .invalid)
        }
        state = try reader.value("state", bytes: 1) { EarnState(rawValue: UInt8($0)) }
        membership = Membership(programme: programme, number: try reader.memberNumber())
        merchant = try reader.merchant()
        amount = try reader.money()
        debitedAt = try reader.moment("debited")
        points = try reader.integer("points", bytes: 8)
        expiry = try reader.expiry()
        maturesAt = try reader.moment("matures")
        row = try reader.integer("row", bytes: 8)
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 96)
        writer.byte(PurchaseEarn.format)
        writer.byte(state.rawValue)
        writer.text(membership.number.text)
        writer.merchant(merchant)
        writer.money(amount)
        writer.moment(debitedAt)
        writer.integer(points, bytes: 8)
        writer.expiry(expiry)
        writer.moment(maturesAt)
        writer.integer(row, bytes: 8)
        return writer.bytes
    }

    var maturity: Maturity {
        Maturity(maturesAt: maturesAt, programme: membership.programme, transaction: transaction)
    }
}

/// Where the round that ends pending periods finds the points of a purchase. The body is format 1
/// alone; the key is moment 8, CURR and TRX.
struct Maturity: LoyaltyRecord {
    let maturesAt: Instant
    let programme: Currency
    let transaction: TransactionIdentifier

    private static let format: UInt8 = 1
    static let kind = LoyaltyRecords.maturity
    var bytes: [UInt8] { [Maturity.format] }

    var key: [UInt8] {
        var writer = ByteWriter(capacity: 26)
        writer.moment(maturesAt)
        writer.currency(programme)
        writer.transaction(transaction)
        return writer.bytes
    }

    init(maturesAt: Instant, programme: Currency, transaction: TransactionIdentifier) {
        self.maturesAt = maturesAt
        self.programme = programme
        self.transaction = transaction
    }

    init(_ body: [UInt8], key: [UInt8]) throws(WireFailure) {
        var name = ByteReader(key, of: "maturity key")
        maturesAt = try name.moment("matures")
        programme = try name.programme()
        transaction = try name.transaction()
        if body != [Maturity.format] { throw name.failure("format", .invalid) }
    }
}
