// SPDX-License-Identifier: Apache-2.0

/// How many payments a message has, and what they come to.
package struct TransferTotals: Hashable, Sendable {
    package let count: UInt64
    package let sum: FileAmount

    package init(count: UInt64, sum: FileAmount) {
        self.count = count
        self.sum = sum
    }
}

/// Compares what a message's head says, which is written first, with what follows it.
struct TransferTally {
    private let announced: TransferTotals
    private var count: UInt64 = 0
    private var sum: UInt64 = 0

    /// - Throws: `.nothingInside` for no payment, `.amountTooLarge` for more than a message can
    ///   count.
    init(_ announced: TransferTotals) throws(SettlementFileFailure) {
        guard announced.count > 0 else { throw .nothingInside }
        guard announced.count <= SettlementLimits.paymentsMax else { throw .amountTooLarge }
        self.announced = announced
    }

    /// - Throws: `.otherCurrency`, `.amountTooLarge`.
    mutating func add(_ amount: FileAmount) throws(SettlementFileFailure) {
        let currency = announced.sum.currency
        guard amount.currency == currency else {
            throw .otherCurrency(amount.currency.code, expected: currency.code)
        }
        // Both are at most 10^18 − 1.
        let total = try FileAmount(minorUnits: sum + amount.minorUnits, currency: currency)
        count += 1
        sum = total.minorUnits
    }

    /// - Throws: `.otherTotals`.
    func check() throws(SettlementFileFailure) {
        let written = TransferTotals(
            count: count,
            sum: try FileAmount(minorUnits: sum, currency: announced.sum.currency)
        )
        guard written == announced else {
            throw .otherTotals(announced: announced, written: written)
        }
    }
}
