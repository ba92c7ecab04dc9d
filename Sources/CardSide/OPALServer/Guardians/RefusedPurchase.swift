// SPDX-License-Identifier: Apache-2.0

package import Kernel
import Records
import Wire

/// A purchase that a limit of a child's card refused, as its guardian sees it.
package struct RefusedPurchase: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        /// The guardian has not answered.
        case waiting
        /// The guardian allowed it once, until this moment. Whether it was bought since, the
        /// card's policy and history say.
        case allowed(until: Instant)
    }

    /// Another one for each time that the guardian is asked anew.
    package let number: UInt32
    package let merchant: MerchantIdentifier
    package let amount: Money
    /// What the shop wrote on its order page; nobody vouches for it.
    package let article: String
    package internal(set) var reason: SpendingRefusal
    package internal(set) var refusedAt: Instant
    package internal(set) var state: State

    /// Whether both are of the same merchant and amount, so that one exception is for either.
    func isSame(_ merchant: MerchantIdentifier, _ amount: Money) -> Bool {
        self.merchant == merchant && self.amount == amount
    }
}

/// The refused purchases of one child, stored sealed under the child's key.
struct RefusedPurchases: Equatable, Sendable {
    static let kind = RecordKind("refused_purchases", keyBytes: UserKey.length...UserKey.length)

    /// Oldest first, ``FundingLimits/refusedPurchasesMax`` at the most.
    private(set) var entries: [RefusedPurchase] = []
    /// The number of the last entry that was made.
    private(set) var lastNumber: UInt32 = 0
    /// When the guardian was last told by mail, oldest first.
    private(set) var mailedAt: [Instant] = []

    static func key(_ child: UserKey) -> RecordKey { RecordKey(kind, child.bytes) }

    /// Takes a refusal up. One that waits already is moved to the present: the guardian finds it
    /// once, however often the child tries.
    ///
    /// - Returns: whether the guardian is to be told by mail.
    mutating func note(
        _ reason: SpendingRefusal,
        of amount: Money,
        at merchant: MerchantIdentifier,
        _ article: String,
        _ now: Instant
    ) -> Bool {
        forget(at: now)
        if let index = entries.firstIndex(where: { $0.isSame(merchant, amount) }) {
            var known = entries.remove(at: index)
            if known.state == .waiting {
                known.reason = reason
                known.refusedAt = now
                entries.append(known)
                return false
            }
        }
        guard lastNumber < .max else { return false }
        lastNumber += 1
        if entries.count == FundingLimits.refusedPurchasesMax { entries.removeFirst() }
        entries.append(
            RefusedPurchase(
                number: lastNumber,
                merchant: merchant,
                amount: amount,
                article: article,
                reason: reason,
                refusedAt: now,
                state: .waiting
            )
        )
        guard mailedAt.count < FundingLimits.refusalMailsMax else { return false }
        mailedAt.append(now)
        return true
    }

    /// Sets what the guardian has answered.
    mutating func set(_ state: RefusedPurchase.State, of number: UInt32) {
        guard let index = entries.firstIndex(where: { $0.number == number }) else { return }
        entries[index].state = state
    }

    /// Forgets what is too old to be of use to anybody.
    private mutating func forget(at now: Instant) {
        entries.removeAll { $0.refusedAt.adding(FundingLimits.refusedPurchaseKeepTime) <= now }
        mailedAt.removeAll { $0.adding(FundingLimits.refusalMailTime) <= now }
    }
}

// Version 1, number of the last one 4, mails 1 and the time 8 of each, purchases 1, then for each
// its number 4, merchant 15, amount 11, article (counted, UTF-8), refused at 8, allowed until 8
// (0 for waiting), reason.
extension RefusedPurchases {
    init(_ bytes: [UInt8]) throws(WireFailure) {
        var reader = ByteReader(bytes, of: "refused purchases")
        try reader.version()
        lastNumber = try reader.number("last number")
        for _ in 0..<(try reader.count("mails", max: FundingLimits.refusalMailsMax)) {
            mailedAt.append(try reader.instant("mailed at"))
        }
        for _ in 0..<(try reader.count("purchases", max: FundingLimits.refusedPurchasesMax)) {
            let number = try reader.number("number")
            let merchant = try reader.merchant()
            let amount = try reader.money()
            let article = try reader.text(
                "article",
                bytesMax: PurchaseLimits.descriptionBytesMax
            )
            let refusedAt = try reader.instant("refused at")
            let until = try reader.optionalInstant("allowed until")
            entries.append(
                RefusedPurchase(
                    number: number,
                    merchant: merchant,
                    amount: amount,
                    article: article,
                    reason: try reader.spendingRefusal(),
                    refusedAt: refusedAt,
                    state: until.map { .allowed(until: $0) } ?? .waiting
                )
            )
        }
        try reader.end()
    }

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 16 + entries.count * 128)
        writer.version()
        writer.number(lastNumber)
        writer.byte(UInt8(mailedAt.count))
        for moment in mailedAt { writer.instant(moment) }
        writer.byte(UInt8(entries.count))
        for entry in entries {
            writer.number(entry.number)
            writer.merchant(entry.merchant)
            writer.money(entry.amount)
            writer.text(entry.article)
            writer.instant(entry.refusedAt)
            if case .allowed(let until) = entry.state {
                writer.optionalInstant(until)
            } else {
                writer.optionalInstant(nil)
            }
            writer.spendingRefusal(entry.reason)
        }
        return writer.bytes
    }
}

extension ByteReader {
    fileprivate mutating func count(
        _ field: StaticString,
        max: Int
    ) throws(WireFailure) -> Int {
        try value(field, bytes: 1) { $0 <= UInt64(max) ? Int($0) : nil }
    }
}
